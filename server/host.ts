/** The process around the machine, as commands reach it. */
import { open } from 'node:fs/promises';
import { VIRTIO_SLOTS } from '../core/machine/equipment.ts';
import { CommandError } from '../monitor/command.ts';
import type { Chardevs, Devices, Host, OptionParameter, Parts } from '../monitor/host.ts';
import type { Config } from './config/config.ts';
import { parseDevice } from './config/devices.ts';
import type { Option } from './config/option.ts';
import { reasonOf, UsageError } from './errors.ts';

const NO_UUID = '00000000-0000-0000-0000-000000000000';

/** What a dump of the guest's memory is: nothing for others to read. */
const FILE_MODE = 0o600;

export const hostOf = (config: Config, options: readonly Option[], chardevs: Chardevs): Host => ({
  chardevs,
  uuid: config.uuid ?? NO_UUID,
  options: new Map(
    options.flatMap(({ names, argument = '' }): [string, readonly OptionParameter[]][] => {
      const parameters = parametersIn(argument);
      return parameters.length === 0 ? [] : names.map((name) => [name, parameters]);
    }),
  ),
  shutdownAction: config.noShutdown ? 'pause' : 'poweroff',
  devices: devicesOf(config.devices),
  writeFile,
});

/** The parameters that the form of an argument names: `[chardev=]ID[,pretty=on]`. */
function parametersIn(form: string): readonly OptionParameter[] {
  return Array.from(form.matchAll(/([a-z][\w.-]*)=\]?([A-Za-z]*)/g), ([, name, value]) => ({
    name: name!,
    type: typeOf(value!),
  }));
}

function typeOf(value: string): OptionParameter['type'] {
  if (value === 'on' || value === 'off') return 'boolean';
  if (value === 'N') return 'number';
  return value === 'SIZE' ? 'size' : 'string';
}

function devicesOf(devices: Config['devices']): Devices {
  const refuse = (slot: number | string): never => {
    throw new CommandError(`Bus 'virtio-mmio-bus.${slot}' does not support hotplugging`);
  };
  return {
    add(properties) {
      const values = JSON.stringify(properties, (_, value) => (typeof value === 'bigint' ? String(value) : value));
      let asked: ReturnType<typeof parseDevice>;
      try {
        asked = parseDevice(values, 'device_add');
      } catch (error) {
        throw error instanceof UsageError ? new CommandError(error.message) : error;
      }
      if (!('device' in asked)) throw new CommandError("No 'virtio-serial-bus' bus found for device 'virtconsole'");
      const free = Array.from({ length: VIRTIO_SLOTS }, (_, slot) => slot).filter(
        (slot) => devices[slot] === undefined,
      );
      const slot = asked.slot ?? free.at(-1);
      if (slot === undefined) throw new CommandError(`No 'virtio-bus' bus found for device '${asked.device.model}'`);
      return refuse(slot);
    },
    remove(id) {
      const name = id.replace(/^\/machine\/peripheral\//, '');
      const slot = devices.findIndex((device) => device?.id === name);
      if (slot < 0) throw new CommandError(`Device '${id}' not found`, 'DeviceNotFound');
      return refuse(slot);
    },
  };
}

async function writeFile(path: string, parts: Parts): Promise<void> {
  const file = await open(path, 'w', FILE_MODE).catch((error: unknown) => {
    throw new CommandError(`Could not open '${path}': ${reasonOf(error)}`);
  });
  try {
    for await (const part of parts) {
      await file.appendFile(part).catch((error: unknown) => {
        throw new CommandError(`Could not write '${path}': ${reasonOf(error)}`);
      });
    }
  } finally {
    await file.close();
  }
}
