/** From what the options said to a complete configuration: limits, defaults, and who shares which character device. */
import { FLASH_BANKS } from '../../core/machine/equipment.ts';
import {
  CPU_MODEL,
  MACHINE_TYPE_DEFAULT,
  MACHINE_TYPES,
  type MachineType,
  RAM_BYTES_DEFAULT,
  RAM_BYTES_MAX,
  RAM_BYTES_MIN,
  RAM_BYTES_UNIT,
  SMP_MAX,
  SMP_MIN,
} from '../../schema/config.ts';
import { type ChardevSpec, parseDevice } from '../chardev/spec.ts';
import { UsageError } from '../errors.ts';
import { MACHINE_PROPERTIES, takeAccepted } from './accepted.ts';
import type { Config, MonitorSpec, PluginSpec, TraceSpec } from './config.ts';
import type { ConsoleSpec, DeviceSpec } from './devices.ts';
import type { DriveSpec } from './drives.ts';
import type { GdbSpec } from './gdb.ts';
import type { JsonRpcSpec } from './json-rpc.ts';
import { KeyValues } from './key-values.ts';
import type { NetdevSpec } from './netdevs.ts';
import type { FwCfgSpec, ObjectSpec, RngSpec, TlsCredsSpec } from './objects.ts';
import { devicesBySlot } from './slots.ts';

/** What `-serial` asks for. */
export interface SerialArgument {
  /** A device of its own, the id of one that `-chardev` makes, or nothing. */
  readonly chardev: ChardevSpec | string | undefined;
  /** A human monitor shares the device. */
  readonly monitor: boolean;
  readonly option: string;
}

/** What the options have said so far. */
export interface Draft {
  machine: string;
  cpu: string | undefined;
  smp: KeyValues;
  /** Bytes; 0 for the default. */
  ramBytes: number;
  bios: string | undefined;
  kernel: string | undefined;
  append: string | undefined;
  initrd: string | undefined;
  dtb: string | undefined;
  name: string | undefined;
  uuid: string | undefined;
  nographic: boolean;
  display: boolean;
  defaults: boolean;
  readonly chardevs: ChardevSpec[];
  readonly serials: SerialArgument[];
  readonly monitors: MonitorSpec[];
  /** A device of its own for debuggers, or the id of one that `-chardev` makes. */
  gdb: { readonly chardev: ChardevSpec | string; readonly option: string } | undefined;
  readonly jsonRpc: JsonRpcSpec[];
  readonly drives: DriveSpec[];
  /** Ids of drives, by bank. */
  readonly flash: (string | undefined)[];
  readonly netdevs: NetdevSpec[];
  readonly objects: ObjectSpec[];
  readonly devices: (DeviceSpec | ConsoleSpec)[];
  readonly fwCfg: FwCfgSpec[];
  snapshot: boolean;
  readonly plugins: Omit<PluginSpec, 'id'>[];
  readonly trace: {
    patterns: TraceSpec['patterns'][number][];
    files: TraceSpec['files'][number][];
    output: TraceSpec['output'];
  };
  snapshots: string | undefined;
  loadvm: string | undefined;
  paused: boolean;
  noReboot: boolean;
  noShutdown: boolean;
  logFile: string | undefined;
  pidFile: string | undefined;
  daemonize: boolean;
}

export const emptyDraft = (): Draft => ({
  machine: MACHINE_TYPE_DEFAULT,
  cpu: undefined,
  smp: new KeyValues([]),
  ramBytes: 0,
  bios: undefined,
  kernel: undefined,
  append: undefined,
  initrd: undefined,
  dtb: undefined,
  name: undefined,
  uuid: undefined,
  nographic: false,
  display: true,
  defaults: true,
  chardevs: [],
  serials: [],
  monitors: [],
  gdb: undefined,
  jsonRpc: [],
  drives: [],
  flash: Array.from({ length: FLASH_BANKS }),
  netdevs: [],
  objects: [],
  devices: [],
  fwCfg: [],
  snapshot: false,
  plugins: [],
  trace: { patterns: [], files: [], output: undefined },
  snapshots: undefined,
  loadvm: undefined,
  paused: false,
  noReboot: false,
  noShutdown: false,
  logFile: undefined,
  pidFile: undefined,
  daemonize: false,
});

