/**
 * What can be asked of a daemon, and what it tells by itself: commands with their arguments and results, events with
 * their data.
 *
 * Made by `npm run docs` from the commands themselves; do not edit.
 */

/** A 64-bit integer: a bigint where it is beyond ±(2^53 - 1). Both are taken wherever one is expected. */
export type Integer = number | bigint;

/** No arguments, or nothing to tell. */
export type Empty = Readonly<Record<never, never>>;

export interface Command<Arguments, Returns> {
  readonly arguments: Arguments;
  readonly returns: Returns;
}

export interface Commands {
  /** Ends capability negotiation: from now on this client may send every command, and receives events. */
  qmp_capabilities: Command<QmpCapabilitiesArguments, Empty>;
  /** The version of QEMU whose protocol is spoken, and that of this program. */
  'query-version': Command<Empty, VersionInfo>;
  /** The names of all commands. */
  'query-commands': Command<Empty, readonly CommandInfo[]>;
  /** The shapes of all commands and events. Names of types are numbers, which may change from version to version. */
  'query-qmp-schema': Command<Empty, readonly SchemaInfo[]>;
  /** Runs one line of the human monitor and returns what it prints, in lines that end in CRLF. */
  'human-monitor-command': Command<HumanMonitorCommandArguments, string>;
  /** The name that the machine was given. */
  'query-name': Command<Empty, NameInfo>;
  /** The guest architecture. */
  'query-target': Command<Empty, TargetInfo>;
  /** Whether KVM runs the guest. It never does: guest code is translated. */
  'query-kvm': Command<Empty, KvmInfo>;
  /** The vCPUs. Does not disturb the guest. */
  'query-cpus-fast': Command<Empty, readonly CpuInfoFast[]>;
  /** Whether the machine runs, and why not. */
  'query-status': Command<Empty, StatusInfo>;
  /** Stops every vCPU and guest time. STOP tells when it happened; if the machine does not run, nothing happens. */
  stop: Command<Empty, Empty>;
  /** Lets the machine run on. RESUME tells when it happened; if the machine runs, nothing happens. */
  cont: Command<Empty, Empty>;
  /** Resets the machine as its power button would. It stays stopped, or running, as it was. */
  system_reset: Command<Empty, Empty>;
  /** Ends the machine and the program. Clients see SHUTDOWN, this one its reply, and then the end of the connection. */
  quit: Command<Empty, Empty>;
  /** The jobs that have not been dismissed, the latest first. One that has failed says why. */
  'query-jobs': Command<Empty, readonly JobInfo[]>;
  /** Forgets a job that has concluded, so that its id is free again. */
  'job-dismiss': Command<JobDismissArguments, Empty>;
  /**
   * Begins a job that saves the machine. It is stopped (STOP, RESUME) while its memory is copied and its disks are
   * saved. Fails where there is one of that tag.
   */
  'snapshot-save': Command<SnapshotSaveArguments, Empty>;
  /**
   * Begins a job that makes the machine what it was when it was saved, with its disks. If it runs, it is stopped for
   * that (STOP, RESUME). Where anything is wrong with the snapshot, the job fails and the machine stays as it is.
   */
  'snapshot-load': Command<SnapshotLoadArguments, Empty>;
  /** Begins a job that deletes a snapshot, if there is one of that tag. */
  'snapshot-delete': Command<SnapshotDeleteArguments, Empty>;
  /** Loads a plugin into every vCPU. When it returns, the plugin sees every event. If it fails, nothing of it stays. */
  'instr-load': Command<InstrLoadArguments, InstrLoadResult>;
  /** Removes a plugin. When it returns, the guest runs as if the plugin had never been there. */
  'instr-unload': Command<InstrUnloadArguments, Empty>;
  /** Every loaded plugin, in load order, with its counters and report. Does not stop the guest. */
  'query-instr': Command<Empty, readonly InstrInfo[]>;
  /** The plugins that can be loaded by name. */
  'query-instr-stock': Command<Empty, readonly InstrStockInfo[]>;
  /** Counters of the translated code of each vCPU. Does not stop the guest. */
  'query-jit': Command<Empty, readonly JitInfo[]>;
  /** Which of the named trace events are on. */
  'trace-event-get-state': Command<TraceEventGetStateArguments, readonly TraceEventInfo[]>;
  /** Switches the named trace events on or off. */
  'trace-event-set-state': Command<TraceEventSetStateArguments, Empty>;
}

