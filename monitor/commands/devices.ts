/** Devices, and the command line that they come from. Nothing can be plugged in or out while the machine runs. */
import { isKindOf, OBJECT_TYPES } from '../../core/machine/inspect/types.ts';
import { anyMore, list, optional, str, struct } from '../../schema/build.ts';
import { CommandLineOptionInfo, MigrationCapabilityStatus, MigrationInfo } from '../../schema/types/machine.ts';
import { CommandError, command } from '../command.ts';

export const deviceAdd = command('device_add', {
  doc: 'Plugs a device in. No bus of this board takes one while the machine runs: the error says so.',
  args: anyMore(
    struct('DeviceAddArguments', {
      driver: str('The model.'),
      bus: optional(str('The bus.')),
      id: optional(str('The id that the device is to have.')),
    }),
  ),
  example: {
    request: '{"execute": "device_add", "arguments": {"driver": "virtio-rng-device", "id": "rng0"}}',
    reply: `{"error": {"class": "GenericError", "desc": "Bus 'virtio-mmio-bus.7' does not support hotplugging"}}`,
  },
  run: ({ host }, properties) => {
    const { driver } = properties;
    if (!Object.hasOwn(OBJECT_TYPES, driver) || !isKindOf(driver, 'device'))
      throw new CommandError(`'${driver}' is not a valid device model name`);
    if (OBJECT_TYPES[driver]?.abstract) throw new CommandError("Parameter 'driver' expects a non-abstract device type");
    if (!isKindOf(driver, 'virtio-device') && !isKindOf(driver, 'virtio-serial-port'))
      throw new CommandError("Parameter 'driver' expects a pluggable device type");
    return host.devices.add(properties);
  },
});

export const deviceDel = command('device_del', {
  doc: 'Unplugs a device. No bus of this board lets go of one while the machine runs: the error says so.',
  args: struct('DeviceDelArguments', { id: str('Its id, or its path in the object tree.') }),
  example: {
    request: '{"execute": "device_del", "arguments": {"id": "nosuch"}}',
    reply: `{"error": {"class": "DeviceNotFound", "desc": "Device 'nosuch' not found"}}`,
  },
  run: ({ host }, { id }) => host.devices.remove(id),
});

export const queryCommandLineOptions = command('query-command-line-options', {
  doc: 'Options of the command line that take parameters with names.',
  args: struct('QueryCommandLineOptionsArguments', {
    option: optional(str('The option, without its dash; by default all.')),
  }),
  returns: list(CommandLineOptionInfo),
  example: {
    request: '{"execute": "query-command-line-options", "arguments": {"option": "mon"}}',
    reply:
      '{"return": [{"option": "mon", "parameters": [{"name": "chardev", "type": "string"}, {"name": "mode", "type": "string"}, {"name": "pretty", "type": "boolean"}]}]}',
  },
  run: ({ host }, { option }) => {
    const chosen = [...host.options].filter(([name]) => option === undefined || name === option);
    if (chosen.length === 0) throw new CommandError(`invalid option name: ${option}`);
    return chosen.map(([name, parameters]) => ({ option: name, parameters }));
  },
});

export const queryTpmModels = command('query-tpm-models', {
  doc: 'Models of TPM devices. There are none.',
  returns: list(str()),
  example: { request: '{"execute": "query-tpm-models"}', reply: '{"return": []}' },
  run: () => [],
});

export const queryTpmTypes = command('query-tpm-types', {
  doc: 'Back ends of TPM devices. There are none.',
  returns: list(str()),
  example: { request: '{"execute": "query-tpm-types"}', reply: '{"return": []}' },
  run: () => [],
});

export const queryMigrateCapabilities = command('query-migrate-capabilities', {
  doc: 'What migration to another host can be asked for. A machine stays where it is: the list is empty.',
  returns: list(MigrationCapabilityStatus),
  example: { request: '{"execute": "query-migrate-capabilities"}', reply: '{"return": []}' },
  run: () => [],
});

export const queryMigrate = command('query-migrate', {
  doc: 'How far a migration to another host has come. A machine stays where it is: there is nothing to tell.',
  returns: MigrationInfo,
  example: { request: '{"execute": "query-migrate"}', reply: '{"return": {}}' },
  run: () => ({}),
});

export const deviceCommands = [
  deviceAdd,
  deviceDel,
  queryCommandLineOptions,
  queryTpmModels,
  queryTpmTypes,
  queryMigrateCapabilities,
  queryMigrate,
];
