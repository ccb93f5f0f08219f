/** What main and a vCPU's worker say to each other. Everything else between them is in the shared memory. */
import type { MemoryRegion } from '../memory/physical.ts';
import type { PluginBinding } from '../plugin/instance.ts';

/** What a worker is started with. */
export interface WorkerStart {
  readonly memory: WebAssembly.Memory;
  readonly vcpus: number;
  readonly ramBytes: number;
  readonly index: number;
  readonly module: WebAssembly.Module;
  readonly regions: readonly MemoryRegion[];
  readonly resetVector: bigint;
}

/** Requests are answered in order, each by one `Answer` with its number. */
export type Request = { readonly number: number } & (
  | { readonly type: 'park' }
  /** Goes on, from parked. */
  | { readonly type: 'resume' }
  /** While parked: back to the state after power-on. */
  | { readonly type: 'reset' }
  /** Imports the plugin and makes its instance; it sees nothing yet. */
  | { readonly type: 'prepare'; readonly binding: PluginBinding }
  /** From here on the plugin sees every block. */
  | { readonly type: 'activate'; readonly id: string }
  /** Takes the plugin off, whether it was prepared or active. */
  | { readonly type: 'remove'; readonly id: string }
  /** The plugin's part of the report, and the number of blocks that carry something of it. */
  | { readonly type: 'collect'; readonly id: string }
  /** The machine ends: leave the thread. */
  | { readonly type: 'exit' }
);

export type RequestBody = Request extends infer R ? (R extends { number: number } ? Omit<R, 'number'> : never) : never;

export interface Collected {
  readonly part: unknown;
  readonly blocks: number;
}

export type Message =
  | { readonly type: 'answer'; readonly number: number; readonly value?: unknown; readonly error?: string }
  /** The guest wrote to the test finisher; the vCPU has parked itself. */
  | { readonly type: 'finish'; readonly kind: 'pass' | 'fail' | 'reset'; readonly code: number }
  /** The serial port has bytes to send, or room to receive. */
  | { readonly type: 'serial' }
  | { readonly type: 'plugin-failed'; readonly id: string; readonly message: string }
  /** A plugin, or a trace event, has written text. */
  | { readonly type: 'output'; readonly id: string; readonly name: string; readonly text: string };
