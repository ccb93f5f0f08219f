/**
 * What a running machine offers to those who control it: the monitor, the server, tests.
 *
 * Everything here may be called from the main thread at any time, whatever the guest is doing. Reading never stops the
 * guest; where a value can change while it is read, the text says so. Promises settle when the effect is complete.
 */

export type { BlockBackend, CharacterBackend, NetworkBackend, RandomBackend } from '../devices/backends.ts';
export type { VirtioDevice } from '../devices/virtio/device.ts';
export type * from './inspect/inspection.ts';

import type { DebugPoints, VcpuStop } from '../hart/debugger.ts';
import type { AddressMappings } from '../riscv/memory/mappings.ts';
import type { Inspection } from './inspect/inspection.ts';
import type { SnapshotSink, SnapshotSource } from './snapshot/snapshot.ts';

/** QMP's RunState, as far as this machine can be in it. */
export type RunState =
  | 'debug'
  | 'prelaunch'
  | 'running'
  | 'paused'
  | 'save-vm'
  | 'restore-vm'
  | 'shutdown'
  | 'internal-error'
  | 'guest-panicked';

/** QMP's ShutdownCause: who asked for the reset or the end of the machine. */
export type ShutdownReason =
  | 'host-qmp-quit'
  | 'host-qmp-system-reset'
  | 'host-signal'
  | 'host-ui'
  | 'guest-shutdown'
  | 'guest-reset'
  | 'guest-panic';

export type MachineEvent =
  | { readonly name: 'STOP' }
  | { readonly name: 'RESUME' }
  | { readonly name: 'RESET'; readonly guest: boolean; readonly reason: ShutdownReason }
  /** `exitCode` becomes the exit status of the daemon: 0, or what the guest wrote to the test finisher. */
  | {
      readonly name: 'SHUTDOWN';
      readonly guest: boolean;
      readonly reason: ShutdownReason;
      readonly exitCode: number;
    }
  | { readonly name: 'INSTR_LOADED'; readonly id: string; readonly path: string }
  | { readonly name: 'INSTR_UNLOADED'; readonly id: string; readonly path: string }
  /** The plugin `id` failed on a vCPU, or in its report (-1); it has been detached (INSTR_UNLOADED follows). */
  | { readonly name: 'INSTR_ERROR'; readonly id: string; readonly vcpu: number; readonly message: string };

/** A register as the monitor shows it. */
export interface RegisterValue {
  readonly name: string;
  readonly value: bigint;
}

export interface Vcpu {
  /** 0 to smp - 1; also the hart id. */
  readonly index: number;
  /** Host thread that runs the vCPU, 0 before it has started. */
  readonly threadId: number;
  /** True while it sleeps in `wfi`. */
  readonly halted: boolean;
  /** pc, then the CSRs that `info registers` prints, in that order. A racy sample while the guest runs. */
  controlRegisters(): readonly RegisterValue[];
  /** x0 to x31, then f0 to f31, with QEMU's names (`x0/zero`, `f0/ft0` ...). A racy sample while the guest runs. */
  generalRegisters(): readonly RegisterValue[];
  /**
   * The value of a register by any of its names (`pc`, `a0`, `x10`, `fa0`, `mstatus`, `priv` for the privilege mode),
   * undefined where there is none.
   */
  register(name: string): bigint | undefined;
}

/** One range of the physical address map, as `info mtree` shows it. */
export interface MemoryRange {
  readonly start: bigint;
  /** Last byte. */
  readonly end: bigint;
  /** `romd` is read like memory and written like a device. */
  readonly kind: 'ram' | 'rom' | 'romd' | 'i/o';
  /** QEMU's name of the region: `riscv_virt_board.ram`, `serial`, `riscv.sifive.plic` ... */
  readonly name: string;
}

export type { AddressMapping, AddressMappings } from '../riscv/memory/mappings.ts';

