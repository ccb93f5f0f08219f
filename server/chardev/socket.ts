/** Sockets as character devices: listening or connecting, on a path, on TCP, or inherited from the parent process. */
import { fstatSync, lstatSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Server, Socket } from 'node:net';
import { dirname } from 'node:path';
import { reasonOf, UsageError } from '../errors.ts';
import type { Backend } from './backend.ts';
import { StreamChannel } from './channel.ts';
import type { SocketAddress, SocketSpec } from './spec.ts';
import { TELNET_GREETING, TelnetReader, telnetEscaped } from './telnet.ts';

/** Nobody but the owner may connect: a monitor can read and write all of the guest. */
const UMASK = 0o177;

/** An address as QEMU's errors show it. */
const nameOf = (address: SocketAddress): string =>
  'path' in address ? address.path : 'fd' in address ? `${address.fd}` : `${address.host}:${address.port}`;

function channelOf(socket: Socket, telnet: boolean): StreamChannel {
  socket.setNoDelay(true);
  if (!telnet) return new StreamChannel(socket, socket);
  const reader = new TelnetReader();
  socket.write(TELNET_GREETING);
  return new StreamChannel(socket, socket, { filter: (bytes) => reader.feed(bytes), encode: telnetEscaped });
}

export const socketBackend = ({ address, server, telnet = false }: SocketSpec): Backend =>
  server
    ? new ListeningSocket(address, telnet)
    : { open: (deliver) => connectTo(address, telnet).then(deliver), close() {} };

async function connectTo(address: SocketAddress, telnet: boolean): Promise<StreamChannel> {
  if ('fd' in address) {
    requireSocket(address.fd);
    return channelOf(new Socket({ fd: address.fd, allowHalfOpen: true }), telnet);
  }
  const socket = connect({ ...address, allowHalfOpen: true });
  try {
    await settled(socket, 'connect');
  } catch (error) {
    throw new UsageError(`Failed to connect to '${nameOf(address)}': ${reasonOf(error)}`);
  }
  return channelOf(socket, telnet);
}

class ListeningSocket implements Backend {
  readonly #address: SocketAddress;
  readonly #telnet: boolean;
  #server: Server | undefined;

  constructor(address: SocketAddress, telnet: boolean) {
    this.#address = address;
    this.#telnet = telnet;
  }

  async open(deliver: (client: StreamChannel) => void): Promise<void> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) =>
      deliver(channelOf(socket, this.#telnet)),
    );
    await listen(server, this.#address);
    this.#server = server;
  }

  close(): void {
    // Also removes the path.
    this.#server?.close();
    this.#server = undefined;
  }
}

/**
 * Has `server` listen. A path is for its owner only, and gone when the server closes.
 * @throws UsageError what the host refused
 */
export async function listen(server: Server, address: SocketAddress): Promise<void> {
  if ('path' in address) await makeRoom(address.path);
  if ('fd' in address) requireSocket(address.fd);
  // Binding is done before `listen` returns, so that the mask is never seen by anything else.
  const umask = process.umask(UMASK);
  try {
    const listening = settled(server, 'listening');
    server.listen(address);
    process.umask(umask);
    await listening;
  } catch (error) {
    process.umask(umask);
    throw new UsageError(`Failed to bind socket to ${nameOf(address)}: ${reasonOf(error)}`);
  }
}

/** Waits for `event`, or throws the error that comes instead. */
const settled = (emitter: Server | Socket, event: 'connect' | 'listening'): Promise<void> =>
  new Promise((resolve, reject) => {
    emitter.once('error', reject);
    emitter.once(event, () => {
      emitter.off('error', reject);
      resolve();
    });
  });

function requireSocket(fd: number): void {
  let isSocket = false;
  try {
    isSocket = fstatSync(fd).isSocket();
  } catch {
    // Not open: not a socket either.
  }
  if (!isSocket) throw new UsageError(`File descriptor '${fd}' is not a socket`);
}

/** Whether somebody listens on the socket at `path`. */
export function isListening(path: string): Promise<boolean> {
  const probe = connect({ path });
  return settled(probe, 'connect')
    .then(
      () => true,
      () => false,
    )
    .finally(() => probe.destroy());
}

/**
 * Makes room for a socket where a daemon that was killed has left one. Anything else at `path` stays, and is an error; so
 * is a directory that is not there, for which `bind` would get a wrong reason from libuv.
 */
async function makeRoom(path: string): Promise<void> {
  const refusal = (reason: string): UsageError => new UsageError(`Failed to bind socket to ${path}: ${reason}`);
  try {
    statSync(dirname(path));
  } catch (error) {
    throw refusal(reasonOf(error));
  }
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return;
  if (!status.isSocket()) throw refusal('it exists and is not a socket');
  if (await isListening(path)) throw refusal('Address already in use');
  rmSync(path, { force: true });
}
