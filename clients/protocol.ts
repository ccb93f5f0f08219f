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
  /** The UUID that the machine was given. */
  'query-uuid': Command<Empty, UuidInfo>;
  /** The guest architecture. */
  'query-target': Command<Empty, TargetInfo>;
  /** Whether KVM runs the guest. It never does: guest code is translated. */
  'query-kvm': Command<Empty, KvmInfo>;
  /** The machine types that there are. */
  'query-machines': Command<Empty, readonly MachineInfo[]>;
  /** What the machine that was made can do. */
  'query-current-machine': Command<Empty, CurrentMachineParams>;
  /** The vCPUs. Does not disturb the guest. */
  'query-cpus-fast': Command<Empty, readonly CpuInfoFast[]>;
  /** The CPU models that there are. */
  'query-cpu-definitions': Command<Empty, readonly CpuDefinitionInfo[]>;
  /** The places for vCPUs to plug in. There are none: the error says so. */
  'query-hotpluggable-cpus': Command<Empty, readonly unknown[]>;
  /** Threads that serve devices in place of the main one. There are none. */
  'query-iothreads': Command<Empty, readonly IOThreadInfo[]>;
  /** How much RAM there is. */
  'query-memory-size-summary': Command<Empty, MemoryInfo>;
  /** What the memory of the machine is made of: its RAM, in one piece. */
  'query-memdev': Command<Empty, readonly Memdev[]>;
  /** Memory that was plugged in. There is none. */
  'query-memory-devices': Command<Empty, readonly unknown[]>;
  /** Interrupts the vCPUs in a way that they cannot mask. RISC-V harts of this kind have none: the error says so. */
  'inject-nmi': Command<Empty, Empty>;
  /** Writes what the display shows to a file. There is no display: the error says so. */
  screendump: Command<ScreendumpArguments, Empty>;
  /** Writes memory to a file, by virtual address. The guest runs on, and may change what is being written. */
  memsave: Command<MemsaveArguments, Empty>;
  /** Writes memory to a file, by physical address. The guest runs on, and may change what is being written. */
  pmemsave: Command<PmemsaveArguments, Empty>;
  /**
   * Writes a core file of all RAM and ROM with the registers of every vCPU, for gdb. The guest stands still meanwhile.
   */
  'dump-guest-memory': Command<DumpGuestMemoryArguments, Empty>;
  /** How far the last dump of memory has come. */
  'query-dump': Command<Empty, DumpQueryResult>;
  /** The formats of `dump-guest-memory`. */
  'query-dump-guest-memory-capability': Command<Empty, DumpGuestMemoryCapability>;
  /** What an object can be asked for: its properties, the objects it refers to, and those below it. */
  'qom-list': Command<QomListArguments, readonly ObjectPropertyInfo[]>;
  /** The value of a property of an object. An object below it, or one that it refers to, is given by its path. */
  'qom-get': Command<QomGetArguments, unknown>;
  /** The types of objects that there are. */
  'qom-list-types': Command<QomListTypesArguments, readonly ObjectTypeInfo[]>;
  /** The properties that every object of a type has. */
  'qom-list-properties': Command<QomListPropertiesArguments, readonly ObjectPropertyInfo[]>;
  /** The properties of a type of device, but for those that all devices have. */
  'device-list-properties': Command<DeviceListPropertiesArguments, readonly ObjectPropertyInfo[]>;
  /** The drives, and the nodes of `-blockdev` that devices use. */
  'query-block': Command<Empty, readonly BlockInfo[]>;
  /** Every disk image, whether a device uses it or not. */
  'query-named-block-nodes': Command<QueryNamedBlockNodesArguments, readonly BlockDeviceInfo[]>;
  /** What has been done to disk images since the start. The host sees a large request in pieces of 1 MiB. */
  'query-blockstats': Command<QueryBlockstatsArguments, readonly BlockStats[]>;
  /** Network devices, and the back ends that they are connected to. */
  'query-netdevs': Command<Empty, readonly NetClientInfo[]>;
  /** Which frames network devices take. They take all: filtering is not among the features that they offer. */
  'query-rx-filter': Command<QueryRxFilterArguments, readonly RxFilterInfo[]>;
  /** Pulls a network cable out, or plugs it in. The guest sees the link of its device go down and up. */
  set_link: Command<SetLinkArguments, Empty>;
  /** The character devices. */
  'query-chardev': Command<Empty, readonly ChardevInfo[]>;
  /** The backends that character devices can have. */
  'query-chardev-backends': Command<Empty, readonly ChardevBackendInfo[]>;
  /** Makes a character device. */
  'chardev-add': Command<ChardevAddArguments, ChardevReturn>;
  /** Gives a character device another backend. Whoever is connected to the old one is cut off. */
  'chardev-change': Command<ChardevChangeArguments, ChardevReturn>;
  /** Removes a character device that nothing uses. */
  'chardev-remove': Command<ChardevRemoveArguments, Empty>;
  /** Adds to what a ring buffer holds. */
  'ringbuf-write': Command<RingbufWriteArguments, Empty>;
  /** Takes out of a ring buffer what it has held longest. In UTF-8, what is no character becomes U+FFFD. */
  'ringbuf-read': Command<RingbufReadArguments, string>;
  /** What `yank` can cut off. */
  'query-yank': Command<Empty, readonly YankInstance[]>;
  /** Cuts connections that hang, at once and with what has not been sent. */
  yank: Command<YankArguments, Empty>;
  /**
   * The pages that a vCPU accesses without looking at page tables and memory protection again, by rights and address. A
   * sample: the guest runs on.
   */
  'query-tlb': Command<QueryTlbArguments, readonly TlbPage[]>;
  /** The interrupt controller: who interrupts, and who is interrupted. A sample: the guest runs on. */
  'query-interrupt-controller': Command<Empty, InterruptControllerInfo>;
  /** How often each source of the interrupt controller has been claimed since the last reset, for people. */
  'x-query-irq': Command<Empty, HumanReadableText>;
  /** What is put into memory at power-on and at every reset, for people. */
  'x-query-roms': Command<Empty, HumanReadableText>;
  /** The memory of the host that is the guest's, for people: its place in what the threads share, and its size. */
  'x-query-ramblock': Command<Empty, HumanReadableText>;
  /** The nodes of a machine whose memory is not everywhere equally near, for people. There are none. */
  'x-query-numa': Command<Empty, HumanReadableText>;
  /** The virtio devices, in the order of their slots. */
  'x-query-virtio': Command<Empty, readonly VirtioInfo[]>;
  /** How far a virtio device and its driver have come with each other. */
  'x-query-virtio-status': Command<QueryVirtioStatusArguments, VirtioStatus>;
  /** Where a queue of a virtio device lies, and how much of it has been served. */
  'x-query-virtio-queue-status': Command<QueryVirtioQueueStatusArguments, VirtQueueStatus>;
  /** Plugs a device in. No bus of this board takes one while the machine runs: the error says so. */
  device_add: Command<DeviceAddArguments, Empty>;
  /** Unplugs a device. No bus of this board lets go of one while the machine runs: the error says so. */
  device_del: Command<DeviceDelArguments, Empty>;
  /** Options of the command line that take parameters with names. */
  'query-command-line-options': Command<QueryCommandLineOptionsArguments, readonly CommandLineOptionInfo[]>;
  /** Models of TPM devices. There are none. */
  'query-tpm-models': Command<Empty, readonly string[]>;
  /** Back ends of TPM devices. There are none. */
  'query-tpm-types': Command<Empty, readonly string[]>;
  /** What migration to another host can be asked for. A machine stays where it is: the list is empty. */
  'query-migrate-capabilities': Command<Empty, readonly MigrationCapabilityStatus[]>;
  /** How far a migration to another host has come. A machine stays where it is: there is nothing to tell. */
  'query-migrate': Command<Empty, MigrationInfo>;
  /** Makes a network back end. No device could be connected to it: those of this machine have theirs from the start. */
  netdev_add: Command<NetdevAddArguments, Empty>;
  /** Removes a network back end. Those that there are stay. */
  netdev_del: Command<NetdevDelArguments, Empty>;
  /** Makes an object for devices to refer to. No device could: those of this machine have theirs from the start. */
  'object-add': Command<ObjectAddArguments, Empty>;
  /** Removes an object that devices refer to. Those that there are stay. */
  'object-del': Command<ObjectDelArguments, Empty>;
  /** Whether the machine runs, and why not. */
  'query-status': Command<Empty, StatusInfo>;
  /** Stops every vCPU and guest time. STOP tells when it happened; if the machine does not run, nothing happens. */
  stop: Command<Empty, Empty>;
  /** Lets the machine run on. RESUME tells when it happened; if the machine runs, nothing happens. */
  cont: Command<Empty, Empty>;
  /** Resets the machine as its power button would. It stays stopped, or running, as it was. */
  system_reset: Command<Empty, Empty>;
  /**
   * Presses the power button. This board has none that its guest could see: POWERDOWN tells clients, and that is all.
   */
  system_powerdown: Command<Empty, Empty>;
  /** Wakes a sleeping guest up. Guests of this board do not sleep: the error says so. */
  system_wakeup: Command<Empty, Empty>;
  /** Sets what follows when the guest resets or ends the machine. What is left out stays. */
  'set-action': Command<SetActionArguments, Empty>;
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
  /** The power button of the machine has been pressed. This board has none that its guest could see. */
  POWERDOWN: Empty;
  /** A dump of the memory of the guest has come to its end. */
  DUMP_COMPLETED: DumpCompletedData;
  /** A job has come further. */
  JOB_STATUS_CHANGE: JobStatusChangeData;
  /** A plugin has been loaded and sees every event. */
  INSTR_LOADED: InstrLoadedData;
  /** A plugin has been removed, on demand or because it failed. */
  INSTR_UNLOADED: InstrUnloadedData;
  /** A plugin has failed and is being removed; the guest runs on. */
  INSTR_ERROR: InstrErrorData;
}

