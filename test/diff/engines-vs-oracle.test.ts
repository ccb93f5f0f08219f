/** Random programs: the interpreter and the compiler must make of them what the oracle makes of them, instruction counts included. */
import { beforeAll, describe, expect, test } from 'vitest';
import {
  createInterpreterDriver,
  type InterpreterMachine,
  type InterpreterMachineOptions,
} from '../support/interpreter-driver.ts';
import { type IsaResult, oracleDriver } from '../support/isa-driver.ts';
import { SEED } from '../support/random.ts';
import { differences, explain } from './compare.ts';
import { LOOP_COLDNESS, randomLoop, randomProgram } from './random-program.ts';

const PROGRAMS = Number(process.env.FUZZ_PROGRAMS ?? 300);

console.log(`random programs: SEED=${SEED} FUZZ_PROGRAMS=${PROGRAMS}`);

const watchAll = ({ vcpu }: InterpreterMachine): void =>
  vcpu.debug.setPoints({ breakpoints: [], watchpoints: [{ kind: 'access', address: 0n, bytes: 2 ** 40 }] });

describe(`random programs, SEED=${SEED}`, () => {
  const programs = Array.from({ length: PROGRAMS }, (_, index) => randomProgram(SEED + index));
  const expected: IsaResult[] = [];
  beforeAll(async () => {
    for (const program of programs) expected.push(await oracleDriver.run(program));
  });

  test.each<[string, InterpreterMachineOptions, number, number, ((machine: InterpreterMachine) => void)?]>([
    ['an interpreter', { coldness: -1 }, 1000, PROGRAMS],
    // Whatever is entered is compiled at once, every block for itself: slow.
    ['a compiler', { coldness: 0 }, 1000, PROGRAMS / 4],
    // Or the second time.
    ['a compiler of loops', { coldness: 1 }, 1000, PROGRAMS],
    ['a compiler of loops that looks up all the time', { coldness: 1, budget: 10 }, 1000, PROGRAMS],
    ['a compiler of loops that keeps forgetting', { coldness: 1, codeBytes: 0x2000 }, 1000, PROGRAMS],
    // Room for little more than one block of the greatest length, and every few blocks a look at the caller.
    ['an interpreter that keeps forgetting', { coldness: -1, codeBytes: 0x1000 }, 3, PROGRAMS],
    // Each access is made out of line, and a block has one at the most.
    ['a compiler of loops under a debugger', { coldness: 1 }, 1000, PROGRAMS, watchAll],
  ])('%s agrees', async (name, options, blocksAtOnce, count, prepare = undefined) => {
    const driver = createInterpreterDriver(name, options, blocksAtOnce, prepare);
    for (const [index, program] of programs.slice(0, Math.ceil(count)).entries()) {
      const found = await driver.run(program);
      if (differences(program, expected[index]!, found).length > 0)
        expect.fail(await explain(program, oracleDriver, driver));
    }
  });
});

describe(`long loops, SEED=${SEED}`, () => {
  // The oracle would take long; what the interpreter does has been compared with it above.
  const reference = createInterpreterDriver('interpreter', { coldness: -1 }, Number.POSITIVE_INFINITY);

  test.each([
    ['compiler', { coldness: LOOP_COLDNESS }],
    ['compiler that looks up now and then', { coldness: LOOP_COLDNESS, budget: 5000 }],
  ])('%s agrees', async (name, options) => {
    let compiled = (): number => 0;
    const driver = createInterpreterDriver(name, options, Number.POSITIVE_INFINITY, ({ vcpu }) => {
      compiled = () => vcpu.view.compiled;
    });
    const programs = Math.ceil(PROGRAMS / 10);
    for (let seed = SEED; seed < SEED + programs; seed++) {
      const program = randomLoop(seed, 3 * 4096);
      const [expected, found] = [await reference.run(program), await driver.run(program)];
      expect(differences(program, expected, found), `SEED=${seed}`).toEqual([]);
    }
    expect(compiled()).toBeGreaterThanOrEqual(programs);
  });
});
