/** Network back ends on the command line: `-netdev TYPE,id=ID,...`. */
import { fdAddress, type InetAddress, inetAddress, type SocketAddress, unixAddress } from '../chardev/spec.ts';
import { UsageError } from '../errors.ts';
import { KeyValues } from './key-values.ts';
import { type UserNetdev, userFrom } from './user-network.ts';

/** Frames over a stream, each with its length in front: to another daemon, or to a program such as passt. */
export interface StreamNetdev {
  readonly type: 'stream';
  readonly address: SocketAddress;
  /** Listens; otherwise connects. */
  readonly server: boolean;
}

/** A frame in each UDP datagram. */
export interface DgramNetdev {
  readonly type: 'dgram';
  readonly local: InetAddress;
  readonly remote: InetAddress;
}

export interface NetdevSpec {
  readonly id: string;
  readonly option: string;
  readonly backend: StreamNetdev | DgramNetdev | UserNetdev;
}

export const NETDEV_TYPES = ['user', 'socket', 'stream', 'dgram'] as const;

/**
 * The argument of `-netdev`.
 * @throws UsageError
 */
export function parseNetdev(argument: string, option: string): NetdevSpec {
  const values = KeyValues.parseAny(argument, 'type');
  const id = values.takeId();
  if (id === undefined) throw new UsageError("Parameter 'id' is missing");
  return netdevFrom(values, id, option);
}

/** A back end from all of `values`. @throws UsageError */
export function netdevFrom(values: KeyValues, id: string, option: string): NetdevSpec {
  const type = values.take('type');
  if (type === undefined) throw new UsageError("Parameter 'type' is missing");
  const known = NETDEV_TYPES.find((name) => name === type);
  if (known === undefined) throw new UsageError(`Parameter 'type' does not accept value '${type}'`);
  const backend = PARSERS[known](values);
  values.end();
  return { id, option, backend };
}

const PARSERS: Readonly<Record<(typeof NETDEV_TYPES)[number], (values: KeyValues) => NetdevSpec['backend']>> = {
  user: userFrom,
  socket: socketFrom,
  stream(values) {
    const server = values.takeBoolean('server') ?? false;
    return { type: 'stream', address: addressFrom(values, 'addr'), server };
  },
  dgram(values) {
    if (!values.has('local.type')) throw new UsageError('dgram requires local= parameter');
    return { type: 'dgram', local: inetFrom(values, 'local'), remote: inetFrom(values, 'remote') };
  },
};

/** The older form, in which one of several words says what it is. */
function socketFrom(values: KeyValues): NetdevSpec['backend'] {
  const [listen, connect, fd, udp] = ['listen', 'connect', 'fd', 'udp'].map((key) => values.take(key));
  const localaddr = values.take('localaddr');
  if (values.has('mcast')) throw new UsageError('mcast= is not supported: use udp=');
  if ([listen, connect, fd, udp].filter((value) => value !== undefined).length !== 1)
    throw new UsageError('exactly one of listen=, connect=, fd= or udp= is required');
  if (localaddr !== undefined && udp === undefined) throw new UsageError('localaddr= is only valid with udp=');
  if (listen !== undefined) return { type: 'stream', address: hostPort(listen), server: true };
  if (connect !== undefined) return { type: 'stream', address: hostPort(connect), server: false };
  if (fd !== undefined) return { type: 'stream', address: fdAddress(fd), server: false };
  if (localaddr === undefined) throw new UsageError('localaddr= is mandatory with udp=');
  return { type: 'dgram', local: hostPort(localaddr), remote: hostPort(udp!) };
}

function hostPort(text: string): InetAddress {
  const { host, port } = /^(?<host>\[[^\]]*\]|[^:]*):(?<port>\d+)$/.exec(text)?.groups ?? {};
  if (port === undefined) throw new UsageError(`'${text}' is not HOST:PORT`);
  return inetAddress(host, port);
}

function addressFrom(values: KeyValues, prefix: string): SocketAddress {
  const type = values.take(`${prefix}.type`);
  if (type === undefined) throw new UsageError(`Parameter '${prefix}' is missing`);
  if (type === 'unix') return unixAddress(required(values, `${prefix}.path`));
  if (type === 'fd') return fdAddress(required(values, `${prefix}.str`));
  if (type === 'inet') return inetAddress(required(values, `${prefix}.host`), required(values, `${prefix}.port`));
  throw new UsageError(`Parameter '${prefix}.type' does not accept value '${type}'`);
}

function inetFrom(values: KeyValues, prefix: string): InetAddress {
  const type = values.take(`${prefix}.type`);
  if (type === undefined) throw new UsageError(`Parameter '${prefix}' is missing`);
  if (type !== 'inet')
    throw new UsageError(`Parameter '${prefix}.type' does not accept value '${type}': only inet is there`);
  return inetAddress(required(values, `${prefix}.host`), required(values, `${prefix}.port`));
}

function required(values: KeyValues, key: string): string {
  const value = values.take(key);
  if (value === undefined) throw new UsageError(`Parameter '${key}' is missing`);
  return value;
}