export interface BlockDeviceInfo {
  /** The file. */
  readonly file: string;
  /** Name of the node; one that nobody has named begins with `#`. */
  readonly 'node-name': string;
  /** True if it can only be read. */
  readonly ro: boolean;
  /** `raw`, or `file` for what lies below. */
  readonly drv: string;
  /** Images below this one that show through. */
  readonly backing_file_depth: Integer;
  /** True if it is encrypted. */
  readonly encrypted: boolean;
  /** What is done about zeros. */
  readonly detect_zeroes: BlockdevDetectZeroesOptions;
  /** Limit of the rate; 0 for none. */
  readonly bps: Integer;
  /** Limit of the rate; 0 for none. */
  readonly bps_rd: Integer;
  /** Limit of the rate; 0 for none. */
  readonly bps_wr: Integer;
  /** Limit of the rate; 0 for none. */
  readonly iops: Integer;
  /** Limit of the rate; 0 for none. */
  readonly iops_rd: Integer;
  /** Limit of the rate; 0 for none. */
  readonly iops_wr: Integer;
  readonly image: ImageInfo;
  readonly cache: BlockdevCacheInfo;
  /** Offset of which a write is reported; 0 for none. */
  readonly write_threshold: Integer;
}

/** Always `ok`: the guest is told of errors. */
export type BlockDeviceIoStatus = 'ok' | 'failed' | 'nospace';

