/** Random programs: the interpreter and the compiler must make of them what the oracle makes of them, instruction counts included. */
import { describe, expect, test } from 'vitest';
import { createInterpreterDriver } from '../support/interpreter-driver.ts';
import { oracleDriver } from '../support/isa-driver.ts';
import { SEED } from '../support/random.ts';
import { explain } from './compare.ts';
import { randomProgram } from './random-program.ts';

const PROGRAMS = Number(process.env.FUZZ_PROGRAMS ?? 300);

console.log(`random programs: SEED=${SEED} FUZZ_PROGRAMS=${PROGRAMS}`);

describe(`random programs, SEED=${SEED}`, () => {
  test.each([
    createInterpreterDriver('interpreter', { coldness: -1 }),
    // Whatever is entered is compiled at once, or the third time.
    createInterpreterDriver('compiler', { coldness: 0 }),
    createInterpreterDriver('compiler of loops', { coldness: 1 }),
    createInterpreterDriver('compiler of loops that looks up all the time', { coldness: 1, budget: 10 }),
    // Room for little more than one block of the greatest length, and every few blocks a look at the caller.
    createInterpreterDriver('interpreter that keeps forgetting', { codeBytes: 0x1000, coldness: -1 }, 3),
    // Each access is made out of line, and a block has one at the most.
    createInterpreterDriver('compiler of loops under a debugger', { coldness: 1 }, 1000, ({ vcpu }) =>
      vcpu.debug.setPoints({ breakpoints: [], watchpoints: [{ kind: 'access', address: 0n, bytes: 2 ** 40 }] }),
    ),
  ])('$name agrees', async (driver) => {
    for (let seed = SEED; seed < SEED + PROGRAMS; seed++) {
      const report = await explain(randomProgram(seed), oracleDriver, driver);
      if (report !== undefined) expect.fail(report);
    }
  });
});
