/**
 * One way of running guest programs, so that one suite serves every engine: the oracle, the interpreter, other people's
 * emulators. Programs use no traps and of CSRs only `fcsr`, and run from their first instruction to `endOf`.
 */
import { csrNumber } from '../../core/riscv/csr/numbers.ts';
import { CSRS } from '../../core/riscv/csr/table.ts';
import type { Hart } from '../../core/riscv/hart.ts';
import { createOracle, type Oracle, RAM_START } from './oracle.ts';

/** RAM that holds every program's window; the first window is for code of the driver's own. */
export const RAM_BYTES = 0x10_0000;
/** Programs lie in windows, so that a driver can run WINDOWS of them at once. */
export const WINDOW_BYTES = 0x8000;
export const WINDOWS = 24;
/** Within a window: where the program starts, with room for a prologue before it; and how long it may be. */
export const CODE_OFFSET = 0x180;
export const CODE_BYTES_MAX = 0x4c00;
/** Where its base register points: to a page boundary in the midst of its memory. */
export const BASE_OFFSET = 0x6000;
/** The program's memory is SCRATCH_REACH bytes on either side of that. */
export const SCRATCH_REACH = 1536;
export const SCRATCH_BYTES = 2 * SCRATCH_REACH;
/** From the base register: 512 bytes behind the memory, in reach for a driver that loads and saves registers there. */
export const SAVE_OFFSET = SCRATCH_REACH;

export interface Program {
  /** What it was made from. Two programs with seeds that differ by less than WINDOWS lie in different windows. */
  readonly seed: number;
  readonly code: Uint8Array;
  /** The register that points to the program's memory all the time: 1 to 31. */
  readonly base: number;
  /** What x0 to x31 and then f0 to f31 hold at the start; x0 is 0. */
  readonly registers: readonly bigint[];
  /** What `fcsr` holds at the start. */
  readonly fcsr: bigint;
  /** What the SCRATCH_BYTES bytes of its memory hold at the start. */
  readonly scratch: Uint8Array;
}

export interface IsaResult {
  /** x0 to x31, then f0 to f31 at the end. */
  readonly registers: readonly bigint[];
  /** At the end. */
  readonly fcsr: bigint;
  /** The program's memory at the end. */
  readonly memory: Uint8Array;
  /** Instructions retired by the program itself; undefined where the engine does not tell. */
  readonly instret: number | undefined;
}

export interface IsaDriver {
  /** How failures name it. */
  readonly name: string;
  /**
   * Runs the program from `startOf` to `endOf`. At the end begin, up to the limit of CODE_BYTES_MAX and 0x200 bytes
   * beyond it, bytes that the driver may fill with code that stops the run.
   * @throws Error where the program traps or does not come to its end
   */
  run(program: Program): IsaResult | Promise<IsaResult>;
}

/** Address of the program's window. */
export const windowOf = ({ seed }: Pick<Program, 'seed'>): bigint =>
  RAM_START + BigInt(WINDOW_BYTES * (1 + (seed % WINDOWS)));
/** Address of its first instruction. */
export const startOf = (program: Program): bigint => windowOf(program) + BigInt(CODE_OFFSET);
/** Address behind its last instruction, where it always ends. */
export const endOf = (program: Program): bigint => startOf(program) + BigInt(program.code.length);
/** What its base register holds. */
export const baseAddressOf = (program: Pick<Program, 'seed'>): bigint => windowOf(program) + BigInt(BASE_OFFSET);
/** Address of its memory. */
export const scratchOf = (program: Program): bigint => baseAddressOf(program) - BigInt(SCRATCH_REACH);

/** No program that is meant to end takes as many steps. */
const STEPS_MAX = 50_000;

/** Gives the hart the registers that the program starts with, and turns its floating-point unit on. */
export function enterProgram(hart: Hart, { registers, fcsr }: Program): void {
  hart.state.x.set(registers.slice(0, 32));
  hart.state.f.set(registers.slice(32));
  CSRS.get(csrNumber('fcsr')!)!.write!(hart, fcsr);
}

export const registersOf = (hart: Hart): Pick<IsaResult, 'registers' | 'fcsr'> => ({
  registers: [...hart.state.x, ...hart.state.f],
  fcsr: CSRS.get(csrNumber('fcsr')!)!.read(hart),
});

/** The oracle, standing before the program's first instruction. */
export function oracleFor(program: Program): Oracle {
  const oracle = createOracle({ ramBytes: RAM_BYTES, code: program.code, pc: startOf(program) });
  oracle.ram.set(program.scratch, Number(scratchOf(program) - RAM_START));
  enterProgram(oracle.hart, program);
  return oracle;
}

export const oracleDriver: IsaDriver = {
  name: 'oracle',
  run(program) {
    const oracle = oracleFor(program);
    const ended = oracle.run(STEPS_MAX, endOf(program));
    const { state } = oracle.hart;
    const [trap] = oracle.traps;
    if (trap) throw new Error(`trap ${trap.cause} at 0x${trap.epc.toString(16)}, tval 0x${trap.tval.toString(16)}`);
    if (!ended) throw new Error(`still at 0x${state.pc.toString(16)} after ${STEPS_MAX} steps`);
    const scratch = Number(scratchOf(program) - RAM_START);
    return {
      ...registersOf(oracle.hart),
      memory: oracle.ram.slice(scratch, scratch + SCRATCH_BYTES),
      instret: Number(state.minstret),
    };
  },
};
