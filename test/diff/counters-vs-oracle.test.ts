/** Random programs with plugins: they do what they do without, and icount counts what the oracle counts. */
import { describe, expect, test } from 'vitest';
import { CounterPool, PluginInstance } from '../../core/plugin/instance.ts';
import type { Plugin } from '../../core/plugin/plugin.ts';
import { RecordPool } from '../../core/plugin/recorder.ts';
import hotblocks from '../../core/plugin/stock/hotblocks.ts';
import icount from '../../core/plugin/stock/icount.ts';
import memtrace from '../../core/plugin/stock/memtrace.ts';
import {
  createInterpreterDriver,
  type InterpreterMachine,
  type InterpreterMachineOptions,
} from '../support/interpreter-driver.ts';
import { endOf, oracleFor, type Program, registersOf } from '../support/isa-driver.ts';
import { SEED } from '../support/random.ts';
import { LOOP_COLDNESS, randomLoop, randomProgram } from './random-program.ts';

const PROGRAMS = Number(process.env.FUZZ_PROGRAMS ?? 100);
/** Long ones, which the oracle takes seconds for. */
const LOOPS = 3;
const STEPS_MAX = 1_000_000;
const NAMED = ['instructions', 'loads', 'stores', 'accesses'];

console.log(`random programs with plugins: SEED=${SEED} FUZZ_PROGRAMS=${PROGRAMS}`);

/** Puts the plugins on the vCPU; returns what the named counters hold. */
function load({ vcpu, buffer, layout }: InterpreterMachine): () => Record<string, bigint> {
  const pool = new CounterPool(buffer, layout, 0);
  const records = new RecordPool(buffer, layout, 0);
  const counters = Object.fromEntries(NAMED.map((name, index) => [name, index]));
  for (const plugin of [icount, hotblocks, memtrace] as Plugin[]) {
    const binding = { id: plugin.name, number: 0, url: '', args: {}, counters };
    vcpu.addPlugin(
      new PluginInstance(plugin, binding, { index: 0, vcpus: 1, write: () => {} }, { counters: pool, records }),
    );
  }
  return () => Object.fromEntries(NAMED.map((name, index) => [name, pool.cells[index]!]));
}

/** Runs the programs with plugins, one behind the other. @returns how many regions have been made */
async function count(
  options: InterpreterMachineOptions,
  blocksAtOnce: number,
  programs: readonly Program[],
): Promise<number> {
  let counted = (): Record<string, bigint> => ({});
  let compiled = (): number => 0;
  const driver = createInterpreterDriver('with plugins', options, blocksAtOnce, (machine) => {
    counted = load(machine);
    compiled = () => machine.vcpu.view.compiled;
  });
  let before = Object.fromEntries(NAMED.map((counter) => [counter, 0n]));
  for (const program of programs) {
    const oracle = oracleFor(program);
    oracle.run(STEPS_MAX, endOf(program));
    const { registers, fcsr } = await driver.run(program);
    expect({ registers, fcsr }, `SEED=${program.seed}`).toEqual(registersOf(oracle.hart));

    const now = counted();
    const found = Object.fromEntries(NAMED.map((counter) => [counter, now[counter]! - before[counter]!]));
    before = now;
    const { instructions, loads, stores } = oracle.counts;
    // The driver ends the program by an instruction of its own.
    expect(found, `SEED=${program.seed}`).toMatchObject({
      instructions: BigInt(instructions + 1),
      loads: BigInt(loads),
      stores: BigInt(stores),
    });
  }
  return compiled();
}

describe(`random programs with plugins, SEED=${SEED}`, () => {
  const programs = (count: number): readonly Program[] =>
    Array.from({ length: count }, (_, index) => randomProgram(SEED + index));

  test.each([
    ['an interpreter', { coldness: -1 }, 1000, PROGRAMS],
    ['an interpreter that keeps forgetting', { coldness: -1, codeBytes: 0x8000 }, 3, PROGRAMS],
    // Every block for itself: slow.
    ['a compiler', { coldness: 0 }, 1000, PROGRAMS / 4],
    ['a compiler that looks up all the time', { coldness: 0, budget: 20 }, 5, PROGRAMS / 4],
  ])('%s counts exactly', async (_, options, blocksAtOnce, number) => {
    const compiled = await count(options, blocksAtOnce, programs(Math.ceil(number)));
    expect(compiled > 0).toBe(options.coldness >= 0);
  });

  test('a compiler counts exactly in long loops', async () => {
    const loops = Array.from({ length: LOOPS }, (_, index) => randomLoop(SEED + index, 2 * 4096, true));
    expect(await count({ coldness: LOOP_COLDNESS }, Number.POSITIVE_INFINITY, loops)).toBeGreaterThanOrEqual(LOOPS);
  });
});
