/** What main and a vCPU's worker say to each other. Everything else between them is in the shared memory. */
import type { MessagePort } from 'node:worker_threads';
import type { Finish } from '../devices/test-sifive.ts';
import type { Equipment } from '../machine/equipment.ts';
import type { MemoryRegion } from '../memory/physical.ts';
import type { PluginBinding } from '../plugin/instance.ts';
import type { ReportInput } from '../plugin/plugin.ts';
import type { DebugPoints, Start, VcpuStop } from './debugger.ts';

/** What a worker is started with. */
export interface WorkerStart {
  readonly memory: WebAssembly.Memory;
  readonly vcpus: number;
  readonly ramBytes: number;
  readonly index: number;
  /** The interpreter, compiled once for all vCPUs. */
  readonly module: WebAssembly.Module;
  readonly regions: readonly MemoryRegion[];
  readonly resetVector: bigint;
  readonly equipment: Equipment;
  /** To the translator. */
  readonly translator: MessagePort;
  /** Milliseconds for which a plugin's module may be imported. */
  readonly patienceMs: number;
  /** The vCPU has run in another thread, which was ended in a plugin: see `hart/custody`. */
  readonly takesOver: boolean;
}

/** Requests are answered in order, each by one `answer` with its number. A vCPU's thread starts parked. */
export type Request =
  | { readonly type: 'park' }
  /** Goes on, from parked. */
  | { readonly type: 'resume'; readonly start: Start }
  /** While parked: back to the state after power-on. */
  | { readonly type: 'reset' }
  /** While parked: RAM, and what the memory holds of the hart, are other ones now. */
  | { readonly type: 'restored' }
  /** Imports the plugin at `url` and says what it is: answered by PluginDescription. */
  | { readonly type: 'describe'; readonly url: string; readonly plugin: number }
  /** Imports the plugin and makes its instance, which sees nothing yet. */
  | { readonly type: 'prepare'; readonly binding: PluginBinding }
  /** From here on the plugin sees every block. */
  | { readonly type: 'activate'; readonly id: string }
  /** Takes the plugin off, prepared or active: answered by what it throws at that, if it does. */
  | { readonly type: 'remove'; readonly id: string }
  /** Asks for what the plugin has collected here: answered by `Collected`. */
  | { readonly type: 'collect'; readonly id: string }
  /** Has the plugin make its report, a JSON value, of what was collected on all vCPUs. */
  | { readonly type: 'report'; readonly id: string; readonly input: ReportInput<unknown, unknown> }
  | { readonly type: 'trace'; readonly names: readonly string[]; readonly enabled: boolean }
  /** From here on the vCPU stops at these points, and no others. */
  | { readonly type: 'set-points'; readonly points: DebugPoints }
  /** Answered by false where there is no such register, or it cannot be written. */
  | { readonly type: 'write-register'; readonly name: string; readonly value: bigint }
  /** The machine ends: leave the thread. */
  | { readonly type: 'exit' };

export interface NumberedRequest {
  readonly number: number;
  readonly request: Request;
}

export interface Collected {
  readonly part: unknown;
  /** Blocks of this vCPU that carry something of the plugin. */
  readonly blocks: number;
}

/** Text for a file of a plugin's, or for the trace where `id` is empty. */
export interface Text {
  readonly id: string;
  readonly name: string;
  readonly text: string;
}

export type Message =
  /** The worker exists. */
  | { readonly type: 'ready' }
  | { readonly type: 'answer'; readonly number: number; readonly value?: unknown; readonly error?: string }
  /** The guest ends or resets the machine; the vCPU has parked itself. */
  | { readonly type: 'finish'; readonly finish: Finish }
  /** A debugger's reason to stop has come up; the vCPU has parked itself. */
  | { readonly type: 'stopped'; readonly stop: VcpuStop }
  /** The serial port has bytes to send, or room to receive. */
  | { readonly type: 'serial' }
  /** The driver of the device in a virtio slot has notified a queue. */
  | { readonly type: 'virtio'; readonly slot: number }
  /** The contents of a flash bank have changed. */
  | { readonly type: 'flash'; readonly bank: number }
  /** The plugin has thrown and sees nothing more on this vCPU. */
  | { readonly type: 'plugin-failed'; readonly id: string; readonly message: string }
  | { readonly type: 'text'; readonly texts: readonly Text[] }
  /** A sentence about what the guest did wrong to a device. */
  | { readonly type: 'report'; readonly sentence: string };
