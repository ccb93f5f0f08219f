/**
 * Interrupts at any moment: a handler that counts them and returns must not be noticed by the program, whatever runs it,
 * and none may be lost.
 */
import { describe, expect, test } from 'vitest';
import { setInterruptLine } from '../../core/hart/lines.ts';
import { assemble } from '../../core/riscv/assemble.ts';
import { CAUSE, MSTATUS } from '../../core/riscv/hart.ts';
import {
  createInterpreterDriver,
  createInterpreterMachine,
  type InterpreterMachineOptions,
} from '../support/interpreter-driver.ts';
import {
  endOf,
  enterProgram,
  type IsaResult,
  oracleDriver,
  type Program,
  registersOf,
  SCRATCH_BYTES,
  scratchOf,
  startOf,
} from '../support/isa-driver.ts';
import { RAM_START } from '../support/oracle.ts';
import { Random, SEED } from '../support/random.ts';
import { differences } from './compare.ts';
import { LOOP_COLDNESS, randomLoop, randomProgram } from './random-program.ts';

const PROGRAMS = Number(process.env.FUZZ_PROGRAMS ?? 40);

console.log(`random programs with interrupts: SEED=${SEED} FUZZ_PROGRAMS=${PROGRAMS}`);

/** Bits of `mip`, and causes: software, timer, external. */
const LINES = [3, 7, 11];

/** In the window that programs do not use: the handler, and what it counts in. */
const HANDLER = RAM_START + 0x100n;
const COUNTS = RAM_START + 0x1000n;
/** Adds 1 to the count of the interrupt's cause; all registers are as they were. */
const HANDLER_CODE = assemble(
  [
    ...['csrrw t0, mscratch, t0', 'sd t1, 128(t0)', 'sd t2, 136(t0)'],
    ...['csrrs t1, mcause, zero', 'slli t1, t1, 3', 'andi t1, t1, 127', 'add t1, t0, t1'],
    ...['ld t2, 0(t1)', 'addi t2, t2, 1', 'sd t2, 0(t1)'],
    ...['ld t2, 136(t0)', 'ld t1, 128(t0)', 'csrrw t0, mscratch, t0', 'mret'],
  ].join('\n'),
  HANDLER,
);

interface Interrupted extends IsaResult {
  readonly instret: number;
  /** Taken, as the machine reports them and as the handler has counted them. */
  readonly taken: number;
  readonly counted: number;
}

/** Runs programs, one behind the other, and raises lines as it likes; each is lowered when its interrupt is taken. */
function interruptedDriver(options: InterpreterMachineOptions, blocksMax: number) {
  const machine = createInterpreterMachine(options);
  const { vcpu, ram, traps, buffer, layout } = machine;
  const at = (address: bigint): number => Number(address - RAM_START);
  return {
    vcpu,
    run(program: Program): Interrupted {
      const random = new Random(program.seed);
      traps.length = 0;
      ram.fill(0);
      ram.set(HANDLER_CODE, at(HANDLER));
      ram.set(program.code, at(startOf(program)));
      ram.set(assemble('ecall'), at(endOf(program)));
      ram.set(program.scratch, at(scratchOf(program)));
      vcpu.reset(startOf(program));
      const { state } = vcpu.hart;
      enterProgram(vcpu.hart, program);
      state.mtvec = HANDLER;
      state.mscratch = COUNTS;
      state.mie = LINES.reduce((mask, line) => mask | (1n << BigInt(line)), 0n);
      state.mstatus |= MSTATUS.MIE;
      let taken = 0;
      for (let seen = 0; ; ) {
        for (const line of LINES) if (random.chance(10)) setInterruptLine(buffer, layout, 0, line, true);
        vcpu.run(random.between(1, blocksMax));
        for (; seen < traps.length; seen++) {
          const { interrupt, cause, epc, tval } = traps[seen]!;
          if (interrupt) {
            taken++;
            setInterruptLine(buffer, layout, 0, cause, false);
            continue;
          }
          if (cause !== CAUSE.environmentCallFromMachine || epc !== endOf(program))
            throw new Error(`trap ${cause} at 0x${epc.toString(16)}, tval 0x${tval.toString(16)}`);
          for (const line of LINES) setInterruptLine(buffer, layout, 0, line, false);
          const counts = new BigUint64Array(buffer, layout.ram + at(COUNTS), 16);
          const scratch = at(scratchOf(program));
          return {
            ...registersOf(vcpu.hart),
            memory: ram.slice(scratch, scratch + SCRATCH_BYTES),
            instret: Number(state.minstret) - (taken * HANDLER_CODE.length) / 4,
            taken,
            counted: counts.reduce((sum, count) => sum + Number(count), 0),
          };
        }
      }
    },
  };
}

describe(`programs that are interrupted, SEED=${SEED}`, () => {
  test.each<[string, InterpreterMachineOptions, number]>([
    ['an interpreter', { coldness: -1 }, 4],
    ['a compiler', { coldness: 0, budget: 20 }, 4],
    ['a compiler of loops', { coldness: 1, budget: 10 }, 4],
    ['a compiler that keeps forgetting', { coldness: 1, budget: 10, codeBytes: 0x2000 }, 10],
  ])('%s comes to the same end', async (_, options, blocksMax) => {
    const driver = interruptedDriver(options, blocksMax);
    let interrupts = 0;
    for (let seed = SEED; seed < SEED + PROGRAMS; seed++) {
      const program = randomProgram(seed);
      const found = driver.run(program);
      expect(differences(program, await oracleDriver.run(program), found), `SEED=${seed}`).toEqual([]);
      expect(found.counted, `SEED=${seed}`).toBe(found.taken);
      interrupts += found.taken;
    }
    expect(interrupts).toBeGreaterThan(5 * PROGRAMS);
  });

  test('so does a compiler in long loops', async () => {
    const programs = Math.ceil(PROGRAMS / 10);
    const quiet = createInterpreterDriver('interpreter', { coldness: -1 }, Number.POSITIVE_INFINITY);
    const driver = interruptedDriver({ coldness: LOOP_COLDNESS, budget: 1000 }, 300);
    let interrupts = 0;
    for (let seed = SEED; seed < SEED + programs; seed++) {
      const program = randomLoop(seed, 2 * 4096);
      const found = driver.run(program);
      expect(differences(program, await quiet.run(program), found), `SEED=${seed}`).toEqual([]);
      expect(found.counted, `SEED=${seed}`).toBe(found.taken);
      interrupts += found.taken;
    }
    expect(interrupts).toBeGreaterThan(10 * programs);
    expect(driver.vcpu.view.compiled).toBeGreaterThanOrEqual(programs);
  });
});
