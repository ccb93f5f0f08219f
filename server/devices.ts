/** What is plugged into the board, with everything on the host that is behind it: images, cables, consoles. */
import { readFile } from 'node:fs/promises';
import { virtioBlock } from '../core/devices/virtio/block.ts';
import { virtioConsole } from '../core/devices/virtio/console.ts';
import type { DeviceLabel } from '../core/devices/virtio/device.ts';
import { virtioNet } from '../core/devices/virtio/net.ts';
import { virtioRng } from '../core/devices/virtio/rng.ts';
import type { BlockBackend, CharacterBackend, VirtioDevice } from '../core/machine/interface.ts';
import type { MachineConfig } from '../schema/config.ts';
import type { CountedBlockDevice } from './blockdev/counted.ts';
import { openDrive } from './blockdev/open.ts';
import type { Config } from './config/config.ts';
import type { DeviceModel, DeviceSpec } from './config/devices.ts';
import type { FwCfgSpec } from './config/objects.ts';
import { reasonOf, UsageError } from './errors.ts';
import { Cable } from './netdev/cable.ts';
import { openNetdev } from './netdev/netdev.ts';
import { hostRandomness, openRandomness } from './random.ts';

/** What a machine is given of it. */
export type Plugged = Pick<MachineConfig<unknown, VirtioDevice, BlockBackend>, 'virtio' | 'flash' | 'fwCfgFiles'>;

export interface DeviceEnvironment {
  /** Connects a console to a character device. @param chardev its id; undefined for nothing */
  connectConsole(chardev: string | undefined, option: string): CharacterBackend;
  /** Tells the person who starts the daemon something, in one line. */
  report(line: string): void;
  /** Takes what closes something that has been opened. */
  undo(close: () => void | Promise<void>): void;
}

/** How a device is known: by its id, and by what it is connected to. */
function labelOf({ id, order = 0, device }: DeviceSpec): DeviceLabel {
  const label = { id, order };
  switch (device.model) {
    case 'virtio-blk-device':
      return { ...label, properties: { drive: device.drive } };
    case 'virtio-net-device':
      return { ...label, properties: { netdev: device.netdev } };
    case 'virtio-rng-device':
      return { ...label, properties: device.rng === undefined ? {} : { rng: `/objects/${device.rng}` } };
    case 'virtio-serial-device': {
      const { console } = device;
      if (console === undefined) return { ...label, properties: {} };
      const { chardev = '' } = console;
      const carries = { type: 'virtconsole', id: console.id, order: console.order, properties: { chardev } };
      return { ...label, properties: {}, carries };
    }
  }
}

/** What the machine is to be given, and what is behind it on the host, by the ids of the command line. */
export interface OpenedDevices {
  readonly plugged: Plugged;
  readonly drives: ReadonlyMap<string, CountedBlockDevice>;
  /** Those that are plugged into a device, by their back ends. */
  readonly cables: ReadonlyMap<string, Cable>;
}

/**
 * @throws UsageError what the host refused; what has been opened before can be closed all the same
 */
export async function openDevices(config: Config, environment: DeviceEnvironment): Promise<OpenedDevices> {
  const { undo } = environment;
  const drives = new Map<string, CountedBlockDevice>();
  const cables = new Map<string, Cable>();
  for (const spec of config.drives) {
    const drive = await openDrive(spec);
    undo(() => drive.close());
    drives.set(spec.id, drive);
  }

  async function makeDevice(device: DeviceModel, option: string): Promise<VirtioDevice> {
    switch (device.model) {
      case 'virtio-blk-device':
        return virtioBlock({ backend: drives.get(device.drive)!, serial: device.serial });
      case 'virtio-net-device': {
        const netdev = await openNetdev(config.netdevs.find(({ id }) => id === device.netdev)!);
        undo(() => netdev.close());
        const cable = new Cable(netdev);
        cables.set(device.netdev, cable);
        return virtioNet({ backend: cable, mac: device.mac! });
      }
      case 'virtio-rng-device': {
        const spec = config.rngs.find(({ id }) => id === device.rng);
        const source = spec === undefined ? hostRandomness : await openRandomness(spec);
        undo(() => source.close());
        return virtioRng(source);
      }
      case 'virtio-serial-device':
        return virtioConsole(environment.connectConsole(device.chardev, option));
    }
  }

  const virtio: (VirtioDevice | undefined)[] = [];
  for (const spec of config.devices)
    virtio.push(spec && { ...(await makeDevice(spec.device, spec.option)), label: labelOf(spec) });
  warnOfLooseEnds(config, environment.report);
  const plugged = {
    virtio,
    flash: config.flash.map((id) => (id === undefined ? undefined : drives.get(id))),
    fwCfgFiles: await Promise.all(config.fwCfg.map(readFwCfg)),
  };
  return { plugged, drives, cables };
}

function warnOfLooseEnds({ netdevs, devices }: Config, report: (line: string) => void): void {
  const used = devices.map((spec) => (spec?.device.model === 'virtio-net-device' ? spec.device.netdev : undefined));
  for (const { id, option } of netdevs)
    if (!used.includes(id)) report(`${option}: warning: netdev ${id} has no peer: nothing is plugged into it`);
}

async function readFwCfg({ name, option, source }: FwCfgSpec): Promise<{ name: string; bytes: Uint8Array }> {
  if ('text' in source) return { name, bytes: Buffer.from(source.text) };
  try {
    return { name, bytes: await readFile(source.path) };
  } catch (error) {
    throw new UsageError(`${option}: can't load ${source.path}: ${reasonOf(error)}`);
  }
}
