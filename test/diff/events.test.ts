/**
 * Plugins that come and go while a program is run again and again: whatever runs it, they are given the same events, in
 * the same order, with the same counts.
 */
import { describe, expect, test } from 'vitest';
import { CounterPool, PluginInstance } from '../../core/plugin/instance.ts';
import { type AccessEvent, type Plugin, plugin, type Recorder } from '../../core/plugin/plugin.ts';
import { RecordPool } from '../../core/plugin/recorder.ts';
import hotblocks from '../../core/plugin/stock/hotblocks.ts';
import icount from '../../core/plugin/stock/icount.ts';
import memtrace from '../../core/plugin/stock/memtrace.ts';
import { assemble } from '../../core/riscv/assemble.ts';
import { NO_RESERVATION } from '../../core/riscv/state.ts';
import { struct } from '../../schema/build.ts';
import {
  createInterpreterMachine,
  type InterpreterMachine,
  type InterpreterMachineOptions,
} from '../support/interpreter-driver.ts';
import { endOf, enterProgram, type Program, registersOf, scratchOf, startOf } from '../support/isa-driver.ts';
import { RAM_START } from '../support/oracle.ts';
import { Random, SEED } from '../support/random.ts';
import { randomProgram } from './random-program.ts';

const PROGRAMS = Number(process.env.FUZZ_PROGRAMS ?? 12);
const ROUNDS = 10;
const NAMED = ['instructions', 'loads', 'stores', 'accesses', 'sampled'];

console.log(`random programs with plugins that come and go: SEED=${SEED} FUZZ_PROGRAMS=${PROGRAMS}`);

interface Traced {
  readonly note: (...words: readonly unknown[]) => void;
  /** Accesses, as a call told them, and as they were recorded. */
  readonly called: string[];
  readonly recorded: string[];
  /** Addresses of the instructions whose accesses are recorded, by tag. */
  readonly instructions: bigint[];
  recorder?: Recorder;
}

/** Writes down each instruction of some classes, each access, and each 7th instruction of all. */
const trace = plugin('trace', {
  doc: 'Writes down what happens.',
  options: struct('TraceOptions', {}),
  counters: { sampled: 'Instructions since the last one that was written down as the 7th.' },
  state: (_, { write }): Traced => ({
    note: (...words) => write('trace', words.join(' ')),
    ...{ called: [], recorded: [], instructions: [] },
  }),
  translate(block, probe, state) {
    const { note, called, recorded, instructions } = state;
    state.recorder ??= probe.accessRecorder((accesses) => {
      for (let index = 0; index < accesses.length; index++)
        recorded.push(
          [
            ...[instructions[accesses.tag(index)]!, accesses.address(index)],
            ...[accesses.isLoad(index), accesses.isStore(index), accesses.value(index)],
          ].join(' '),
        );
    });
    const sampled = probe.named('sampled');
    for (const instruction of block.instructions) {
      const { pc } = instruction;
      if (['branch', 'jump', 'float'].includes(instruction.class))
        probe.call(instruction, ({ register }) => note('at', pc, register(10), register(40)));
      probe.count(instruction, sampled);
      probe.when(instruction, { counter: sampled, compare: 'ge', value: 7n }, () => {
        sampled.value = 0n;
        note('7th', pc);
      });
      probe.recordAccess(instruction, 'any', state.recorder, instructions.push(pc) - 1);
      probe.callAccess(instruction, 'any', ({ address, size, isLoad, isStore, value }: AccessEvent) => {
        called.push([pc, address, isLoad, isStore, value].join(' '));
        note('access', pc, address, size, isLoad, isStore, value);
      });
    }
  },
  collect({ called, recorded }) {
    expect(recorded.splice(0)).toEqual(called.splice(0));
  },
});

const PLUGINS = [icount, hotblocks, memtrace, trace] as unknown as readonly Plugin[];

/** A vCPU with plugins, whose code stays as long as it can. */
class Bench {
  readonly machine: InterpreterMachine;
  readonly #pool: CounterPool;
  readonly #records: RecordPool;
  readonly #loaded = new Map<Plugin, PluginInstance>();
  readonly #blocksAtOnce: number;
  #log: string[] = [];

  constructor(options: InterpreterMachineOptions, blocksAtOnce: number) {
    this.machine = createInterpreterMachine(options);
    this.#blocksAtOnce = blocksAtOnce;
    this.#pool = new CounterPool(this.machine.buffer, this.machine.layout, 0);
    this.#records = new RecordPool(this.machine.buffer, this.machine.layout, 0);
  }

  counter(name: string): bigint {
    return this.#pool.cells[NAMED.indexOf(name)]!;
  }

