/** Random programs with plugins: they do what they do without, and icount counts what the oracle counts. */
import { describe, expect, test } from 'vitest';
import { CounterPool, PluginInstance } from '../../core/plugin/instance.ts';
import type { Plugin } from '../../core/plugin/plugin.ts';
import hotblocks from '../../core/plugin/stock/hotblocks.ts';
import icount from '../../core/plugin/stock/icount.ts';
import memtrace from '../../core/plugin/stock/memtrace.ts';
import { createInterpreterDriver, type InterpreterMachine } from '../support/interpreter-driver.ts';
import { endOf, oracleFor, registersOf } from '../support/isa-driver.ts';
import { SEED } from '../support/random.ts';
import { randomProgram } from './random-program.ts';

const PROGRAMS = Number(process.env.FUZZ_PROGRAMS ?? 100);
const NAMED = ['instructions', 'loads', 'stores', 'accesses'];

console.log(`random programs with plugins: SEED=${SEED} FUZZ_PROGRAMS=${PROGRAMS}`);

/** Puts the plugins on the vCPU; returns what the named counters hold. */
function load({ vcpu, buffer, layout }: InterpreterMachine): () => Record<string, bigint> {
  const pool = new CounterPool(buffer, layout, 0);
  const counters = Object.fromEntries(NAMED.map((name, index) => [name, index]));
  for (const plugin of [icount, hotblocks, memtrace] as Plugin[]) {
    const binding = { id: plugin.name, number: 0, url: '', args: {}, counters };
    vcpu.addPlugin(new PluginInstance(plugin, binding, { index: 0, vcpus: 1, write: () => {} }, pool));
  }
  return () => Object.fromEntries(NAMED.map((name, index) => [name, pool.cells[index]!]));
}

describe(`random programs with plugins, SEED=${SEED}`, () => {
  test.each([
    ['an interpreter', { coldness: -1 }, 1000, PROGRAMS],
    ['an interpreter that keeps forgetting', { coldness: -1, codeBytes: 0x8000 }, 3, PROGRAMS],
    // Every block for itself: slow.
    ['a compiler', { coldness: 0 }, 1000, PROGRAMS / 4],
    ['a compiler that looks up all the time', { coldness: 0, budget: 20 }, 5, PROGRAMS / 4],
  ])('%s counts exactly', async (name, options, blocksAtOnce, programs) => {
    let counted = (): Record<string, bigint> => ({});
    let compiled = (): number => 0;
    const driver = createInterpreterDriver(name, options, blocksAtOnce, (machine) => {
      counted = load(machine);
      compiled = () => machine.vcpu.view.compiled;
    });
    let before = Object.fromEntries(NAMED.map((counter) => [counter, 0n]));
    for (let seed = SEED; seed < SEED + programs; seed++) {
      const program = randomProgram(seed);
      const oracle = oracleFor(program);
      oracle.run(50_000, endOf(program));
      const { registers, fcsr } = await driver.run(program);
      expect({ registers, fcsr }, `SEED=${seed}`).toEqual(registersOf(oracle.hart));

      const now = counted();
      const found = Object.fromEntries(NAMED.map((counter) => [counter, now[counter]! - before[counter]!]));
      before = now;
      const { instructions, loads, stores } = oracle.counts;
      // The driver ends the program by an instruction of its own.
      expect(found, `SEED=${seed}`).toMatchObject({
        instructions: BigInt(instructions + 1),
        loads: BigInt(loads),
        stores: BigInt(stores),
      });
    }
    expect(compiled() > 0).toBe(options.coldness >= 0);
  });
});