export interface BlockDeviceStats {
  /** Bytes read. */
  readonly rd_bytes: Integer;
  /** Bytes written. */
  readonly wr_bytes: Integer;
  /** Bytes discarded. */
  readonly unmap_bytes: Integer;
  /** Reads done. */
  readonly rd_operations: Integer;
  /** Writes done. */
  readonly wr_operations: Integer;
  /** Flushes done. */
  readonly flush_operations: Integer;
  /** Discards done. */
  readonly unmap_operations: Integer;
  /** Nanoseconds that reads took. */
  readonly rd_total_time_ns: Integer;
  /** Nanoseconds that writes took. */
  readonly wr_total_time_ns: Integer;
  /** Nanoseconds that flushes took. */
  readonly flush_total_time_ns: Integer;
  /** Nanoseconds that discards took. */
  readonly unmap_total_time_ns: Integer;
  /** First byte behind those that have been written. */
  readonly wr_highest_offset: Integer;
  /** Reads that were joined to others. */
  readonly rd_merged: Integer;
  /** Writes that were joined to others. */
  readonly wr_merged: Integer;
  /** Discards that were joined to others. */
  readonly unmap_merged: Integer;
  /** Nanoseconds since the last operation; absent before the first. */
  readonly idle_time_ns?: Integer;
  /** Reads that the host refused. */
  readonly failed_rd_operations: Integer;
  /** Writes that the host refused. */
  readonly failed_wr_operations: Integer;
  /** Flushes that the host refused. */
  readonly failed_flush_operations: Integer;
  /** Discards that the host refused. */
  readonly failed_unmap_operations: Integer;
  /** Reads that made no sense: those do not get here. */
  readonly invalid_rd_operations: Integer;
  /** Writes that made no sense: those do not get here. */
  readonly invalid_wr_operations: Integer;
  /** Flushes that made no sense. */
  readonly invalid_flush_operations: Integer;
  /** Discards that made no sense. */
  readonly invalid_unmap_operations: Integer;
  /** True if what makes no sense counts as the last operation. */
  readonly account_invalid: boolean;
  /** True if what was refused counts as the last operation. */
  readonly account_failed: boolean;
  /** Statistics of intervals: there are none. */
  readonly timed_stats: readonly BlockDeviceTimedStats[];
}

