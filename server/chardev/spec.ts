/**
 * Which character devices there are and how the command line describes them: `-chardev BACKEND,id=ID,...`, and the older
 * one-word form that `-serial`, `-monitor` and `-qmp` take.
 */

import { KeyValues } from '../config/key-values.ts';
import { parseSize } from '../config/size.ts';
import { UsageError } from '../errors.ts';

export type SocketAddress =
  | { readonly path: string }
  | InetAddress
  /** A socket that the parent process has opened: connected, or listening where `server` is on. */
  | { readonly fd: number };

export interface SocketSpec {
  readonly type: 'socket';
  readonly address: SocketAddress;
  /** Listens; otherwise connects. */
  readonly server: boolean;
  /** A server that waits for its first client before the machine is made. */
  readonly wait: boolean;
  /** Clients speak telnet. */
  readonly telnet?: boolean;
}

export interface StdioSpec {
  readonly type: 'stdio';
  /** Ctrl-C, Ctrl-Z and Ctrl-\ on the terminal are signals to the daemon, not input. */
  readonly signal: boolean;
}

export type BackendSpec =
  | { readonly type: 'null' }
  | StdioSpec
  | { readonly type: 'file'; readonly path: string; readonly append: boolean }
  | SocketSpec
  | { readonly type: 'pty' }
  /** Bytes of memory, a power of two. */
  | { readonly type: 'ringbuf'; readonly size: number };

export interface ChardevSpec {
  readonly id: string;
  /** The option that asked for it, for messages: `-serial unix:/tmp/s,server=on`. */
  readonly option: string;
  /** Several front ends share it, and Ctrl-A switches between them. */
  readonly mux: boolean;
  readonly backend: BackendSpec;
}

export const BACKENDS: readonly BackendSpec['type'][] = ['null', 'stdio', 'file', 'socket', 'pty', 'ringbuf'];

/** Of `sockaddr_un.sun_path`, with the NUL at its end. */
const UNIX_PATH_BYTES = 108;
const PORT_MAX = 65535;
export const RING_BYTES_DEFAULT = 65536;
const RING_BYTES_MAX = 1 << 30;

/**
 * The argument of `-chardev`.
 * @throws UsageError
 */
export function parseChardev(argument: string): ChardevSpec {
  const values = KeyValues.parseAny(argument, 'backend');
  const id = values.takeId();
  if (id === undefined) throw new UsageError('chardev: no id specified');
  const type = values.take('backend');
  if (type === undefined) throw new UsageError('chardev: "id" without a backend name');
  const known = BACKENDS.find((backend) => backend === type);
  if (known === undefined) throw new UsageError(`'${type}' is not a valid char driver name`);
  return fromValues(id, `-chardev ${argument}`, known, values);
}

/**
 * A character device in one word: `null`, `stdio`, `pty`, `file:PATH`, `unix:PATH[,...]`, `tcp:[HOST]:PORT[,...]`,
 * `telnet:` like `tcp:`, or `mon:` and one of these, which shares it with a monitor.
 * @param option for messages
 * @returns the device, and whether a monitor is to share it
 * @throws UsageError
 */
export function parseDevice(text: string, id: string, option: string): { chardev: ChardevSpec; monitor: boolean } {
  const monitor = text.startsWith('mon:');
  const device = monitor ? text.slice('mon:'.length) : text;
  const [type, values] = wordValues(device);
  // Whoever shares the terminal with a monitor quits with Ctrl-A x, and wants Ctrl-C to reach the guest.
  const shared: [string, string][] = monitor
    ? [['mux', 'on'], ...(type === 'stdio' ? [['signal', 'off'] as [string, string]] : [])]
    : [];
  return { chardev: fromValues(id, option, type, values, new KeyValues(shared)), monitor };
}

/**
 * A socket in one word: `unix:PATH[,...]`, `tcp:[HOST]:PORT[,...]`.
 * @returns its address, and the values behind it
 * @throws UsageError
 */
export function parseSocket(text: string): { readonly address: SocketAddress; readonly values: KeyValues } {
  const [type, values] = wordValues(text);
  if (type !== 'socket') throw new UsageError(`'${text}' is no socket: expected unix:PATH or tcp:HOST:PORT`);
  return { address: addressFrom(values), values };
}

function wordValues(device: string): [BackendSpec['type'], KeyValues] {
  const colon = device.indexOf(':');
  const scheme = colon < 0 ? device : device.slice(0, colon);
  const rest = colon < 0 ? '' : device.slice(colon + 1);
  if (colon < 0 && (scheme === 'null' || scheme === 'stdio' || scheme === 'pty')) return [scheme, new KeyValues([])];
  if (colon >= 0 && scheme === 'file') return ['file', new KeyValues([['path', rest]])];
  if (colon >= 0 && scheme === 'unix') return ['socket', KeyValues.parse(rest, 'path')];
  if (colon >= 0 && (scheme === 'tcp' || scheme === 'telnet')) {
    const { host, port, options } =
      /^(?<host>\[[^\]]*\]|[^:,]*):(?<port>[^,]*)(?:,(?<options>.*))?$/.exec(rest)?.groups ?? {};
    if (host === undefined || port === undefined)
      throw new UsageError(`'${device}' has no port: expected ${scheme}:HOST:PORT`);
    return [
      'socket',
      KeyValues.parse(`host=${host},port=${port},${scheme === 'telnet' ? 'telnet=on,' : ''}${options ?? ''}`),
    ];
  }
  throw new UsageError(`'${device}' is not a valid char driver`);
}

