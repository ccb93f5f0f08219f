/** Character devices, as they can be made while the machine runs. */
import { bool, INT64, type Infer, int, intOf, list, nothing, oneOf, optional, str, struct, union } from '../build.ts';

export const ChardevBackendInfo = struct('ChardevBackendInfo', { name: str('The backend.') });

const SocketAddress = union(
  'SocketAddressLegacy',
  {
    unix: struct('UnixSocketAddress', { path: str('Its path.') }),
    inet: struct('InetSocketAddress', { host: str('The host.'), port: str('The port, a number.') }),
    fd: struct('FdSocketAddress', { str: str('File descriptor of a socket, a number.') }),
  },
  'Where it listens, or to whom it connects.',
);

export const ChardevBackend = union(
  'ChardevBackend',
  {
    null: nothing,
    file: struct('ChardevFile', {
      out: str('The file that takes the output.'),
      append: optional(bool('Keep what it holds already.')),
    }),
    socket: struct('ChardevSocket', {
      addr: SocketAddress,
      server: optional(bool('Listen, which is the default, or connect.')),
    }),
    pty: nothing,
    ringbuf: struct('ChardevRingbuf', {
      size: optional(int('Bytes that are kept, a power of two; 65536 by default.')),
    }),
  },
  'What the device is made of.',
);
export type ChardevBackend = Infer<typeof ChardevBackend>;

export const ChardevReturn = struct('ChardevReturn', { pty: optional(str('Path of the pseudo terminal, of one.')) });

export const DataFormat = oneOf('DataFormat', ['utf8', 'base64'], 'How bytes are written as text; `utf8` by default.');

export const RingSize = intOf(INT64, 'The most bytes to take.');

export const YankInstance = struct('YankInstance', {
  type: oneOf('YankInstanceType', ['chardev'], 'What it is.'),
  id: str('Id of the character device.'),
});

export const YankInstances = list(YankInstance, 'Whose connections are to be cut.');