/** @throws UsageError what does not fit together */
export function configure(draft: Draft): Config {
  const { bios, kernel, append, initrd, cpu } = draft;
  if (cpu !== undefined && cpu !== CPU_MODEL) throw new UsageError(`unable to find CPU model '${cpu}'`);
  if (append !== undefined && kernel === undefined) throw new UsageError('-append only allowed with -kernel option');
  if (initrd !== undefined && kernel === undefined) throw new UsageError('-initrd only allowed with -kernel option');
  if (draft.flash[0] !== undefined && bios === undefined && kernel === undefined)
    throw new UsageError('firmware is not executed from flash: give it with -bios, or a kernel with -kernel');
  if (draft.loadvm !== undefined && draft.snapshots === undefined)
    throw new UsageError('-loadvm only allowed with -snapshots option');
  const rngs = draft.objects.filter((object): object is RngSpec => object.type !== 'tls-creds-x509');
  const devices = devicesBySlot({ ...draft, rngs });
  return {
    machine: machineType(draft.machine),
    smp: smpFrom(draft.smp),
    ramBytes: ramBytesFrom(draft.ramBytes),
    bios: bios === 'none' || bios === 'default' ? undefined : bios,
    kernel,
    append,
    initrd,
    dtb: draft.dtb,
    name: draft.name,
    uuid: draft.uuid,
    ...connections(draft, devices),
    drives: draft.snapshot ? draft.drives.map((drive) => ({ ...drive, snapshot: true })) : draft.drives,
    flash: draft.flash,
    netdevs: draft.netdevs,
    rngs,
    tlsCreds: tlsCredsFrom(draft),
    jsonRpc: draft.jsonRpc,
    devices,
    fwCfg: draft.fwCfg,
    plugins: draft.plugins.map((plugin, n) => ({ ...plugin, id: n === 0 ? 'cmdline' : `cmdline${n}` })),
    trace: draft.trace,
    snapshots: draft.snapshots,
    loadvm: draft.loadvm,
    paused: draft.paused,
    noReboot: draft.noReboot,
    noShutdown: draft.noShutdown,
    logFile: draft.logFile,
    pidFile: draft.pidFile,
    daemonize: draft.daemonize,
  };
}

function tlsCredsFrom({ objects, jsonRpc }: Draft): readonly TlsCredsSpec[] {
  const all = objects.filter((object): object is TlsCredsSpec => object.type === 'tls-creds-x509');
  for (const { tlsCreds, option } of jsonRpc) {
    if (tlsCreds !== undefined && !all.some(({ id }) => id === tlsCreds))
      throw new UsageError(`${option}: No TLS credentials with id '${tlsCreds}'`);
  }
  return all;
}

function machineType(argument: string): MachineType {
  const properties = KeyValues.parse(argument, 'type');
  const type = properties.take('type') ?? MACHINE_TYPE_DEFAULT;
  if (!Object.hasOwn(MACHINE_TYPES, type)) {
    throw new UsageError('unsupported machine type', 'Use -machine help to list supported machines');
  }
  const accelerator = properties.take('accel') ?? 'tcg';
  if (accelerator !== 'tcg') throw new UsageError(`invalid accelerator ${accelerator}`);
  takeAccepted(properties, MACHINE_PROPERTIES);
  if (properties.unknown !== undefined)
    throw new UsageError(`Property '${type}-machine.${properties.unknown}' not found`);
  return type as MachineType;
}

/** What a topology is made of, from the outside in. */
const LEVELS = ['sockets', 'dies', 'clusters', 'cores', 'threads'] as const;

/** The number of vCPUs. A topology is accepted where it agrees; the guest does not see it. */
function smpFrom(values: KeyValues): number {
  function take(name: string): number | undefined {
    const text = values.take(name);
    if (text === undefined) return undefined;
    if (!/^[+-]?\d+$/.test(text)) throw new UsageError(`Parameter 'smp.${name}' expects integer`);
    if (Number(text) === 0) {
      throw new UsageError('Invalid CPU topology: CPU topology parameters must be greater than zero');
    }
    return Number(text);
  }

  const cpus = take('cpus');
  const maximum = take('maxcpus');
  const topology = LEVELS.flatMap((level): [string, number][] => {
    const number = take(level);
    return number === undefined ? [] : [[level, number]];
  });
  if (values.unknown !== undefined) throw new UsageError(`Parameter 'smp.${values.unknown}' is unexpected`);

  const product = topology.reduce((all, [, number]) => all * number, 1);
  const smp = cpus ?? maximum ?? product;
  if (!(smp >= SMP_MIN && smp <= SMP_MAX)) {
    throw new UsageError(`Invalid SMP CPUs ${smp}. The max CPUs supported by machine 'virt' is ${SMP_MAX}`);
  }
  const all = maximum ?? smp;
  // Where no sockets are named, there are as many as it takes.
  const agrees = topology.some(([level]) => level === 'sockets') ? product === all : all % product === 0;
  if (!agrees) {
    const shown = topology.map(([level, number]) => `${level} (${number})`).join(' * ');
    throw new UsageError(
      `Invalid CPU topology: product of the hierarchy must match maxcpus: ${shown} != maxcpus (${all})`,
    );
  }
  if (all !== smp) {
    throw new UsageError(
      `Invalid CPU topology: maxcpus (${all}) must equal cpus (${smp}): no vCPU can be plugged in later`,
    );
  }
  return smp;
}

