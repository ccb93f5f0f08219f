/**
 * A loaded plugin on one vCPU: its state, its share of the counters, and what it asks for when it is shown a block. All
 * calls into the plugin's own code go through here, so that whatever it throws ends up in `failure` and nowhere else.
 */
import { COUNTERS_PER_VCPU, type Layout } from '../memory/layout.ts';
import type {
  AccessEvent,
  AccessKind,
  AccessTest,
  BlockInfo,
  Counter,
  CounterTest,
  ExecutionEvent,
  InstructionInfo,
  Plugin,
  Probe,
  VcpuInfo,
} from './plugin.ts';

/** One probe, as the translator weaves it in. */
export interface ProbeRequest {
  /** Index of the instruction in the block; 0 for the block itself. */
  readonly index: number;
  readonly after: boolean;
  /** Name in `jit/probes`. */
  readonly name: string;
  /** Memory address. */
  readonly counter?: number;
  readonly callback?: (event: AccessEvent) => void;
  /** What the record's `amount` or `from` holds, and its `length`. */
  readonly operand?: bigint;
  readonly length?: bigint;
}

const CHUNK = 256;

/**
 * Counters of one vCPU. The first half is for named counters, which main hands out alike for every vCPU; the second
 * half is handed out here, by chunks, so that a plugin's counters go in one sweep.
 */
export class CounterPool {
  readonly base: number;
  readonly cells: BigUint64Array;
  #next = COUNTERS_PER_VCPU / 2;
  readonly #free: number[] = [];

  constructor(buffer: SharedArrayBuffer, layout: Layout, vcpu: number) {
    this.base = layout.vcpus[vcpu]!.counters;
    this.cells = new BigUint64Array(buffer, this.base, COUNTERS_PER_VCPU);
  }

  /** Index of the first of CHUNK counters, all zero. @throws Error when there are no more */
  takeChunk(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#next + CHUNK > COUNTERS_PER_VCPU) throw new Error(`out of counters: ${COUNTERS_PER_VCPU / 2} are in use`);
    this.#next += CHUNK;
    return this.#next - CHUNK;
  }

  giveChunk(chunk: number): void {
    this.cells.fill(0n, chunk, chunk + CHUNK);
    this.#free.push(chunk);
  }
}

class PoolCounter implements Counter {
  readonly #pool: CounterPool;
  readonly index: number;
  constructor(pool: CounterPool, index: number) {
    this.#pool = pool;
    this.index = index;
  }
  get value(): bigint {
    return this.#pool.cells[this.index]!;
  }
  set value(value: bigint) {
    this.#pool.cells[this.index] = value;
  }
  get address(): number {
    return this.#pool.base + this.index * 8;
  }
}

/** What a vCPU needs in order to have a plugin; travels from main to the workers. */
export interface PluginBinding {
  readonly id: string;
  readonly url: string;
  readonly args: unknown;
  /** Index of each named counter, the same on every vCPU. */
  readonly counters: Readonly<Record<string, number>>;
}

export class PluginInstance {
  readonly id: string;
  readonly #plugin: Plugin;
  readonly #vcpu: VcpuInfo;
  readonly #pool: CounterPool;
  readonly #named: ReadonlyMap<string, Counter>;
  readonly #filter: ReturnType<Plugin['filter']>;
  readonly #state: unknown;
  readonly #chunks: number[] = [];
  #used = CHUNK;
  /** Set once the plugin has thrown; it is then shown nothing more. */
  failure: Error | undefined;

  /** @throws what the plugin's `filter`, `state` or `vcpuEnter` throw: the load is refused. */
  constructor(plugin: Plugin, binding: PluginBinding, vcpu: VcpuInfo, pool: CounterPool) {
    this.id = binding.id;
    this.#plugin = plugin;
    this.#vcpu = vcpu;
    this.#pool = pool;
    this.#named = new Map(
      Object.entries(binding.counters).map(([name, index]) => [name, new PoolCounter(pool, index)]),
    );
    this.#filter = plugin.filter(binding.args);
    this.#state = plugin.state(binding.args, vcpu);
    plugin.vcpuEnter?.(vcpu, this.#state);
  }

  /** Runs something of the plugin's. A throw is noted in `failure`. */
  guard<T>(run: () => T): T | undefined {
    if (this.failure) return undefined;
    try {
      return run();
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
      return undefined;
    }
  }