export interface GuestMemory {
  /** Bytes of RAM. */
  readonly ramBytes: number;
  readonly ranges: readonly MemoryRange[];
  /** `length` bytes at physical `address`, or undefined where any of them is neither RAM nor ROM. No side effects. */
  readPhysical(address: bigint, length: number): Uint8Array | undefined;
  /**
   * The same at a virtual address, translated as `vcpu` would for a load now; but supervisor mode reaches pages of user
   * mode, and either reaches those that may only be executed.
   */
  readVirtual(vcpu: number, address: bigint, length: number): Uint8Array | undefined;
  /** The physical address of a virtual one as `vcpu` translates it now, undefined where it does not. */
  translate(vcpu: number, address: bigint): bigint | undefined;
  /**
   * What the page tables of `vcpu` map, in ascending order; undefined where it translates nothing. `complete` is false
   * where tables were left out because there are too many.
   */
  mappings(vcpu: number): AddressMappings | undefined;
  /** Stores bytes as a guest store would: code translated from them is dropped. False where any byte is not RAM. */
  writePhysical(address: bigint, bytes: Uint8Array): boolean;
  /**
   * The same at a virtual address, translated as for `readVirtual`: pages need not be writable. False where any byte is not
   * RAM; those in front of it may have been stored.
   */
  writeVirtual(vcpu: number, address: bigint, bytes: Uint8Array): boolean;
}

export type { DebugPoints, VcpuStop } from '../hart/debugger.ts';
export type { Watchpoint } from '../hart/watchpoints.ts';

/** What a vCPU does while the machine runs for a debugger. */
export type Pace =
  | 'run'
  /** Executes one instruction, whatever breakpoints there are; a trap that it takes is part of it. The machine then stops. */
  | 'step'
  /** The same, but an interrupt that is due is taken in place of an instruction. */
  | 'step-or-interrupt'
  | 'stay';

/** What has stopped the machine. */
export type DebugStop = VcpuStop & { readonly vcpu: number };

/**
 * What debuggers do with a machine besides stopping it and looking at it. When a point is reached or a step is done, all
 * vCPUs stop: the run state becomes `debug`, and STOP tells. Without points nothing of this costs anything.
 */
export interface Debugging {
  /** Why the machine is in run state `debug`; else undefined. */
  readonly stop: DebugStop | undefined;
  /** From when it resolves the guest stops at these points, and no others. Points survive a reset. */
  setPoints(points: DebugPoints): Promise<void>;
  /**
   * As `cont`, but each vCPU goes at its own pace, by index. Guest time stands still where none runs or may take an
   * interrupt. A vCPU that stands at the breakpoint which has stopped the machine executes the instruction there.
   */
  resume(paces: readonly Pace[]): Promise<void>;
  /**
   * Writes a register by any of its names, between two instructions of the vCPU.
   * @returns false where there is none of that name, or it cannot be written
   */
  writeRegister(vcpu: number, name: string, value: bigint): Promise<boolean>;
}

/** Thrown by `Instrumentation` with the texts that the monitor passes on. */
export class InstrumentationError extends Error {
  override readonly name = 'InstrumentationError';
}

/** What a client can see of a loaded plugin. */
export interface PluginStatus {
  readonly id: string;
  /** As given to `load`: a path, or the name of a stock plugin. */
  readonly path: string;
  readonly name: string;
  readonly doc: string;
  readonly args: readonly string[];
  /** `loading`: not every vCPU has it yet. `active`: it sees every event. `unloading`: being removed. */
  readonly state: 'loading' | 'active' | 'unloading';
  /** Named counters, each summed over all vCPUs. Racy samples while the guest runs; they only grow. */
  readonly counters: Readonly<Record<string, bigint>>;
  /** What the plugin reports, a JSON value that may hold bigints. */
  readonly report: unknown;
  /** Blocks of translated code that carry something of this plugin, over all vCPUs. */
  readonly blocks: number;
}

export interface Instrumentation {
  /** Stock plugins by name, with their one-line doc. */
  readonly stock: ReadonlyMap<string, string>;
  /**
   * Loads a plugin into every vCPU.
   * @param path file of the plugin, or the name of a stock one
   * @param options.id its id, by default `lib0`, `lib1` ...
   * @param options.args its arguments, in order, each `name=value` or `name`
   * @returns the id, when the plugin sees every event
   * @throws InstrumentationError 'Library ID exists', 'Library initialization returned non-zero: ...' (the plugin
   *   refused or threw), 'Error loading library: ...' (no such file, syntax error, not a plugin). Nothing of it stays.
   */
  load(path: string, options?: { readonly id?: string; readonly args?: readonly string[] }): Promise<string>;
  /** Removes a plugin and all it registered. @throws InstrumentationError 'Unknown library ID'. */
  unload(id: string): Promise<void>;
  /**
   * Every loaded plugin, in load order. Asks the vCPUs for the parts of reports that live in them; after a shutdown the
   * answer is what they said last.
   */
  query(): Promise<readonly PluginStatus[]>;
  /** The counters of every active plugin, by id: what `PluginStatus.counters` says, at once and asking nobody. */
  counters(): Readonly<Record<string, PluginStatus['counters']>>;
}