export interface Events {
  /** The machine has stopped: no vCPU runs, and guest time stands still. */
  STOP: Empty;
  /** The machine runs on. */
  RESUME: Empty;
  /** The machine has been reset. */
  RESET: ResetData;
  /** The machine has come to its end. */
  SHUTDOWN: ShutdownData;
  /** A job has come further. */
  JOB_STATUS_CHANGE: JobStatusChangeData;
  /** A plugin has been loaded and sees every event. */
  INSTR_LOADED: InstrLoadedData;
  /** A plugin has been removed, on demand or because it failed. */
  INSTR_UNLOADED: InstrUnloadedData;
  /** A plugin has failed and is being removed; the guest runs on. */
  INSTR_ERROR: InstrErrorData;
}

export interface CommandInfo {
  /** Name of the command. */
  readonly name: string;
}

export interface CpuInfoFast {
  /** Index of the vCPU, which is its hart id. */
  readonly 'cpu-index': Integer;
  /** Path of the vCPU in the object tree. */
  readonly 'qom-path': string;
  /** Host thread that runs the vCPU, 0 before it has started. */
  readonly 'thread-id': Integer;
  readonly props: CpuInstanceProperties;
  /** The guest architecture. */
  readonly target: SysEmuTarget;
}

export interface CpuInstanceProperties {
  /** Number of the core, from 0. */
  readonly 'core-id': Integer;
}

export interface HumanMonitorCommandArguments {
  /** The line. */
  readonly 'command-line': string;
  /** The vCPU that the line is about, by default the first. */
  readonly 'cpu-index'?: Integer;
}

export interface InstrCountersData {
  /** What `instr-subscribe` returned. */
  readonly subscription: string;
  /** By the id of each plugin, its counters by name, each summed over all vCPUs. */
  readonly counters: Readonly<Record<string, Readonly<Record<string, Integer>>>>;
}

export interface InstrErrorData {
  /** The id of the plugin. */
  readonly id: string;
  /** Index of the vCPU on which it failed, -1 where it failed to report. */
  readonly vcpu: Integer;
  /** What went wrong. */
  readonly message: string;
}

export interface InstrInfo {
  /** The id of the plugin. */
  readonly id: string;
  /** As it was given to `instr-load`. */
  readonly path: string;
  /** The name that the plugin gives itself. */
  readonly name: string;
  /** What it does, in a line. */
  readonly doc: string;
  /** Its arguments, in order. */
  readonly args: readonly string[];
  /** `loading`: not every vCPU has it yet. `active`: it sees every event. `unloading`: it is being removed. */
  readonly state: InstrState;
  /** Its counters by name, each summed over all vCPUs. Samples while the guest runs; they only grow. */
  readonly counters: Readonly<Record<string, Integer>>;
  /** What the plugin reports, in a shape of its own. */
  readonly report: unknown;
  /** Blocks of translated code that carry something of it, over all vCPUs. */
  readonly blocks: Integer;
}

export interface InstrLoadArguments {
  /** File of the plugin, or the name of a stock plugin. */
  readonly path: string;
  /** Its id, by default `lib0`, `lib1` and so on. */
  readonly id?: string;
  /** Its arguments, each `name=value` or `name`. */
  readonly args?: readonly string[];
}

export interface InstrLoadResult {
  /** The id of the plugin, for `instr-unload`. */
  readonly id: string;
}

export interface InstrLoadedData {
  /** The id of the plugin. */
  readonly id: string;
  /** As it was given to `instr-load`. */
  readonly path: string;
}

/** `loading`: not every vCPU has it yet. `active`: it sees every event. `unloading`: it is being removed. */
export type InstrState = 'loading' | 'active' | 'unloading';

export interface InstrStockInfo {
  /** What to give to `instr-load` as `path`. */
  readonly name: string;
  /** What it does, in a line. */
  readonly doc: string;
}

