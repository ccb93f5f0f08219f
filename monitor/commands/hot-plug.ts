/**
 * Plugging things in and out while the machine runs. Its buses do not let anything be plugged in, and what its devices
 * refer to is there from the start: these commands say so, in QEMU's words where QEMU has the same case.
 */
import { devicesOn, type ObjectTree } from '../../core/machine/inspect/tree.ts';
import { isKindOf, OBJECT_TYPES } from '../../core/machine/inspect/types.ts';
import { nothing, oneOf, openStruct, str, struct } from '../../schema/build.ts';
import { CommandError, command } from '../command.ts';
import { objectTree } from '../objects.ts';

/** What a device of a type is plugged into: the type of the bus, and what an error calls it. */
function busFor(driver: string): readonly [type: string, name: string] | undefined {
  if (isKindOf(driver, 'virtio-device')) return ['virtio-mmio-bus', 'virtio-bus'];
  return isKindOf(driver, 'virtio-serial-port') ? ['virtio-serial-bus', 'virtio-serial-bus'] : undefined;
}

/** The name of the bus that a device would get: as at the start, the last one with room. */
function freeBus(tree: ObjectTree, type: string): string | undefined {
  const buses = [...tree.all.values()].filter((object) => object.type === type);
  const rooms = type === 'virtio-mmio-bus' ? buses.filter((bus) => devicesOn(tree, bus).length === 0) : buses;
  return rooms.at(-1)?.name;
}

const noHotPlug = (bus: string): CommandError => new CommandError(`Bus '${bus}' does not support hotplugging`);
const notFound = (id: string): CommandError => new CommandError(`Device '${id}' not found`, 'DeviceNotFound');

export const deviceAdd = command('device_add', {
  doc: 'Plugs a device in. No bus of this machine lets that happen while it is there.',
  args: openStruct('DeviceAddArguments', { driver: str('Type of the device.') }, 'Properties of the device.'),
  returns: nothing,
  example: {
    request: '{"execute": "device_add", "arguments": {"driver": "virtio-rng-device", "id": "rng1"}}',
    reply: '{"error": {"class": "GenericError", "desc": "Bus \'virtio-mmio-bus.5\' does not support hotplugging"}}',
  },
  run: (context, { driver }) => {
    if (!Object.hasOwn(OBJECT_TYPES, driver) || !isKindOf(driver, 'device'))
      throw new CommandError(`'${driver}' is not a valid device model name`);
    if (OBJECT_TYPES[driver]?.abstract) throw new CommandError("Parameter 'driver' expects a non-abstract device type");
    const [type, name] = busFor(driver) ?? [];
    if (type === undefined) throw new CommandError("Parameter 'driver' expects a pluggable device type");
    const bus = freeBus(objectTree(context), type);
    if (bus === undefined) throw new CommandError(`No '${name}' bus found for device '${driver}'`);
    throw noHotPlug(bus);
  },
});

export const deviceDel = command('device_del', {
  doc: 'Plugs a device out. No bus of this machine lets that happen while it is there.',
  args: struct('DeviceDelArguments', { id: str('Id of the device, or its path.') }),
  returns: nothing,
  example: {
    request: '{"execute": "device_del", "arguments": {"id": "net0"}}',
    reply: '{"error": {"class": "GenericError", "desc": "Bus \'virtio-mmio-bus.6\' does not support hotplugging"}}',
  },
  run: (context, { id }) => {
    const tree = objectTree(context);
    const [, device] = tree.at(id.startsWith('/') ? id : `/machine/peripheral/${id}`) ?? [];
    if (device === undefined) throw notFound(id);
    const bus = tree.at(String(device.values.parent_bus ?? ''));
    if (bus === undefined || bus[0] === '/') throw new CommandError(`${id} is not a hotpluggable device`);
    throw noHotPlug(bus[1].name);
  },
});

const NETDEV_TYPES = ['user', 'socket', 'stream', 'dgram'] as const;

export const netdevAdd = command('netdev_add', {
  doc: 'Makes a network back end. No device could be connected to it: those of this machine have theirs from the start.',
  args: openStruct(
    'NetdevAddArguments',
    { type: oneOf('NetClientDriver', NETDEV_TYPES, 'Kind of the back end.'), id: str('Its id.') },
    'What this kind takes.',
  ),
  returns: nothing,
  example: {
    request: '{"execute": "netdev_add", "arguments": {"type": "user", "id": "n2"}}',
    reply:
      '{"error": {"class": "GenericError", "desc": "network back ends are made at the start only: no device could be connected to \'n2\'"}}',
  },
  run: ({ backEnds }, { id }) => {
    if (backEnds.networkBackEnds.some((backEnd) => backEnd.id === id))
      throw new CommandError(`Duplicate ID '${id}' for netdev`);
    throw new CommandError(`network back ends are made at the start only: no device could be connected to '${id}'`);
  },
});

export const netdevDel = command('netdev_del', {
  doc: 'Removes a network back end. Those that there are stay.',
  args: struct('NetdevDelArguments', { id: str('Id of the back end.') }),
  returns: nothing,
  example: {
    request: '{"execute": "netdev_del", "arguments": {"id": "nosuch"}}',
    reply: '{"error": {"class": "DeviceNotFound", "desc": "Device \'nosuch\' not found"}}',
  },
  run: ({ backEnds }, { id }) => {
    if (!backEnds.networkBackEnds.some((backEnd) => backEnd.id === id)) throw notFound(id);
    throw new CommandError(`network back ends are made at the start only: '${id}' stays`);
  },
});

export const objectAdd = command('object-add', {
  doc: 'Makes an object for devices to refer to. No device could: those of this machine have theirs from the start.',
  args: openStruct(
    'ObjectAddArguments',
    { 'qom-type': oneOf('ObjectType', ['rng-builtin', 'rng-random'], 'Type of the object.'), id: str('Its id.') },
    'Properties of the object.',
  ),
  returns: nothing,
  example: {
    request: '{"execute": "object-add", "arguments": {"qom-type": "rng-builtin", "id": "r1"}}',
    reply:
      '{"error": {"class": "GenericError", "desc": "objects are made at the start only: no device could refer to \'r1\'"}}',
  },
  run: (context, { id }) => {
    if (objectTree(context).at(`/objects/${id}`) !== undefined)
      throw new CommandError(`attempt to add duplicate property '${id}' to object (type 'container')`);
    throw new CommandError(`objects are made at the start only: no device could refer to '${id}'`);
  },
});

export const objectDel = command('object-del', {
  doc: 'Removes an object that devices refer to. Those that there are stay.',
  args: struct('ObjectDelArguments', { id: str('Id of the object.') }),
  returns: nothing,
  example: {
    request: '{"execute": "object-del", "arguments": {"id": "nosuch"}}',
    reply: '{"error": {"class": "GenericError", "desc": "object \'nosuch\' not found"}}',
  },
  run: (context, { id }) => {
    if (objectTree(context).at(`/objects/${id}`) === undefined) throw new CommandError(`object '${id}' not found`);
    throw new CommandError(`object '${id}' is in use, can not be deleted`);
  },
});

export const hotPlugCommands = [deviceAdd, deviceDel, netdevAdd, netdevDel, objectAdd, objectDel];
