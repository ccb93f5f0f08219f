/** The callbacks that translated code of one vCPU may call, by number. Numbers are used again. */
import type { PluginInstance } from '../plugin/instance.ts';
import type { AccessEvent, InstructionInfo } from '../plugin/plugin.ts';

export interface Callback {
  readonly instance: PluginInstance;
  readonly instruction: InstructionInfo;
  readonly run: (event: AccessEvent) => void;
}

export class Callbacks {
  readonly #callbacks: (Callback | undefined)[] = [];
  readonly #free: number[] = [];
  /** Numbers that a block in progress may still call. */
  readonly #retired: number[] = [];

  /** The callback with this number; undefined once its block or its plugin is gone. */
  at(number: number): Callback | undefined {
    return this.#callbacks[number];
  }

  /** @returns its number */
  add(callback: Callback): number {
    const number = this.#free.pop() ?? this.#callbacks.length;
    this.#callbacks[number] = callback;
    return number;
  }

  /** No block that calls these numbers will be entered again. */
  retire(numbers: readonly number[]): void {
    for (const number of numbers) this.#retired.push(number);
  }

  /** No block is in progress: what is retired may be used again. */
  release(): void {
    if (this.#retired.length > 0) this.#free.push(...this.#retired.splice(0));
  }

  /** Nothing of the plugin's is called any more, not even by the block in progress. */
  removePlugin(instance: PluginInstance): void {
    for (const [number, callback] of this.#callbacks.entries())
      if (callback?.instance === instance) this.#callbacks[number] = undefined;
  }

  clear(): void {
    this.#callbacks.length = 0;
    this.#free.length = 0;
    this.#retired.length = 0;
  }
}
