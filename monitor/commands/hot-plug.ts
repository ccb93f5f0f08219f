/**
 * Making what devices refer to while the machine runs. Nothing could be connected to it: these commands say so, in QEMU's
 * words where QEMU has the same case.
 */
import { anyMore, nothing, oneOf, str, struct } from '../../schema/build.ts';
import { CommandError, command } from '../command.ts';
import { objectTree } from '../objects.ts';

const notFound = (id: string): CommandError => new CommandError(`Device '${id}' not found`, 'DeviceNotFound');

const NETDEV_TYPES = ['user', 'socket', 'stream', 'dgram'] as const;

export const netdevAdd = command('netdev_add', {
  doc: 'Makes a network back end. No device could be connected to it: those of this machine have theirs from the start.',
  args: anyMore(
    struct('NetdevAddArguments', {
      type: oneOf('NetClientDriver', NETDEV_TYPES, 'Kind of the back end.'),
      id: str('Its id.'),
    }),
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
  args: anyMore(
    struct('ObjectAddArguments', {
      'qom-type': oneOf('ObjectType', ['rng-builtin', 'rng-random'], 'Type of the object.'),
      id: str('Its id.'),
    }),
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

export const hotPlugCommands = [netdevAdd, netdevDel, objectAdd, objectDel];
