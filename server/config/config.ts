/** What the command line asks for, complete and checked: the daemon does as it says. */
import type { MachineType } from '../../schema/config.ts';
import type { ChardevSpec } from '../chardev/spec.ts';
import type { DeviceSpec } from './devices.ts';
import type { DriveSpec } from './drives.ts';
import type { GdbSpec } from './gdb.ts';
import type { JsonRpcSpec } from './json-rpc.ts';
import type { NetdevSpec } from './netdevs.ts';
import type { FwCfgSpec, RngSpec, TlsCredsSpec } from './objects.ts';

export interface MonitorSpec {
  /** Id of its character device. */
  readonly chardev: string;
  /** `readline` is the human monitor, `control` is QMP. */
  readonly mode: 'readline' | 'control';
  readonly pretty: boolean;
  /** The option that asked for it, for messages. */
  readonly option: string;
}

export interface PluginSpec {
  readonly path: string;
  readonly args: readonly string[];
  readonly id: string;
  readonly option: string;
}

export interface TraceSpec {
  /** Name or pattern of the events to switch on; `-` in front switches off. */
  readonly patterns: readonly { readonly pattern: string; readonly option: string }[];
  /** Files that hold one pattern a line. */
  readonly files: readonly { readonly path: string; readonly option: string }[];
  /** Where the lines go; undefined for the log. */
  readonly output?: { readonly path: string; readonly option: string } | undefined;
}

export interface Config {
  readonly machine: MachineType;
  readonly smp: number;
  readonly ramBytes: number;
  /** Path of the firmware. */
  readonly bios?: string | undefined;
  /** Path of the kernel. */
  readonly kernel?: string | undefined;
  readonly append?: string | undefined;
  /** Path of the initial RAM disk. */
  readonly initrd?: string | undefined;
  /** Path of a device tree in place of the board's own. */
  readonly dtb?: string | undefined;
  readonly name?: string | undefined;
  readonly uuid?: string | undefined;
  readonly chardevs: readonly ChardevSpec[];
  /** What the serial line is connected to, undefined for nothing. */
  readonly serial?: { readonly chardev: string; readonly option: string } | undefined;
  readonly drives: readonly DriveSpec[];
  /** Ids of the drives in the flash banks. */
  readonly flash: readonly (string | undefined)[];
  readonly netdevs: readonly NetdevSpec[];
  readonly rngs: readonly RngSpec[];
  /** By virtio slot; what they refer to is there. */
  readonly devices: readonly (DeviceSpec | undefined)[];
  readonly fwCfg: readonly FwCfgSpec[];
  /** In the order in which a mux offers them. */
  readonly monitors: readonly MonitorSpec[];
  /** Where debuggers are served. */
  readonly gdb?: GdbSpec | undefined;
  /** Where JSON-RPC is served; the credentials that it refers to are there. */
  readonly jsonRpc: readonly JsonRpcSpec[];
  readonly tlsCreds: readonly TlsCredsSpec[];
  /** Loaded in this order before the guest runs. */
  readonly plugins: readonly PluginSpec[];
  readonly trace: TraceSpec;
  /** Folder in which snapshots are kept. */
  readonly snapshots?: string | undefined;
  /** Tag of the snapshot to start from. */
  readonly loadvm?: string | undefined;
  /** Wait for `cont`. */
  readonly paused: boolean;
  /** A guest that resets the machine ends it. */
  readonly noReboot: boolean;
  /** A guest that ends the machine does not end the daemon. */
  readonly noShutdown: boolean;
  readonly logFile?: string | undefined;
  readonly pidFile?: string | undefined;
  readonly daemonize: boolean;
}