export interface InstrUnloadArguments {
  /** The id that `instr-load` returned. */
  readonly id: string;
}

export interface InstrUnloadedData {
  /** The id of the plugin. */
  readonly id: string;
  /** As it was given to `instr-load`. */
  readonly path: string;
}

export interface JitInfo {
  /** Index of the vCPU. */
  readonly 'cpu-index': Integer;
  /** Blocks that exist now, clean and annotated together. */
  readonly blocks: Integer;
  /** Of them, those that carry annotations of a plugin or trace event. */
  readonly annotated: Integer;
  /** Bytes that the blocks fill. */
  readonly bytes: Integer;
  /** Bytes there are for blocks. */
  readonly 'bytes-max': Integer;
  /** Blocks decoded since the start. */
  readonly translated: Integer;
  /** Annotated blocks made since the start. */
  readonly instrumented: Integer;
  /** Blocks dropped because the guest wrote to their bytes. */
  readonly 'dropped-by-store': Integer;
  /** Annotated blocks dropped because a plugin or trace event came or went. */
  readonly 'dropped-by-plugin': Integer;
  /** Times that all blocks were dropped, for want of room or at a reset. */
  readonly flushes: Integer;
  /** Regions of compiled code that exist now. */
  readonly regions: Integer;
  /** Bytes of WebAssembly that they were made from. */
  readonly 'region-bytes': Integer;
  /** Regions compiled since the start. */
  readonly compiled: Integer;
  /** Time that the translator has spent on them. */
  readonly 'compile-milliseconds': Integer;
  /** Guest instructions retired. */
  readonly instructions: Integer;
  /** Times that generated code was left, by the reason. */
  readonly exits: Readonly<Record<string, Integer>>;
}

export interface JobDismissArguments {
  /** The id of the job. */
  readonly id: string;
}

export interface JobInfo {
  /** The id that the client has given it. */
  readonly id: string;
  /** What a job does. */
  readonly type: JobType;
  /** How far a job has come. `concluded` waits to be dismissed, `null` is dismissed. */
  readonly status: JobStatus;
  /** How much of it is done, in units of its own. */
  readonly 'current-progress': Integer;
  /** How much there is to do. */
  readonly 'total-progress': Integer;
  /** Why it has failed; absent where it has not. */
  readonly error?: string;
}

/** How far a job has come. `concluded` waits to be dismissed, `null` is dismissed. */
export type JobStatus = 'created' | 'running' | 'waiting' | 'pending' | 'aborting' | 'concluded' | 'null';

export interface JobStatusChangeData {
  /** The id of the job. */
  readonly id: string;
  /** How far a job has come. `concluded` waits to be dismissed, `null` is dismissed. */
  readonly status: JobStatus;
}

/** What a job does. */
export type JobType = 'snapshot-save' | 'snapshot-load' | 'snapshot-delete';

export interface KvmInfo {
  /** True if KVM runs the guest. */
  readonly enabled: boolean;
  /** True if KVM could. */
  readonly present: boolean;
}

export interface NameInfo {
  /** The value of `-name`; absent without one. */
  readonly name?: string;
}

/** `oob`: commands may be sent with `exec-oob`. */
export type QMPCapability = 'oob';

export interface QmpCapabilitiesArguments {
  /** Capabilities of the greeting that the client wants to use. */
  readonly enable?: readonly QMPCapability[];
}

export interface ResetData {
  /** True if the guest asked for it, false if the host did. */
  readonly guest: boolean;
  /** Who asked for the reset or the end of the machine. */
  readonly reason: ShutdownCause;
}

/** The state of the whole machine. */
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

export interface SchemaInfo {
  /** Name of the command, event or built-in type; a number for other types, `[NAME]` for arrays. */
  readonly name: string;
  /** What the entry describes. */
  readonly 'meta-type': SchemaMetaType;
  /** Of a built-in type: string, number, int, boolean, null or value. */
  readonly 'json-type'?: string;
  /** Of an enum: its values. */
  readonly values?: readonly string[];
  /** Of an array: the type of its elements. */
  readonly 'element-type'?: string;
  /** Of an object: its members. Of an enum: its values. */
  readonly members?: readonly SchemaInfoMember[];
  /** Of a command: the object of its arguments. Of an event: the object of its data. */
  readonly 'arg-type'?: string;
  /** Of a command: the type of what it returns. */
  readonly 'ret-type'?: string;
}