function ramBytesFrom(asked: number): number {
  const bytes = Math.ceil((asked || RAM_BYTES_DEFAULT) / RAM_BYTES_UNIT) * RAM_BYTES_UNIT;
  if (bytes < RAM_BYTES_MIN || bytes > RAM_BYTES_MAX) {
    const mib = (size: number): string => `${size / 2 ** 20} MiB`;
    throw new UsageError(
      `machine 'virt' takes ${mib(RAM_BYTES_MIN)} to ${mib(RAM_BYTES_MAX)} of RAM, and -m asks for ${mib(bytes)}`,
    );
  }
  return bytes;
}

/**
 * The argument of `-serial`.
 * @throws UsageError
 */
export function parseSerial(device: string, option: string): SerialArgument {
  if (device === 'none') return { chardev: undefined, monitor: false, option };
  const id = /^chardev:(.*)$/s.exec(device)?.[1];
  if (id !== undefined) return { chardev: id, monitor: false, option };
  return { ...parseDevice(device, 'serial0', option), option };
}

/** The serial line, the monitors and their character devices, with those that nobody had to ask for. */
function connections(
  draft: Draft,
  devices: Config['devices'],
): Pick<Config, 'chardevs' | 'serial' | 'monitors' | 'gdb'> {
  const [argument = parseSerial(defaultSerial(draft), '-serial'), extra] = draft.serials;
  if (extra !== undefined) throw new UsageError(`${extra.option}: machine 'virt' has one serial line only`);

  const { chardev, monitor, option } = argument;
  const chardevs = [...draft.chardevs];
  const monitors = [...draft.monitors];
  let serial: Config['serial'];
  if (typeof chardev === 'string') {
    serial = { chardev, option };
  } else if (chardev !== undefined) {
    chardevs.push(chardev);
    serial = { chardev: chardev.id, option };
    if (monitor) monitors.unshift({ chardev: chardev.id, mode: 'readline', pretty: false, option });
  }
  const gdb = gdbFrom(draft, chardevs);
  checkShares(chardevs, serial, monitors, devices, gdb);
  return { chardevs, serial, monitors, gdb };
}

/** @param chardevs takes the device, if it is one of its own */
function gdbFrom({ gdb }: Draft, chardevs: ChardevSpec[]): GdbSpec | undefined {
  if (gdb === undefined) return undefined;
  const { chardev, option } = gdb;
  if (typeof chardev === 'string') return { chardev, own: false, option };
  chardevs.push(chardev);
  return { chardev: chardev.id, own: true, option };
}

/**
 * Without a display, the terminal is the console: of `-nographic`, and because there is never a display, also of a
 * command line that says nothing of the matter. Whoever uses standard input and output otherwise keeps it to himself,
 * and so does a human monitor elsewhere.
 */
function defaultSerial({ nographic, display, defaults, daemonize, chardevs, monitors, gdb }: Draft): string {
  const terminal = nographic || (display && defaults && !daemonize);
  const own = typeof gdb?.chardev === 'object' ? [gdb.chardev] : [];
  if (!terminal || [...chardevs, ...own].some(({ backend }) => backend.type === 'stdio')) return 'null';
  return monitors.some(({ mode }) => mode === 'readline') ? 'stdio' : 'mon:stdio';
}

function checkShares(
  chardevs: readonly ChardevSpec[],
  serial: Config['serial'],
  monitors: readonly MonitorSpec[],
  devices: Config['devices'],
  gdb: Config['gdb'],
): void {
  const ids = new Map<string, ChardevSpec>();
  let stdio = false;
  for (const chardev of chardevs) {
    if (ids.has(chardev.id)) throw new UsageError(`${chardev.option}: Duplicate ID '${chardev.id}' for chardev`);
    ids.set(chardev.id, chardev);
    if (chardev.backend.type !== 'stdio') continue;
    if (stdio) throw new UsageError(`${chardev.option}: cannot use stdio by multiple character devices`);
    stdio = true;
  }
  for (const { chardev, option, mode } of monitors) {
    const spec = ids.get(chardev);
    if (spec === undefined) throw new UsageError(`${option}: chardev "${chardev}" not found`);
    if (spec.mux && mode === 'control') {
      throw new UsageError(
        `${option}: chardev "${chardev}" has mux=on, which is for people: a QMP monitor cannot share it`,
      );
    }
  }
  if (gdb !== undefined) {
    const spec = ids.get(gdb.chardev);
    if (spec === undefined) throw new UsageError(`${gdb.option}: chardev "${gdb.chardev}" not found`);
    if (spec.mux)
      throw new UsageError(`${gdb.option}: chardev "${gdb.chardev}" has mux=on: a debugger cannot share it`);
  }
  if (serial !== undefined && !ids.has(serial.chardev)) {
    throw new UsageError(
      `${serial.option}: could not connect serial device to character backend 'chardev:${serial.chardev}'`,
    );
  }
  for (const spec of devices) {
    if (spec?.device.model !== 'virtio-serial-device' || spec.device.chardev === undefined) continue;
    const { chardev } = spec.device;
    if (!ids.has(chardev))
      throw new UsageError(`${spec.option}: Property 'virtconsole.chardev' can't find value '${chardev}'`);
  }
}
