/** Small programs on every engine alike, for `describe.each(ENGINES)`. */
import { assemble } from '../../core/riscv/assemble.ts';
import type { Hart } from '../../core/riscv/hart.ts';
import { createInterpreterMachine } from './interpreter-driver.ts';
import { createOracle, type TakenTrap } from './oracle.ts';

const RAM_BYTES = 0x1_0000;

export interface Outcome {
  readonly hart: Hart;
  /** From RAM_START on. */
  readonly ram: Uint8Array;
  /** The first one alone: it ended the run. */
  readonly traps: readonly TakenTrap[];
}

/**
 * Runs `source`, to which an `ebreak` is appended, from RAM_START until it traps.
 * @param prepare what to do before the first instruction
 */
type Run = (source: string, prepare?: (hart: Hart, ram: Uint8Array) => void) => Outcome;

export const ENGINES: readonly (readonly [name: string, run: Run])[] = [
  [
    'oracle',
    (source, prepare) => {
      const oracle = createOracle({ ramBytes: RAM_BYTES, code: assemble(`${source}\nebreak`) });
      prepare?.(oracle.hart, oracle.ram);
      while (oracle.traps.length === 0) oracle.step();
      return oracle;
    },
  ],
  ['interpreter', onVcpu(-1)],
  ['compiler', onVcpu(0)],
];

/** @param coldness times that a block is interpreted before it is compiled; -1: it never is */
function onVcpu(coldness: number): Run {
  return (source, prepare) => {
    const { vcpu, ram, traps } = createInterpreterMachine({ ramBytes: RAM_BYTES, coldness });
    ram.set(assemble(`${source}\nebreak`));
    prepare?.(vcpu.hart, ram);
    while (traps.length === 0) vcpu.run(100);
    return { hart: vcpu.hart, ram, traps };
  };
}