export interface SchemaInfoMember {
  /** Name of the member, or of the value of an enum. */
  readonly name: string;
  /** Name of its type; absent for the values of an enum. */
  readonly type?: string;
  /** Present, as null, where the member may be left out. */
  readonly default?: unknown;
}

/** What the entry describes. */
export type SchemaMetaType = 'builtin' | 'enum' | 'array' | 'object' | 'command' | 'event';

/** Who asked for the reset or the end of the machine. */
export type ShutdownCause =
  | 'host-qmp-quit'
  | 'host-qmp-system-reset'
  | 'host-signal'
  | 'host-ui'
  | 'guest-shutdown'
  | 'guest-reset'
  | 'guest-panic';

export interface ShutdownData {
  /** True if the guest asked for it, false if the host did. */
  readonly guest: boolean;
  /** Who asked for the reset or the end of the machine. */
  readonly reason: ShutdownCause;
}

export interface SnapshotDeleteArguments {
  /** The id of the job, which begins with a letter. */
  readonly 'job-id': string;
  /** Letters, digits, `_`, `.` and `-`, the first one no `.` or `-`. */
  readonly tag: string;
  /** Ids of the drives that are part of it, with all that the guest can write to; `snapshots`. */
  readonly devices: readonly string[];
}

export interface SnapshotLoadArguments {
  /** The id of the job, which begins with a letter. */
  readonly 'job-id': string;
  /** Letters, digits, `_`, `.` and `-`, the first one no `.` or `-`. */
  readonly tag: string;
  /** Where snapshots are kept: `snapshots`. */
  readonly vmstate: string;
  /** Ids of the drives that are part of it, with all that the guest can write to; `snapshots`. */
  readonly devices: readonly string[];
}

export interface SnapshotSaveArguments {
  /** The id of the job, which begins with a letter. */
  readonly 'job-id': string;
  /** Letters, digits, `_`, `.` and `-`, the first one no `.` or `-`. */
  readonly tag: string;
  /** Where snapshots are kept: `snapshots`. */
  readonly vmstate: string;
  /** Ids of the drives that are part of it, with all that the guest can write to; `snapshots`. */
  readonly devices: readonly string[];
}

export interface StatusInfo {
  /** True if every vCPU may run. */
  readonly running: boolean;
  /** The state of the whole machine. */
  readonly status: RunState;
}

/** The guest architecture. */
export type SysEmuTarget = 'riscv64';

export interface TargetInfo {
  /** The guest architecture. */
  readonly arch: SysEmuTarget;
}

export interface TraceEventGetStateArguments {
  /** Name of the event, or a pattern: `*` stands for any characters, and where there is a `*`, `?` for one. */
  readonly name: string;
}

export interface TraceEventInfo {
  /** Name of the event. */
  readonly name: string;
  /** `unavailable`: not in this build. `disabled`: off, at no cost. `enabled`: reported. */
  readonly state: TraceEventState;
}

export interface TraceEventSetStateArguments {
  /** Name of the event, or a pattern: `*` stands for any characters, and where there is a `*`, `?` for one. */
  readonly name: string;
  /** On or off. */
  readonly enable: boolean;
  /** Pass over events that this build does not have. It has every event it lists. */
  readonly 'ignore-unavailable'?: boolean;
}

/** `unavailable`: not in this build. `disabled`: off, at no cost. `enabled`: reported. */
export type TraceEventState = 'unavailable' | 'disabled' | 'enabled';

export interface VersionInfo {
  readonly qemu: VersionTriple;
  /** Name and version of this program. */
  readonly package: string;
}

export interface VersionTriple {
  /** Major version. */
  readonly major: Integer;
  /** Minor version. */
  readonly minor: Integer;
  /** Micro version. */
  readonly micro: Integer;
}
