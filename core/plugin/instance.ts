/**
 * A loaded plugin on one vCPU: its state, its share of the counters, and what it asks for when it is shown a block. All
 * calls into the plugin's own code go through here, so that whatever it throws ends up in `failure` and nowhere else.
 */
import { COUNTERS_PER_VCPU, type Layout } from '../memory/layout.ts';
import { checkFilter, visibleOf } from './filter.ts';
import type { AccessEvent, BlockInfo, Counter, Filter, Plugin, ReportInput, VcpuInfo } from './plugin.ts';
import { createProbe, type ProbeRequest, type ProbeSource } from './probe.ts';
import { PoolRecorder, type RecordPool } from './recorder.ts';
import { plainReport } from './report.ts';
import { UNWATCHED, type Watch, watched } from './watch.ts';

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
    this.cells.fill(0n, this.#next);
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

/** What the plugins of one vCPU share out. */
export interface Pools {
  readonly counters: CounterPool;
  readonly records: RecordPool;
}

/** What a vCPU needs in order to have a plugin; travels from main to the workers. */
export interface PluginBinding {
  readonly id: string;
  /** Tells plugins apart, those that were loaded before too; from 1. */
  readonly number: number;
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
  readonly #records: RecordPool;
  readonly #number: number;
  readonly #watch: Watch;
  readonly #named: ReadonlyMap<string, Counter>;
  readonly #filter: Filter;
  readonly #state: unknown;
  readonly #source: ProbeSource = {
    fresh: () => this.#freshCounter(),
    named: (name) => this.#named.get(name),
    address: (counter) => (counter instanceof PoolCounter ? counter.address : undefined),
    tags: (deliver) => this.#record(this.#records.tags(deliver)),
    accesses: (deliver) => this.#record(this.#records.accesses(deliver)),
    own: (recorder) => (recorder instanceof PoolRecorder ? recorder : undefined),
  };
  readonly #recorders: PoolRecorder[] = [];
  readonly #chunks: number[] = [];
  #used = CHUNK;
  /** Set once the plugin has thrown; it is then shown nothing more. */
  failure: Error | undefined;

  /** @throws what the plugin's `filter`, `state` or `vcpuEnter` throw: the load is refused. */
  constructor(
    plugin: Plugin,
    binding: PluginBinding,
    vcpu: VcpuInfo,
    { counters, records }: Pools,
    watch: Watch = UNWATCHED,
  ) {
    this.id = binding.id;
    this.#number = binding.number;
    this.#watch = watch;
    this.#plugin = plugin;
    this.#vcpu = vcpu;
    this.#pool = counters;
    this.#records = records;
    this.#named = new Map(
      Object.entries(binding.counters).map(([name, index]) => [name, new PoolCounter(counters, index)]),
    );
    const { args } = binding;
    [this.#filter, this.#state] = watched(watch, binding.number, () => {
      const filter = checkFilter(plugin.filter(args), vcpu.vcpus);
      const state = plugin.state(args, vcpu);
      plugin.vcpuEnter?.(vcpu, state);
      return [filter, state];
    });
  }

  /** Runs something of the plugin's. A throw is noted in `failure`. */
  guard<T>(run: () => T): T | undefined {
    if (this.failure) return undefined;
    const watch = this.#watch;
    watch.enter(this.#number);
    try {
      const result = run();
      watch.leave();
      return result;
    } catch (error) {
      watch.leave();
      this.failure = error instanceof Error ? error : new Error(String(error));
      return undefined;
    }
  }

  /**
   * Tells the plugin of an event. As `guard`, and without anything that takes time. Compiled code may go on for a while
   * after a failure: what it records then is dropped, since it looks at no more than whether a buffer has become full.
   */
  tell(run: (event: AccessEvent) => void, event: AccessEvent): void {
    if (this.failure) {
      for (const recorder of this.#recorders) recorder.drop();
      return;
    }
    this.#watch.enter(this.#number);
    try {
      run(event);
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
    }
    this.#watch.leave();
  }

  /** What the plugin wants of `block`: empty where it wants nothing, or has failed. */
  translate(block: BlockInfo): readonly ProbeRequest[] {
    const requests: ProbeRequest[] = [];
    this.guard(() => {
      const visible = visibleOf(block, this.#filter, this.#vcpu.index);
      if (visible) this.#plugin.translate(visible, createProbe(block, visible, this.#source, requests), this.#state);
    });
    return this.failure ? [] : requests;
  }

  #freshCounter(): Counter {
    if (this.#used === CHUNK) {
      this.#chunks.push(this.#pool.takeChunk());
      this.#used = 0;
    }
    return new PoolCounter(this.#pool, this.#chunks.at(-1)! + this.#used++);
  }

  #record(recorder: PoolRecorder): PoolRecorder {
    this.#recorders.push(recorder);
    return recorder;
  }

  #flush(): void {
    for (const recorder of this.#recorders) recorder.flush();
  }

  reset(): void {
    this.guard(() => {
      this.#flush();
      this.#plugin.vcpuReset?.(this.#vcpu, this.#state);
    });
  }

  collect(): unknown {
    return this.guard(() => {
      this.#flush();
      return this.#plugin.collect(this.#state);
    });
  }

  /** @throws what the plugin throws, or TypeError where its report is none: it stays as it is */
  report(input: ReportInput<unknown, unknown>): unknown {
    return watched(this.#watch, this.#number, () => plainReport(this.#plugin.report(input)));
  }

  /** The plugin is gone: its last event, and its counters and recorders given back. */
  dispose(): void {
    this.guard(() => {
      this.#flush();
      this.#plugin.vcpuExit?.(this.#vcpu, this.#state);
    });
    for (const recorder of this.#recorders.splice(0)) this.#records.give(recorder);
    for (const chunk of this.#chunks) this.#pool.giveChunk(chunk);
    this.#chunks.length = 0;
  }
}