  /** Loads the plugin, or takes it off. */
  toggle(toggled: Plugin): void {
    const { vcpu } = this.machine;
    const loaded = this.#loaded.get(toggled);
    if (loaded) {
      vcpu.removePlugin(loaded);
      loaded.dispose();
      this.#loaded.delete(toggled);
      return;
    }
    const counters = Object.fromEntries(NAMED.map((name, index) => [name, index]));
    const binding = { id: toggled.name, number: 0, url: '', args: {}, counters };
    const vcpuInfo = { index: 0, vcpus: 1, write: (_: string, text: string) => void this.#log.push(text) };
    const instance = new PluginInstance(toggled, binding, vcpuInfo, { counters: this.#pool, records: this.#records });
    this.#loaded.set(toggled, instance);
    vcpu.addPlugin(instance);
  }

  /** Stands at the program's start; its code is written when there is none of it. */
  enter(program: Program, isNew: boolean): void {
    const { vcpu, ram, traps } = this.machine;
    const at = (address: bigint): number => Number(address - RAM_START);
    if (isNew) {
      ram.set(program.code, at(startOf(program)));
      ram.set(assemble('ecall'), at(endOf(program)));
      vcpu.blocks.flush();
    }
    ram.set(program.scratch, at(scratchOf(program)));
    enterProgram(vcpu.hart, program);
    vcpu.hart.state.reservedAddress = NO_RESERVATION;
    vcpu.hart.state.pc = startOf(program);
    traps.length = 0;
  }

  /** Runs some blocks. @returns whether the program has come to its end */
  step(blocks = this.#blocksAtOnce): boolean {
    this.machine.vcpu.run(blocks);
    return this.machine.traps.length > 0;
  }

  /** What there is to compare. */
  outcome(): unknown {
    const { vcpu, traps } = this.machine;
    const log = this.#log;
    this.#log = [];
    // Blocks that have been shown before they are entered depend on who runs them.
    const collected = [...this.#loaded].map(([{ name }, instance]) => [name, instance.collect()]);
    const blocks = (Object.fromEntries(collected).hotblocks ?? []) as readonly (readonly [bigint, number, bigint])[];
    return {
      ...registersOf(vcpu.hart),
      instret: vcpu.hart.state.minstret,
      traps: [...traps],
      counters: NAMED.map((name) => this.counter(name)),
      blocks: blocks.filter(([, , count]) => count > 0n).sort(([x], [y]) => Number(x - y)),
      accesses: Object.fromEntries(collected).memtrace,
      log,
    };
  }
}

const VARIANTS: readonly (readonly [string, InterpreterMachineOptions, number])[] = [
  ['a compiler', { coldness: 0 }, 1000],
  ['a compiler of loops', { coldness: 2 }, 1000],
  ['a compiler that looks up all the time', { coldness: 2, budget: 20 }, 5],
  ['a compiler that keeps forgetting', { coldness: 2, codeBytes: 0x4000 }, 50],
];

describe(`random programs, SEED=${SEED}`, () => {
  test.each(VARIANTS)('%s gives the events that the interpreter gives', (_, options, blocksAtOnce) => {
    const interpreter = new Bench({ coldness: -1 }, 1000);
    const compiler = new Bench(options, blocksAtOnce);
    for (let seed = SEED; seed < SEED + PROGRAMS; seed++) {
      const random = new Random(seed);
      const program = randomProgram(seed);
      for (let round = 0; round < ROUNDS; round++) {
        const toggled = PLUGINS.filter(() => random.chance(30));
        const [expected, found] = [interpreter, compiler].map((bench) => {
          for (const one of toggled) bench.toggle(one);
          bench.enter(program, round === 0);
          while (!bench.step());
          return bench.outcome();
        });
        expect(found, `SEED=${seed}, round ${round}`).toEqual(expected);
      }
    }
    const { compiled, flushes } = compiler.machine.vcpu.view;
    expect(compiled).toBeGreaterThan(PROGRAMS);
    expect(flushes > PROGRAMS + 1).toBe(options.codeBytes !== undefined);
  });

  test('icount may come and go at any moment, and counts what retires between', () => {
    const bench = new Bench({ coldness: 2, budget: 20 }, 0);
    const { hart } = bench.machine.vcpu;
    for (let seed = SEED; seed < SEED + PROGRAMS; seed++) {
      const random = new Random(seed);
      const program = randomProgram(seed);
      let isLoaded = false;
      const toggle = (): void => {
        bench.toggle(icount as unknown as Plugin);
        isLoaded = !isLoaded;
      };
      for (let round = 0; round < ROUNDS; round++) {
        bench.enter(program, round === 0);
        for (let ended = false; !ended; ) {
          if (random.chance(25)) toggle();
          const counted = bench.counter('instructions');
          const retired = hart.state.minstret;
          ended = bench.step(random.between(1, 6));
          // At its end the program begins an instruction that does not retire.
          const expected = isLoaded ? hart.state.minstret - retired + (ended ? 1n : 0n) : 0n;
          expect(bench.counter('instructions') - counted, `SEED=${seed}, round ${round}`).toBe(expected);
        }
      }
      if (isLoaded) toggle();
    }
  });
});
