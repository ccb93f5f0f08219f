/** Devices on the command line: `-device MODEL,...`. */
import { VIRTIO_SLOTS } from '../../core/machine/equipment.ts';
import { UsageError } from '../errors.ts';
import { KeyValues } from './key-values.ts';

/** Characters of a disk's serial number. */
const SERIAL_MAX = 20;

export type DeviceModel =
  | { readonly model: 'virtio-blk-device'; readonly drive: string; readonly serial?: string | undefined }
  | { readonly model: 'virtio-net-device'; readonly netdev: string; readonly mac: Uint8Array | undefined }
  | { readonly model: 'virtio-rng-device'; readonly rng: string | undefined }
  /** A console when a `virtconsole` sits on it. */
  | {
      readonly model: 'virtio-serial-device';
      readonly chardev?: string | undefined;
      /** The console, as it was asked for. */
      readonly console?: ConsoleSpec & { readonly order: number };
    };

export interface DeviceSpec {
  readonly id: string | undefined;
  readonly option: string;
  /** The number of devices that were asked for before it. */
  readonly order?: number;
  /** Of virtio-mmio-bus, where it says so. */
  readonly slot: number | undefined;
  readonly device: DeviceModel;
}

/** What sits on another device. */
export interface ConsoleSpec {
  readonly id: string | undefined;
  readonly option: string;
  readonly chardev: string | undefined;
}

/** The models there are, with their one-line description. */
export const DEVICE_MODELS: Readonly<Record<string, string>> = {
  'virtio-blk-device': 'disk: drive=ID[,serial=TEXT]',
  'virtio-net-device': 'network: netdev=ID[,mac=MAC]',
  'virtio-rng-device': 'randomness: [rng=ID]',
  'virtio-serial-device': 'carries a console',
  virtconsole: 'console: [chardev=ID]',
};

/**
 * The argument of `-device`.
 * @throws UsageError
 */
export function parseDevice(argument: string, option: string): DeviceSpec | ConsoleSpec {
  const values = KeyValues.parseAny(argument, 'driver');
  const model = values.take('driver');
  if (model === undefined) throw new UsageError("Parameter 'driver' is missing");
  checkModel(model);
  const id = values.takeId();
  const bus = values.take('bus');
  // Where firmware looks for something to start from; there is none that would ask.
  values.take('bootindex');
  const made =
    model === 'virtconsole'
      ? { id, option, chardev: consoleFrom(values) }
      : { id, option, slot: slotOf(bus), device: deviceFrom(model, values) };
  if (values.unknown !== undefined) throw new UsageError(`Property '${model}.${values.unknown}' not found`);
  return made;
}

function checkModel(model: string): void {
  if (Object.hasOwn(DEVICE_MODELS, model)) return;
  const mmio = model.replace(/-pci(-(non-)?transitional)?$/, '-device');
  if (mmio !== model && Object.hasOwn(DEVICE_MODELS, mmio))
    throw new UsageError(`'${model}' is not a valid device model name: there is no PCI bus, use '${mmio}'`);
  throw new UsageError(`'${model}' is not a valid device model name`);
}

function slotOf(bus: string | undefined): number | undefined {
  if (bus === undefined) return undefined;
  const slot = /^virtio-mmio-bus\.(\d+)$/.exec(bus)?.[1];
  if (slot === undefined || Number(slot) >= VIRTIO_SLOTS) throw new UsageError(`Bus '${bus}' not found`);
  return Number(slot);
}

function deviceFrom(model: string, values: KeyValues): DeviceModel {
  switch (model) {
    case 'virtio-blk-device':
      return diskFrom(values);
    case 'virtio-net-device':
      return networkFrom(values);
    case 'virtio-rng-device':
      return { model, rng: values.take('rng') };
    default:
      values.take('max_ports');
      return { model: 'virtio-serial-device' };
  }
}

function diskFrom(values: KeyValues): DeviceModel {
  const drive = values.take('drive');
  const serial = values.take('serial');
  if (drive === undefined) throw new UsageError('drive property not set');
  if (serial !== undefined && serial.length > SERIAL_MAX)
    throw new UsageError(`Property 'virtio-blk-device.serial' takes ${SERIAL_MAX} characters, not '${serial}'`);
  return { model: 'virtio-blk-device', drive, serial };
}

function networkFrom(values: KeyValues): DeviceModel {
  const netdev = values.take('netdev');
  const mac = values.take('mac');
  if (netdev === undefined) throw new UsageError('netdev property not set');
  return { model: 'virtio-net-device', netdev, mac: parseMac(mac) };
}

/** @throws UsageError unless it is six bytes, in hexadecimal, with colons or dashes between them */
export function parseMac(text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined;
  if (!/^[\da-f]{2}(?<between>[:-])(?:[\da-f]{2}\k<between>){4}[\da-f]{2}$/i.test(text))
    throw new UsageError(`Property 'virtio-net-device.mac' doesn't take value '${text}'`);
  return Uint8Array.from(text.split(/[:-]/), (byte) => Number.parseInt(byte, 16));
}

function consoleFrom(values: KeyValues): string | undefined {
  for (const name of ['name', 'nr']) values.take(name);
  return values.take('chardev');
}