export type BlockDeviceTimedStats = Empty;

export interface BlockInfo {
  /** Id of the drive; empty for a node of `-blockdev`. */
  readonly device: string;
  /** Path of the device that it belongs to. */
  readonly qdev?: string;
  /** Always `unknown`. */
  readonly type: string;
  /** True if the medium can be taken out. */
  readonly removable: boolean;
  /** True if the guest has locked it in. */
  readonly locked: boolean;
  readonly inserted?: BlockDeviceInfo;
  /** Always `ok`: the guest is told of errors. */
  readonly 'io-status'?: BlockDeviceIoStatus;
}

export interface BlockStats {
  /** Id of the drive; absent for a node. */
  readonly device?: string;
  /** Path of the device that it belongs to. */
  readonly qdev?: string;
  /** Name of the node. */
  readonly 'node-name'?: string;
  readonly stats: BlockDeviceStats;
}

export interface BlockdevCacheInfo {
  /** True if what is written is safe only when it has been flushed. */
  readonly writeback: boolean;
  /** True if the host's page cache is passed by. */
  readonly direct: boolean;
  /** True if flushing does nothing. */
  readonly 'no-flush': boolean;
}

/** What is done about zeros. */
export type BlockdevDetectZeroesOptions = 'off' | 'on' | 'unmap';

export interface ChardevAddArguments {
  /** Its id. */
  readonly id: string;
  /** What the device is made of. */
  readonly backend: ChardevBackend;
}

/** What the device is made of. */
export type ChardevBackend =
  | { readonly type: 'null'; readonly data: Empty }
  | { readonly type: 'file'; readonly data: ChardevFile }
  | { readonly type: 'socket'; readonly data: ChardevSocket }
  | { readonly type: 'pty'; readonly data: Empty }
  | { readonly type: 'ringbuf'; readonly data: ChardevRingbuf };

export interface ChardevBackendInfo {
  /** The backend. */
  readonly name: string;
}

/** Which of them it is. */
export type ChardevBackendKind = 'null' | 'file' | 'socket' | 'pty' | 'ringbuf';

export interface ChardevChangeArguments {
  /** Its id. */
  readonly id: string;
  /** What the device is made of. */
  readonly backend: ChardevBackend;
}

export interface ChardevFile {
  /** The file that takes the output. */
  readonly out: string;
  /** Keep what it holds already. */
  readonly append?: boolean;
}

export interface ChardevInfo {
  /** Its id. */
  readonly label: string;
  /** What it is connected to. */
  readonly filename: string;
  /** True if a device or a monitor uses it. */
  readonly 'frontend-open': boolean;
}

export interface ChardevRemoveArguments {
  /** Its id. */
  readonly id: string;
}

export interface ChardevReturn {
  /** Path of the pseudo terminal, of one. */
  readonly pty?: string;
}

export interface ChardevRingbuf {
  /** Bytes that are kept, a power of two; 65536 by default. */
  readonly size?: Integer;
}

export interface ChardevSocket {
  /** Where it listens, or to whom it connects. */
  readonly addr: SocketAddressLegacy;
  /** Listen, which is the default, or connect. */
  readonly server?: boolean;
}

export interface CommandInfo {
  /** Name of the command. */
  readonly name: string;
}

export interface CommandLineOptionInfo {
  /** The option, without its dash. */
  readonly option: string;
  /** What it takes by name. */
  readonly parameters: readonly CommandLineParameterInfo[];
}

export interface CommandLineParameterInfo {
  /** Name of the parameter. */
  readonly name: string;
  /** How the value is written; `boolean` is `on` or `off`. */
  readonly type: CommandLineParameterType;
}

/** How the value is written; `boolean` is `on` or `off`. */
export type CommandLineParameterType = 'string' | 'boolean' | 'number' | 'size';

