/**
 * The slots that devices sit in, and what they refer to.
 *
 * As on QEMU's board a device that names no bus takes the last slot that is free, so that the first disk is the first one
 * in the device tree.
 */
import { VIRTIO_SLOTS } from '../../core/machine/equipment.ts';
import { UsageError } from '../errors.ts';
import type { ConsoleSpec, DeviceSpec } from './devices.ts';
import type { DriveSpec } from './drives.ts';
import type { NetdevSpec } from './netdevs.ts';
import type { RngSpec } from './objects.ts';

/** What the command line has made. */
export interface Referents {
  readonly devices: readonly (DeviceSpec | ConsoleSpec)[];
  readonly drives: readonly DriveSpec[];
  /** Ids of the drives in the flash banks. */
  readonly flash: readonly (string | undefined)[];
  readonly netdevs: readonly NetdevSpec[];
  readonly rngs: readonly RngSpec[];
}

/** The first network device's address; the others count on from it, as QEMU's do. */
const MAC_FIRST = [0x52, 0x54, 0x00, 0x12, 0x34, 0x56];

/**
 * The devices by slot, with every console on its carrier and every address decided.
 * @throws UsageError a slot is taken twice, there are none left, or something refers to what is not there
 */
export function devicesBySlot(made: Referents): readonly (DeviceSpec | undefined)[] {
  const ids = new Set<string>();
  for (const { id, option } of made.devices) {
    if (id === undefined) continue;
    if (ids.has(id)) throw new UsageError(`${option}: Duplicate ID '${id}' for device`);
    ids.add(id);
  }
  const devices = withConsoles(made.devices);
  checkReferences(devices, made);
  return withSlots(withAddresses(devices));
}

function withConsoles(specs: readonly (DeviceSpec | ConsoleSpec)[]): readonly DeviceSpec[] {
  const devices: DeviceSpec[] = [];
  for (const [order, spec] of specs.entries()) {
    if ('device' in spec) {
      devices.push({ ...spec, order });
      continue;
    }
    const carrier = devices.findIndex(
      ({ device }) => device.model === 'virtio-serial-device' && !('chardev' in device),
    );
    if (carrier < 0) throw new UsageError(`${spec.option}: No 'virtio-serial-bus' bus found for device 'virtconsole'`);
    devices[carrier] = {
      ...devices[carrier]!,
      option: spec.option,
      device: { model: 'virtio-serial-device', chardev: spec.chardev, console: { ...spec, order } },
    };
  }
  return devices;
}

/** What a device refers to by one of its properties. */
interface Reference {
  readonly property: string;
  readonly id: string | undefined;
  readonly among: readonly { readonly id: string }[];
}

function referenceOf({ device }: DeviceSpec, { drives, netdevs, rngs }: Referents): Reference | undefined {
  switch (device.model) {
    case 'virtio-blk-device':
      return { property: 'drive', id: device.drive, among: drives };
    case 'virtio-net-device':
      return { property: 'netdev', id: device.netdev, among: netdevs };
    case 'virtio-rng-device':
      return { property: 'rng', id: device.rng, among: rngs };
    default:
      return undefined;
  }
}

/** A source of randomness may serve several devices; anything else serves one. */
function checkReferences(devices: readonly DeviceSpec[], made: Referents): void {
  const used = new Set(made.flash.map((drive) => `drive ${drive}`));
  for (const spec of devices) {
    const { property, id, among } = referenceOf(spec, made) ?? {};
    if (property === undefined || id === undefined) continue;
    const problem = (text: string): UsageError => new UsageError(`${spec.option}: ${text}`);
    if (!among?.some((one) => one.id === id))
      throw problem(`Property '${spec.device.model}.${property}' can't find value '${id}'`);
    if (used.has(`${property} ${id}`)) throw problem(`${property} '${id}' is already in use by another device`);
    if (property !== 'rng') used.add(`${property} ${id}`);
  }
}

function withAddresses(devices: readonly DeviceSpec[]): readonly DeviceSpec[] {
  let count = 0;
  return devices.map((spec) => {
    if (spec.device.model !== 'virtio-net-device' || spec.device.mac !== undefined) return spec;
    const mac = Uint8Array.from(MAC_FIRST);
    mac[5]! += count++;
    return { ...spec, device: { ...spec.device, mac } };
  });
}

function withSlots(devices: readonly DeviceSpec[]): readonly (DeviceSpec | undefined)[] {
  const slots: (DeviceSpec | undefined)[] = Array.from({ length: VIRTIO_SLOTS });
  // In the order of the command line: one that names its slot may find it taken.
  for (const spec of devices) {
    const slot = spec.slot ?? slots.lastIndexOf(undefined);
    if (slot < 0) throw new UsageError(`${spec.option}: No 'virtio-bus' bus found for device '${spec.device.model}'`);
    if (slots[slot] !== undefined) throw new UsageError(`${spec.option}: Bus 'virtio-mmio-bus.${slot}' is full`);
    slots[slot] = spec;
  }
  return slots;
}
