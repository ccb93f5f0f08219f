/** Network devices and their cables. */
import type { MachineObject } from '../../core/machine/inspect/tree.ts';
import { bool, list, optional, str, struct } from '../../schema/build.ts';
import { NetClientInfo, RxFilterInfo } from '../../schema/types/network.ts';
import { CommandError, type Context, command } from '../command.ts';
import { objectTree } from '../objects.ts';

const MODEL = 'virtio-net-device';

interface Nic {
  readonly name: string;
  readonly mac: string;
  readonly netdev: string;
}

/** The network devices, in the order of the tree. One without an id is known by its model and its place. */
function nics(context: Context): readonly Nic[] {
  const devices = [...objectTree(context).all].filter(([, { type }]) => type === MODEL);
  return devices.map(([path, { name, values }]: readonly [string, MachineObject], index) => ({
    name: path.startsWith('/machine/peripheral/') ? name : `${MODEL}.${index}`,
    mac: String(values.mac),
    netdev: String(values.netdev ?? ''),
  }));
}

export const queryNetdevs = command('query-netdevs', {
  doc: 'Network devices, and the back ends that they are connected to.',
  returns: list(NetClientInfo),
  example: {
    request: '{"execute": "query-netdevs"}',
    reply:
      '{"return": [{"name": "net0", "type": "nic", "model": "virtio-net-device", "macaddr": "52:54:00:12:34:56", "peer": "n0"}, {"name": "n0", "type": "user", "info": "net=10.0.2.0,restrict=off", "peer": "net0"}, ...]}',
  },
  run: (context) => {
    const devices = nics(context);
    const backEnds = context.backEnds.networkBackEnds;
    const peerOf = (netdev: string): string | undefined => devices.find((nic) => nic.netdev === netdev)?.name;
    return [
      ...devices.map(({ name, mac, netdev }) => ({
        name,
        type: 'nic' as const,
        model: MODEL,
        macaddr: mac,
        ...(backEnds.some(({ id }) => id === netdev) ? { peer: netdev } : {}),
      })),
      ...backEnds.map(({ id, type, info }) => {
        const peer = peerOf(id);
        return { name: id, type, info, ...(peer === undefined ? {} : { peer }) };
      }),
    ];
  },
});

export const queryRxFilter = command('query-rx-filter', {
  doc: 'Which frames network devices take. They take all: filtering is not among the features that they offer.',
  args: struct('QueryRxFilterArguments', { name: optional(str('Only this device.')) }),
  returns: list(RxFilterInfo),
  example: {
    request: '{"execute": "query-rx-filter"}',
    reply:
      '{"return": [{"name": "net0", "promiscuous": true, "multicast": "all", "unicast": "all", "vlan": "all", "broadcast-allowed": true, "multicast-overflow": false, "unicast-overflow": false, "main-mac": "52:54:00:12:34:56", "vlan-table": [], "unicast-table": [], "multicast-table": []}]}',
  },
  run: (context, { name: wanted }) => {
    const found = nics(context).filter(({ name }) => wanted === undefined || name === wanted);
    if (wanted !== undefined && found.length === 0) {
      const isBackEnd = context.backEnds.networkBackEnds.some(({ id }) => id === wanted);
      throw new CommandError(isBackEnd ? `net client(${wanted}) isn't a NIC` : `invalid net client name: ${wanted}`);
    }
    return found.map(({ name, mac }) => ({
      name,
      promiscuous: true,
      ...{ multicast: 'all' as const, unicast: 'all' as const, vlan: 'all' as const },
      'broadcast-allowed': true,
      'multicast-overflow': false,
      'unicast-overflow': false,
      'main-mac': mac,
      ...{ 'vlan-table': [], 'unicast-table': [], 'multicast-table': [] },
    }));
  },
});

export const setLink = command('set_link', {
  doc: 'Pulls a network cable out, or plugs it in. The guest sees the link of its device go down and up.',
  args: struct('SetLinkArguments', { name: str('The device, or its back end.'), up: bool('True to plug it in.') }),
  example: {
    request: '{"execute": "set_link", "arguments": {"name": "net0", "up": false}}',
    reply: '{"return": {}}',
  },
  run: (context, { name, up }) => {
    const id = nics(context).find((nic) => nic.name === name)?.netdev ?? name;
    if (!context.backEnds.networkBackEnds.some((backEnd) => backEnd.id === id))
      throw new CommandError(`Device '${name}' not found`, 'DeviceNotFound');
    context.backEnds.setLink(id, up);
    return {};
  },
});

export const networkCommands = [queryNetdevs, queryRxFilter, setLink];