/** A device from all of `values`. @throws UsageError */
export function fromValues(
  id: string,
  option: string,
  type: BackendSpec['type'],
  values: KeyValues,
  defaults = new KeyValues([]),
): ChardevSpec {
  const mux = values.takeBoolean('mux') ?? defaults.takeBoolean('mux') ?? false;
  const backend = backendFrom(type, values, defaults);
  values.end();
  return { id, option, mux, backend };
}

function backendFrom(type: BackendSpec['type'], values: KeyValues, defaults: KeyValues): BackendSpec {
  switch (type) {
    case 'null':
    case 'pty':
      return { type };
    case 'ringbuf':
      return { type, size: ringSize(parseSize(values.take('size') ?? `${RING_BYTES_DEFAULT}`, 'B')) };
    case 'stdio':
      return { type, signal: values.takeBoolean('signal') ?? defaults.takeBoolean('signal') ?? true };
    case 'file': {
      const path = values.take('path');
      if (path === undefined || path === '') throw new UsageError('chardev: file: no filename given');
      return { type, path, append: values.takeBoolean('append') ?? false };
    }
    case 'socket': {
      const server = values.takeBoolean('server') ?? false;
      const wait = values.takeBoolean('wait');
      if (wait !== undefined && !server) {
        throw new UsageError("'wait' option is incompatible with socket in client connect mode");
      }
      const telnet = values.takeBoolean('telnet') ?? false;
      const socket = { type, address: addressFrom(values), server, wait: server && (wait ?? true) };
      return telnet ? { ...socket, telnet } : socket;
    }
  }
}

/** @throws UsageError the size is not a power of two, or too large */
export function ringSize(bytes: number): number {
  if (bytes <= 0 || !Number.isInteger(Math.log2(bytes))) {
    throw new UsageError('size of ringbuf chardev must be power of two');
  }
  if (bytes > RING_BYTES_MAX) throw new UsageError(`size of ringbuf chardev must be ${RING_BYTES_MAX} or less`);
  return bytes;
}

function addressFrom(values: KeyValues): SocketAddress {
  const path = values.take('path');
  const host = values.take('host');
  const port = values.take('port');
  const fd = values.take('fd');
  const kinds = [path, fd, host ?? port].filter((value) => value !== undefined);
  if (kinds.length !== 1) throw new UsageError("One of 'path', 'fd' or 'host' and 'port' is required.");
  if (path !== undefined) {
    if (path === '') throw new UsageError('chardev: socket: no path given');
    return unixAddress(path);
  }
  if (fd !== undefined) return fdAddress(fd);
  if (port === undefined || port === '') throw new UsageError('chardev: socket: no port given');
  return inetAddress(host, port);
}

/** @throws UsageError the path is too long for a socket */
export function unixAddress(path: string): { readonly path: string } {
  if (Buffer.byteLength(path) >= UNIX_PATH_BYTES) {
    throw new UsageError(`UNIX socket path '${path}' is too long`, `Path must be less than ${UNIX_PATH_BYTES} bytes`);
  }
  return { path };
}

/** @throws UsageError it is no number */
export function fdAddress(fd: string): { readonly fd: number } {
  if (!/^\d+$/.test(fd)) throw new UsageError(`Unable to parse FD number ${fd}`);
  return { fd: Number(fd) };
}

export interface InetAddress {
  readonly host: string;
  readonly port: number;
}

/** @throws UsageError the port is none */
export function inetAddress(host: string | undefined, port: string): InetAddress {
  if (!/^\d+$/.test(port) || Number(port) > PORT_MAX) {
    throw new UsageError(`Parameter 'port' expects a number from 0 to ${PORT_MAX}, not '${port}'`);
  }
  // No host means this one only: who wants to be reached from elsewhere has to say so.
  return { host: host?.replace(/^\[(.*)\]$/, '$1') || 'localhost', port: Number(port) };
}

/** A socket as QEMU shows it in messages: `unix:PATH`, `tcp:HOST:PORT` or `telnet:HOST:PORT`, `fd:N`. */
export function showAddress(address: SocketAddress, telnet = false): string {
  if ('path' in address) return `unix:${address.path}`;
  if ('fd' in address) return `fd:${address.fd}`;
  return `${telnet ? 'telnet' : 'tcp'}:${address.host}:${address.port}`;
}
