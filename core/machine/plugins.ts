/**
 * The loaded plugins of a machine: loads them into every vCPU or none, asks for their reports, and takes them off again.
 * Loads and unloads run one after the other. Nothing of a plugin's own runs on main: what is to be done once and not on
 * every vCPU is done in the thread of vCPU 0.
 */
import type { Collected, Request } from '../hart/protocol.ts';
import { COUNTERS_PER_VCPU, type Layout } from '../memory/layout.ts';
import { parseArguments } from '../plugin/arguments.ts';
import type { PluginBinding } from '../plugin/instance.ts';
import type { PluginDescription } from '../plugin/load.ts';
import { STOCK_PLUGINS } from '../plugin/stock/stock.ts';
import { type Instrumentation, InstrumentationError, type MachineEvent, type PluginStatus } from './interface.ts';

export interface PluginHost {
  readonly buffer: SharedArrayBuffer;
  readonly layout: Layout;
  /** Asks every vCPU, all at once; the answers are in the order of vCPUs. @throws Error the first failure */
  askAll(request: Request): Promise<readonly unknown[]>;
  /** Asks vCPU 0. */
  askFirst(request: Request): Promise<unknown>;
  emit(event: MachineEvent): void;
  /** URL of the plugin in a file. @throws Error in one line: there is no such file */
  find(path: string): Promise<string>;
}

