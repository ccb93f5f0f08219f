/** Network devices and what they are connected to. */
import { bool, int, list, oneOf, optional, str, struct } from '../build.ts';

export const NetClientInfo = struct('NetClientInfo', {
  name: str('The id; of a device without one, its model and a number.'),
  type: oneOf(
    'NetClientType',
    ['nic', 'user', 'stream', 'dgram'],
    '`nic`: a network device. Else the kind of back end.',
  ),
  model: optional(str('Of a device: its model.')),
  macaddr: optional(str('Of a device: its hardware address.')),
  info: optional(str('Of a back end: what it leads to.')),
  peer: optional(str('What is at the other end of the cable; absent where nothing is.')),
});

const RxState = oneOf('RxState', ['normal', 'none', 'all'], '`normal`: what the table lists. `all`: everything.');

export const RxFilterInfo = struct('RxFilterInfo', {
  name: str('The device.'),
  promiscuous: bool('True if it takes frames for others.'),
  multicast: RxState,
  unicast: RxState,
  vlan: RxState,
  'broadcast-allowed': bool('True if it takes broadcasts.'),
  'multicast-overflow': bool('True if there were too many addresses for the table.'),
  'unicast-overflow': bool('True if there were too many addresses for the table.'),
  'main-mac': str('Its hardware address.'),
  'vlan-table': list(int(), 'VLANs it takes frames of.'),
  'unicast-table': list(str(), 'Addresses it takes frames for, besides its own.'),
  'multicast-table': list(str(), 'Groups it takes frames for.'),
});