export interface TraceEvent {
  readonly name: string;
  readonly doc: string;
  readonly enabled: boolean;
}

export interface TraceEvents {
  readonly all: readonly TraceEvent[];
  /** Switches the events called `names` (exact names of `all`). */
  set(names: readonly string[], enabled: boolean): Promise<void>;
}

/** Counters of one vCPU's translated code, for `info jit`. All only grow, but for `blocks` and `bytes`. */
export interface CodeStatistics {
  /** Blocks that exist now, clean and annotated together. */
  readonly blocks: number;
  /** Of them, those that carry annotations. */
  readonly annotated: number;
  /** Bytes that the blocks fill, and the size of the area. */
  readonly bytes: number;
  readonly bytesMax: number;
  /** Blocks decoded since the start. */
  readonly translated: number;
  /** Annotated blocks made since the start. */
  readonly instrumented: number;
  /** Blocks dropped because the guest wrote to their bytes. */
  readonly droppedByStore: number;
  /** Annotated blocks dropped because a plugin or a trace event was loaded or unloaded. */
  readonly droppedByPlugin: number;
  /** Times that the whole area was emptied because it was full or the machine was reset. */
  readonly flushes: number;
  /** Regions of compiled code that exist now, and the bytes of their WebAssembly. */
  readonly regions: number;
  readonly regionBytes: number;
  /** Regions compiled since the start, and the milliseconds that the translator has spent on that. */
  readonly compiled: number;
  readonly compileMilliseconds: number;
  /** Guest instructions retired. */
  readonly instructions: bigint;
  /** Times generated code was left, by the name of the door. */
  readonly exits: Readonly<Record<string, number>>;
}

export interface Snapshotting {
  /**
   * Saves everything that the guest could miss; not plugins, nor what is behind serial lines and network cables. A machine
   * that runs is stopped while its memory is copied and its disks are saved (STOP, RESUME), and runs on while `sink` takes
   * the copies.
   * @throws SnapshotError the machine is at its end; and what `sink` or a disk throws
   */
  save(sink: SnapshotSink): Promise<void>;
  /**
   * Makes the machine what it was. One that runs is stopped for that (STOP, RESUME), and runs on from there. Plugins stay,
   * and their counters go on.
   * @throws SnapshotError the snapshot is of another machine: nothing has changed
   * @throws Error what `source` or a disk has thrown: the run state is `internal-error`, which another `restore` or a
   *   `reset` ends
   */
  restore(source: SnapshotSource): Promise<void>;
}

export interface Machine {
  readonly runState: RunState;
  readonly vcpus: readonly Vcpu[];
  readonly memory: GuestMemory;
  readonly instrumentation: Instrumentation;
  readonly traceEvents: TraceEvents;
  readonly debug: Debugging;
  readonly inspection: Inspection;
  readonly snapshots: Snapshotting;
  /** Listens to everything that happens to the machine. Returns the function that stops listening. */
  onEvent(listener: (event: MachineEvent) => void): () => void;
  /** Pauses every vCPU and guest time. No effect, and no event, unless running. */
  stop(): Promise<void>;
  /** Runs on, as `debug.resume` with every vCPU at `run`. No effect, and no event, while running. Rejects after a shutdown. */
  cont(): Promise<void>;
  /** Resets vCPUs, devices and RAM contents as at power-on; run state stays. */
  reset(reason: ShutdownReason): Promise<void>;
  /** Ends the machine: SHUTDOWN event, vCPU threads gone. */
  shutdown(reason: ShutdownReason): Promise<void>;
  /** What follows when the guest resets the machine: that, or its end. */
  rebootAction: 'reset' | 'shutdown';
  codeStatistics(): readonly CodeStatistics[];
}