interface Loaded {
  readonly id: string;
  readonly path: string;
  readonly binding: PluginBinding;
  readonly plugin: PluginDescription;
  readonly words: readonly string[];
  state: PluginStatus['state'];
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Over all vCPUs, which have counters of the same names. */
const summed = (perVcpu: readonly PluginStatus['counters'][]): PluginStatus['counters'] =>
  Object.fromEntries(
    Object.keys(perVcpu[0]!).map((name) => [name, perVcpu.reduce((total, values) => total + values[name]!, 0n)]),
  );

export class Plugins implements Instrumentation {
  readonly stock: ReadonlyMap<string, string>;
  readonly #host: PluginHost;
  readonly #loaded = new Map<string, Loaded>();
  readonly #cells: readonly BigUint64Array[];
  readonly #freeCounters: number[] = [];
  #nextCounter = 0;
  #nextId = 0;
  /** Number of the plugin that was loaded last, or is being loaded. */
  #number = 0;
  /** What there was to tell when the machine ended. */
  #final: readonly PluginStatus[] | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(host: PluginHost) {
    this.#host = host;
    this.stock = new Map(Array.from(STOCK_PLUGINS, ([name, { doc }]) => [name, doc]));
    this.#cells = host.layout.vcpus.map(
      ({ counters }) => new BigUint64Array(host.buffer, counters, COUNTERS_PER_VCPU / 2),
    );
  }

  /** Runs `job` when all earlier ones are through. */
  #inTurn<T>(job: () => Promise<T>): Promise<T> {
    const result = this.#last.then(job);
    this.#last = result.catch(() => {});
    return result;
  }

  load(path: string, options: { readonly id?: string; readonly args?: readonly string[] } = {}): Promise<string> {
    return this.#inTurn(() => this.#load(path, options.id, options.args ?? []));
  }

  async #load(path: string, wanted: string | undefined, words: readonly string[]): Promise<string> {
    if (this.#final) throw new InstrumentationError('the machine has shut down');
    if (wanted !== undefined && this.#loaded.has(wanted)) throw new InstrumentationError('Library ID exists');
    const number = ++this.#number;
    const { url, plugin } = await this.#describe(path, number);
    const id = wanted ?? this.#freshId();
    let args: unknown;
    try {
      args = parseArguments(plugin.options, words);
    } catch (error) {
      throw new InstrumentationError(`Library initialization returned non-zero: ${path}: ${messageOf(error)}`);
    }
    const counters = this.#takeCounters(plugin.counters);
    const binding: PluginBinding = { id, number, url, args, counters };
    const loaded: Loaded = { id, path, binding, plugin, words, state: 'loading' };
    this.#loaded.set(id, loaded);
    try {
      await this.#host.askAll({ type: 'prepare', binding });
      await this.#host.askAll({ type: 'activate', id });
    } catch (error) {
      await this.#drop(loaded);
      throw new InstrumentationError(`Library initialization returned non-zero: ${path}: ${messageOf(error)}`);
    }
    loaded.state = 'active';
    this.#host.emit({ name: 'INSTR_LOADED', id, path });
    return id;
  }

  async #describe(path: string, number: number): Promise<{ readonly url: string; readonly plugin: PluginDescription }> {
    try {
      const url = STOCK_PLUGINS.get(path)?.url ?? (await this.#host.find(path));
      const plugin = await this.#host.askFirst({ type: 'describe', url, plugin: number });
      return { url, plugin: plugin as PluginDescription };
    } catch (error) {
      throw new InstrumentationError(`Error loading library: ${path}: ${messageOf(error)}`);
    }
  }

  #freshId(): string {
    while (this.#loaded.has(`lib${this.#nextId}`)) this.#nextId++;
    return `lib${this.#nextId++}`;
  }

  #takeCounters(names: readonly string[]): Readonly<Record<string, number>> {
    const free = COUNTERS_PER_VCPU / 2 - this.#nextCounter + this.#freeCounters.length;
    if (names.length > free)
      throw new InstrumentationError(`Library initialization returned non-zero: ${free} counters are left`);
    return Object.fromEntries(names.map((name) => [name, this.#freeCounters.pop() ?? this.#nextCounter++]));
  }

  /** Takes the plugin off every vCPU that has it, and forgets it. @returns what it has thrown at that, by vCPU */
  async #drop(loaded: Loaded): Promise<readonly (string | undefined)[]> {
    loaded.state = 'unloading';
    // A vCPU that is gone has nothing of it left.
    const failures = await this.#host.askAll({ type: 'remove', id: loaded.id }).catch(() => []);
    for (const index of Object.values(loaded.binding.counters)) {
      for (const cells of this.#cells) cells[index] = 0n;
      this.#freeCounters.push(index);
    }
    this.#loaded.delete(loaded.id);
    return failures as readonly (string | undefined)[];
  }

  unload(id: string): Promise<void> {
    return this.#inTurn(async () => {
      const loaded = this.#loaded.get(id);
      if (!loaded) throw new InstrumentationError('Unknown library ID');
      const failures = await this.#drop(loaded);
      const vcpu = failures.findIndex((message) => message !== undefined);
      if (vcpu >= 0) this.#host.emit({ name: 'INSTR_ERROR', id, vcpu, message: failures[vcpu]! });
      this.#host.emit({ name: 'INSTR_UNLOADED', id, path: loaded.path });
    });
  }

  /** The plugin has thrown on a vCPU, or in its report (-1), and has to go. No effect if it is gone already. */
  failed(id: string, vcpu: number, message: string): void {
    const loaded = this.#loaded.get(id);
    void this.#inTurn(async () => {
      if (!loaded || this.#loaded.get(id) !== loaded) return;
      this.#host.emit({ name: 'INSTR_ERROR', id, vcpu, message });
      await this.#drop(loaded);
      this.#host.emit({ name: 'INSTR_UNLOADED', id, path: loaded.path });
    });
  }

  /** Gives the plugins to a vCPU that has lost them, all but the one with this number. */
  async restore(ask: (request: Request) => Promise<unknown>, except: number): Promise<void> {
    const active = [...this.#loaded.values()].filter(
      ({ binding, state }) => state === 'active' && binding.number !== except,
    );
    for (const { binding } of active) {
      const { id } = binding;
      await ask({ type: 'prepare', binding })
        .then(() => ask({ type: 'activate', id }))
        .catch((error: unknown) => this.failed(id, -1, messageOf(error)));
    }
  }

  /** Plugin number `number` does not return on a vCPU, which goes on without it. */
  stuck(number: number, vcpu: number, message: string): void {
    const loaded = [...this.#loaded.values()].find(({ binding }) => binding.number === number);
    if (loaded) this.failed(loaded.id, vcpu, message);
  }

  query(): Promise<readonly PluginStatus[]> {
    return this.#inTurn(async () => this.#final?.filter(({ id }) => this.#loaded.has(id)) ?? this.#statuses());
  }

  counters(): Readonly<Record<string, PluginStatus['counters']>> {
    const active = [...this.#loaded.values()].filter(({ state }) => state === 'active');
    return Object.fromEntries(active.map(({ id, binding }) => [id, summed(this.#perVcpu(binding))]));
  }

  /** The named counters of a plugin on each vCPU. */
  #perVcpu({ counters }: PluginBinding): readonly PluginStatus['counters'][] {
    return this.#cells.map((cells) =>
      Object.fromEntries(Object.entries(counters).map(([name, index]) => [name, cells[index]!])),
    );
  }

  /** The machine is about to end: what the plugins have to tell is asked for now, and can be queried ever after. */
  close(): Promise<void> {
    return this.#inTurn(async () => {
      this.#final = await this.#statuses();
    });
  }

  async #statuses(): Promise<readonly PluginStatus[]> {
    const all = await Promise.all(Array.from(this.#loaded.values(), (loaded) => this.#status(loaded)));
    return all.filter((status) => status !== undefined);
  }

  async #status(loaded: Loaded): Promise<PluginStatus | undefined> {
    const { id, path, plugin, words, binding, state } = loaded;
    try {
      const collected = (await this.#host.askAll({ type: 'collect', id })) as readonly Collected[];
      const perVcpu = this.#perVcpu(binding);
      const counters = summed(perVcpu);
      const parts = collected.map(({ part }) => part);
      const input = { args: binding.args, counters, perVcpu, parts };
      const report = await this.#host.askFirst({ type: 'report', id, input });
      const blocks = collected.reduce((total, part) => total + part.blocks, 0);
      return { id, path, name: plugin.name, doc: plugin.doc, args: words, state, counters, report, blocks };
    } catch (error) {
      this.failed(id, -1, messageOf(error));
      return undefined;
    }
  }
}