  #visible(block: BlockInfo): BlockInfo | undefined {
    const { vcpus, range, classes } = this.#filter;
    if (vcpus && !vcpus.includes(this.#vcpu.index)) return undefined;
    if (!range && !classes) return block;
    const instructions = block.instructions.filter(
      (instruction) =>
        (!range || (instruction.pc >= range.from && instruction.pc < range.to)) &&
        (!classes || classes.includes(instruction.class)),
    );
    return instructions.length > 0 ? { ...block, instructions } : undefined;
  }

  /** What the plugin wants of `block`: empty where it wants nothing, or has failed. */
  translate(block: BlockInfo): readonly ProbeRequest[] {
    const visible = this.#visible(block);
    if (!visible) return [];
    const requests: ProbeRequest[] = [];
    this.guard(() => this.#plugin.translate(visible, this.#probe(block, visible, requests), this.#state));
    return this.failure ? [] : requests;
  }

  #counter(): Counter {
    if (this.#used === CHUNK) {
      this.#chunks.push(this.#pool.takeChunk());
      this.#used = 0;
    }
    return new PoolCounter(this.#pool, this.#chunks.at(-1)! + this.#used++);
  }

  #probe(block: BlockInfo, visible: BlockInfo, requests: ProbeRequest[]): Probe {
    const indexOf = (at: BlockInfo | InstructionInfo): number => {
      if (at === visible) return 0;
      const index = block.instructions.indexOf(at as InstructionInfo);
      if (index < 0) throw new Error('a probe must be set on the block that is being translated');
      return index;
    };
    const address = (counter: Counter): number => (counter as PoolCounter).address;
    const before = (at: BlockInfo | InstructionInfo, request: Omit<ProbeRequest, 'index' | 'after'>): void =>
      void requests.push({ index: indexOf(at), after: false, ...request });
    const after = (at: InstructionInfo, kind: AccessKind, request: Omit<ProbeRequest, 'index' | 'after'>): void => {
      const index = indexOf(at);
      const possible = kind === 'any' ? at.loads || at.stores : kind === 'load' ? at.loads : at.stores;
      if (possible) requests.push({ index, after: true, ...request });
    };
    const counterTest = ({ counter, compare, value }: CounterTest) => ({
      suffix: `counter-${compare}`,
      counter: address(counter),
      operand: value,
    });
    const accessTest = (test: AccessTest) => {
      if ('from' in test) return { suffix: 'address', operand: test.from, length: test.to - test.from };
      if ('counter' in test) return counterTest(test);
      return { suffix: `value-${test.compare}`, operand: test.value };
    };

    return {
      counter: () => this.#counter(),
      named: (name) => {
        const counter = this.#named.get(name);
        if (!counter) throw new Error(`no counter is declared as "${name}"`);
        return counter;
      },
      count: (at, counter, amount = 1n) => before(at, { name: 'count', counter: address(counter), operand: amount }),
      call: (at, callback: (event: ExecutionEvent) => void) => before(at, { name: 'call', callback }),
      when: (at, test, callback: (event: ExecutionEvent) => void) => {
        const { suffix, ...operands } = counterTest(test);
        before(at, { name: `when-${suffix}`, callback, ...operands });
      },
      countAccess: (at, kind, counter, amount = 1n) =>
        after(at, kind, { name: `count-${kind}`, counter: address(counter), operand: amount }),
      callAccess: (at, kind, callback) => after(at, kind, { name: `call-${kind}`, callback }),
      whenAccess: (at, kind, test, callback) => {
        const { suffix, ...operands } = accessTest(test);
        after(at, kind, { name: `when-${kind}-${suffix}`, callback, ...operands });
      },
    };
  }

  reset(): void {
    this.guard(() => this.#plugin.vcpuReset?.(this.#vcpu, this.#state));
  }

  collect(): unknown {
    return this.guard(() => this.#plugin.collect(this.#state));
  }

  /** The plugin is gone: its last event, and its counters given back. */
  dispose(): void {
    this.guard(() => this.#plugin.vcpuExit?.(this.#vcpu, this.#state));
    for (const chunk of this.#chunks) this.#pool.giveChunk(chunk);
    this.#chunks.length = 0;
  }
}