export interface CpuDefinitionInfo {
  /** What to give to `-cpu`. */
  readonly name: string;
  /** Its type in the object tree. */
  readonly typename: string;
  /** True if its features are the same on every machine and in every version. */
  readonly static: boolean;
  /** Features that keep it from running here. */
  readonly 'unavailable-features': readonly string[];
  /** True if it is going to be removed. */
  readonly deprecated: boolean;
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

export interface CurrentMachineParams {
  /** True if the guest can be woken up from sleep. */
  readonly 'wakeup-suspend-support': boolean;
}

/** How bytes are written as text; `utf8` by default. */
export type DataFormat = 'utf8' | 'base64';

export interface DeviceAddArguments {
  /** The model. */
  readonly driver: string;
  /** The bus. */
  readonly bus?: string;
  /** The id that the device is to have. */
  readonly id?: string;
  readonly [member: string]: unknown;
}

export interface DeviceDelArguments {
  /** Its id, or its path in the object tree. */
  readonly id: string;
}

export interface DeviceListPropertiesArguments {
  /** Name of the type. */
  readonly typename: string;
}

export interface DumpCompletedData {
  readonly result: DumpQueryResult;
  /** Why it failed, if it did. */
  readonly error?: string;
}

export interface DumpGuestMemoryArguments {
  /** Show virtual addresses, as the vCPUs translate them now, besides physical ones. */
  readonly paging: boolean;
  /** `file:` and the path of the file. */
  readonly protocol: string;
  /** Return at once; DUMP_COMPLETED tells of the end. */
  readonly detach?: boolean;
  /** Physical address from which on to write; with `length`. */
  readonly begin?: Integer;
  /** Bytes from there on; with `begin`. */
  readonly length?: Integer;
  /** A core file. */
  readonly format?: DumpGuestMemoryFormat;
}

export interface DumpGuestMemoryCapability {
  /** The formats that `dump-guest-memory` can write. */
  readonly formats: readonly DumpGuestMemoryFormat[];
}

/** A core file. */
export type DumpGuestMemoryFormat = 'elf';

export interface DumpQueryResult {
  /** `none`: there has not been one. `active`: it is being written. */
  readonly status: DumpStatus;
  /** Bytes of memory that have been written. */
  readonly completed: Integer;
  /** Bytes of memory that are to be written. */
  readonly total: Integer;
}

/** `none`: there has not been one. `active`: it is being written. */
export type DumpStatus = 'none' | 'active' | 'completed' | 'failed';

export interface FdSocketAddress {
  /** File descriptor of a socket, a number. */
  readonly str: string;
}

export interface HumanMonitorCommandArguments {
  /** The line. */
  readonly 'command-line': string;
  /** The vCPU that the line is about, by default the first. */
  readonly 'cpu-index'?: Integer;
}

export interface HumanReadableText {
  /** Lines, for people. */
  readonly 'human-readable-text': string;
}

export interface IOThreadInfo {
  /** Its id. */
  readonly id: string;
  /** Host thread that it is. */
  readonly 'thread-id': Integer;
}

export interface ImageInfo {
  /** The file. */
  readonly filename: string;
  /** Its format. */
  readonly format: string;
  /** True if it was not closed as it should have been. */
  readonly 'dirty-flag': boolean;
  /** Bytes that the guest sees. */
  readonly 'virtual-size': Integer;
  /** Bytes that it takes on the host; absent where the file has gone. */
  readonly 'actual-size'?: Integer;
}

export interface InetSocketAddress {
  /** The host. */
  readonly host: string;
  /** The port, a number. */
  readonly port: string;
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

export interface InterruptContext {
  /** The vCPU that it interrupts. */
  readonly 'cpu-index': Integer;
  /** The mode of it that it interrupts. */
  readonly mode: InterruptMode;
  /** Only higher priorities interrupt. */
  readonly threshold: Integer;
}

export interface InterruptControllerInfo {
  /** Name of the controller. */
  readonly name: string;
  /** What it drives. */
  readonly contexts: readonly InterruptContext[];
  /** What drives it: those that are enabled, have a priority or have been of any use. */
  readonly sources: readonly InterruptSource[];
}

/** The mode of it that it interrupts. */
export type InterruptMode = 'machine' | 'supervisor';

export interface InterruptSource {
  /** Number of the source. */
  readonly source: Integer;
  /** Its priority; 0 never interrupts. */
  readonly priority: Integer;
  /** True while its line is high. */
  readonly level: boolean;
  /** True while it waits to be claimed. */
  readonly pending: boolean;
  /** True from its claim to its completion. */
  readonly claimed: boolean;
  /** Contexts that have enabled it, by their places in the list. */
  readonly enabled: readonly Integer[];
  /** Times that it has been claimed since the last reset. */
  readonly claims: Integer;
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

export interface MachineInfo {
  /** What to give to `-machine`. */
  readonly name: string;
  /** True for the machine that is made where no option asks for one. */
  readonly 'is-default'?: boolean;
  /** The most vCPUs that it can have. */
  readonly 'cpu-max': Integer;
  /** True if vCPUs can be plugged in while it runs. */
  readonly 'hotpluggable-cpus': boolean;
  /** True if memory can be split into nodes. */
  readonly 'numa-mem-supported': boolean;
  /** True if it is going to be removed. */
  readonly deprecated: boolean;
  /** The type of its vCPUs. */
  readonly 'default-cpu-type': string;
  /** The id of its RAM. */
  readonly 'default-ram-id': string;
}

export interface Memdev {
  /** Its id. */
  readonly id: string;
  /** Bytes. */
  readonly size: Integer;
  /** True if equal pages may be kept once. */
  readonly merge: boolean;
  /** True if it is part of core files of the emulator. */
  readonly dump: boolean;
  /** True if it was filled in before the start. */
  readonly prealloc: boolean;
  /** True if other processes see it. */
  readonly share: boolean;
}

export interface MemoryInfo {
  /** Bytes of RAM. */
  readonly 'base-memory': Integer;
}

export interface MemsaveArguments {
  /** The virtual address. */
  readonly val: Integer;
  /** Bytes of memory. */
  readonly size: Integer;
  /** The file, which is written anew. */
  readonly filename: string;
  /** The vCPU that translates the address, by default the first. */
  readonly 'cpu-index'?: Integer;
}

export interface MigrationCapabilityStatus {
  /** Name of the capability. */
  readonly capability: string;
  /** True if it is on. */
  readonly state: boolean;
}

export interface MigrationInfo {
  /** How far it has come. */
  readonly status?: string;
}

export interface NameInfo {
  /** The value of `-name`; absent without one. */
  readonly name?: string;
}

/** Kind of the back end. */
export type NetClientDriver = 'user' | 'socket' | 'stream' | 'dgram';

export interface NetClientInfo {
  /** The id; of a device without one, its model and a number. */
  readonly name: string;
  /** `nic`: a network device. Else the kind of back end. */
  readonly type: NetClientType;
  /** Of a device: its model. */
  readonly model?: string;
  /** Of a device: its hardware address. */
  readonly macaddr?: string;
  /** Of a back end: what it leads to. */
  readonly info?: string;
  /** What is at the other end of the cable; absent where nothing is. */
  readonly peer?: string;
}

/** `nic`: a network device. Else the kind of back end. */
export type NetClientType = 'nic' | 'user' | 'stream' | 'dgram';

export interface NetdevAddArguments {
  /** Kind of the back end. */
  readonly type: NetClientDriver;
  /** Its id. */
  readonly id: string;
  readonly [member: string]: unknown;
}

export interface NetdevDelArguments {
  /** Id of the back end. */
  readonly id: string;
}

export interface ObjectAddArguments {
  /** Type of the object. */
  readonly 'qom-type': ObjectType;
  /** Its id. */
  readonly id: string;
  readonly [member: string]: unknown;
}

export interface ObjectDelArguments {
  /** Id of the object. */
  readonly id: string;
}

export interface ObjectPropertyInfo {
  /** Name of the property. */
  readonly name: string;
  /** Its type; `child<TYPE>` for an object below this one, `link<TYPE>` for one elsewhere. */
  readonly type: string;
  /** What it says. */
  readonly description?: string;
  /** What it is unless something else is asked for. */
  readonly 'default-value'?: unknown;
}

/** Type of the object. */
export type ObjectType = 'rng-builtin' | 'rng-random';

export interface ObjectTypeInfo {
  /** Name of the type. */
  readonly name: string;
  /** True if there are no objects of just this type. */
  readonly abstract?: boolean;
  /** What it derives from. */
  readonly parent?: string;
}

export interface PmemsaveArguments {
  /** The physical address. */
  readonly val: Integer;
  /** Bytes of memory. */
  readonly size: Integer;
  /** The file, which is written anew. */
  readonly filename: string;
}

/** `oob`: commands may be sent with `exec-oob`. */
export type QMPCapability = 'oob';

export interface QmpCapabilitiesArguments {
  /** Capabilities of the greeting that the client wants to use. */
  readonly enable?: readonly QMPCapability[];
}

export interface QomGetArguments {
  /** Its path, or the end of one if that is unambiguous: `/machine/soc0`, `soc0`. */
  readonly path: string;
  /** Name of the property. */
  readonly property: string;
}

export interface QomListArguments {
  /** Its path, or the end of one if that is unambiguous: `/machine/soc0`, `soc0`. */
  readonly path: string;
}

export interface QomListPropertiesArguments {
  /** Name of the type. */
  readonly typename: string;
}

export interface QomListTypesArguments {
  /** Only this type and those that derive from it. */
  readonly implements?: string;
  /** Also types that no object is of just by itself; by default not. */
  readonly abstract?: boolean;
}

export interface QueryBlockstatsArguments {
  /** All nodes, without their devices. */
  readonly 'query-nodes'?: boolean;
}

export interface QueryCommandLineOptionsArguments {
  /** The option, without its dash; by default all. */
  readonly option?: string;
}

export interface QueryNamedBlockNodesArguments {
  /** Leave out what the image lies on: there is nothing. */
  readonly flat?: boolean;
}

export interface QueryRxFilterArguments {
  /** Only this device. */
  readonly name?: string;
}

export interface QueryTlbArguments {
  /** The vCPU, by default the first. */
  readonly 'cpu-index'?: Integer;
}

export interface QueryVirtioQueueStatusArguments {
  /** Path of the device. */
  readonly path: string;
  /** Number of the queue. */
  readonly queue: Integer;
}

export interface QueryVirtioStatusArguments {
  /** Path of the device. */
  readonly path: string;
}

/** What follows when the guest resets the machine: `shutdown` ends it. */
export type RebootAction = 'reset' | 'shutdown';

export interface ResetData {
  /** True if the guest asked for it, false if the host did. */
  readonly guest: boolean;
  /** Who asked for the reset or the end of the machine. */
  readonly reason: ShutdownCause;
}

export interface RingbufReadArguments {
  /** Id of the ring buffer. */
  readonly device: string;
  /** The most bytes to take. */
  readonly size: Integer;
  /** How bytes are written as text; `utf8` by default. */
  readonly format?: DataFormat;
}

export interface RingbufWriteArguments {
  /** Id of the ring buffer. */
  readonly device: string;
  /** What to add. */
  readonly data: string;
  /** How bytes are written as text; `utf8` by default. */
  readonly format?: DataFormat;
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

export interface RxFilterInfo {
  /** The device. */
  readonly name: string;
  /** True if it takes frames for others. */
  readonly promiscuous: boolean;
  /** `normal`: what the table lists. `all`: everything. */
  readonly multicast: RxState;
  /** `normal`: what the table lists. `all`: everything. */
  readonly unicast: RxState;
  /** `normal`: what the table lists. `all`: everything. */
  readonly vlan: RxState;
  /** True if it takes broadcasts. */
  readonly 'broadcast-allowed': boolean;
  /** True if there were too many addresses for the table. */
  readonly 'multicast-overflow': boolean;
  /** True if there were too many addresses for the table. */
  readonly 'unicast-overflow': boolean;
  /** Its hardware address. */
  readonly 'main-mac': string;
  /** VLANs it takes frames of. */
  readonly 'vlan-table': readonly Integer[];
  /** Addresses it takes frames for, besides its own. */
  readonly 'unicast-table': readonly string[];
  /** Groups it takes frames for. */
  readonly 'multicast-table': readonly string[];
}

/** `normal`: what the table lists. `all`: everything. */
export type RxState = 'normal' | 'none' | 'all';

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
  /** Of an object with variants: the member that says which one it is. */
  readonly tag?: string;
  /** Of such an object: what more it has, by the value of the tag. */
  readonly variants?: readonly SchemaInfoVariant[];
  /** Of an object: its members. Of an enum: its values. */
  readonly members?: readonly SchemaInfoMember[];
  /** Of a command: the object of its arguments. Of an event: the object of its data. */
  readonly 'arg-type'?: string;
  /** Of a command: present and true where `exec-oob` may run it. */
  readonly 'allow-oob'?: boolean;
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

export interface SchemaInfoVariant {
  /** Value of the tag. */
  readonly case: string;
  /** Object of the members that it adds. */
  readonly type: string;
}

/** What the entry describes. */
export type SchemaMetaType = 'builtin' | 'enum' | 'array' | 'object' | 'command' | 'event';

export interface ScreendumpArguments {
  /** The file. */
  readonly filename: string;
  /** The display device. */
  readonly device?: string;
}

export interface SetActionArguments {
  /** What follows when the guest resets the machine: `shutdown` ends it. */
  readonly reboot?: RebootAction;
  /**
   * What follows when the guest ends the machine: `poweroff` ends the program, `pause` lets it stay for its clients.
   */
  readonly shutdown?: ShutdownAction;
}

export interface SetLinkArguments {
  /** The device, or its back end. */
  readonly name: string;
  /** True to plug it in. */
  readonly up: boolean;
}

/** What follows when the guest ends the machine: `poweroff` ends the program, `pause` lets it stay for its clients. */
export type ShutdownAction = 'poweroff' | 'pause';

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

/** Where it listens, or to whom it connects. */
export type SocketAddressLegacy =
  | { readonly type: 'unix'; readonly data: UnixSocketAddress }
  | { readonly type: 'inet'; readonly data: InetSocketAddress }
  | { readonly type: 'fd'; readonly data: FdSocketAddress };

/** Which of them it is. */
export type SocketAddressLegacyKind = 'unix' | 'inet' | 'fd';

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

export interface TlbPage {
  /** Address of the page as the guest uses it. */
  readonly virtual: Integer;
  /** Its physical address. */
  readonly physical: Integer;
  /** Bytes of the page. */
  readonly size: Integer;
  /** Bytes that one entry of the page table maps, or that memory protection treats alike. */
  readonly 'entry-size': Integer;
  /** True if it is read without looking further. */
  readonly read: boolean;
  /** True if it is written without looking further; false, too, where translated code lies in it. */
  readonly write: boolean;
  /** True if it holds in every address space. */
  readonly global: boolean;
  /** The rights of the accesses: `machine`, `supervisor`, `supervisor-and-user`, `user`, `executable`. */
  readonly mode: string;
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

export interface UnixSocketAddress {
  /** Its path. */
  readonly path: string;
}

export interface UuidInfo {
  /** The value of `-uuid`; zeros without one. */
  readonly UUID: string;
}

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

export interface VirtQueueStatus {
  /** Kind of the device. */
  readonly name: string;
  /** Number of the queue. */
  readonly 'queue-index': Integer;
  /** True if the driver has set it up. */
  readonly ready: boolean;
  /** Chains that have been taken and not given back. */
  readonly inuse: Integer;
  /** Chains that have been given back, modulo 2^16. */
  readonly 'used-idx': Integer;
  /** Chains that have been taken, modulo 2^16. */
  readonly 'last-avail-idx': Integer;
  /** Descriptors. */
  readonly 'vring-num': Integer;
  /** Address of the descriptor table. */
  readonly 'vring-desc': Integer;
  /** Address of the available ring. */
  readonly 'vring-avail': Integer;
  /** Address of the used ring. */
  readonly 'vring-used': Integer;
}

export interface VirtioDeviceFeatures {
  /** Numbers of the bits that are set. */
  readonly bits: readonly Integer[];
  /** The names of those that have one. */
  readonly names: readonly string[];
}

export interface VirtioDeviceStatus {
  /** Bits of the status, by name. */
  readonly statuses: readonly string[];
}

export interface VirtioInfo {
  /** Path of the device. */
  readonly path: string;
  /** Its kind, such as `virtio-blk`. */
  readonly name: string;
}

export interface VirtioStatus {
  /** Its kind, such as `virtio-blk`. */
  readonly name: string;
  /** The kind, as a number. */
  readonly 'device-id': Integer;
  /** Queues. */
  readonly 'num-vqs': Integer;
  /** The queue that the driver has selected. */
  readonly 'queue-sel': Integer;
  /** What it has interrupted for: 1 for used buffers, 2 for a change of its configuration or status. */
  readonly isr: Integer;
  /** True if the driver has broken a rule: the device needs a reset. */
  readonly broken: boolean;
  /** True if the driver has said that it is ready. */
  readonly started: boolean;
  readonly status: VirtioDeviceStatus;
  readonly 'host-features': VirtioDeviceFeatures;
  readonly 'guest-features': VirtioDeviceFeatures;
}

export interface YankArguments {
  /** Whose connections are to be cut. */
  readonly instances: readonly YankInstance[];
}

export interface YankInstance {
  /** What it is. */
  readonly type: YankInstanceType;
  /** Id of the character device. */
  readonly id: string;
}

/** What it is. */
export type YankInstanceType = 'chardev';
