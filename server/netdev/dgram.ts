/** A frame in each UDP datagram, between two sockets: QEMU's `dgram`, and `socket` with `udp=`. */
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import type { InetAddress } from '../chardev/spec.ts';
import type { DgramNetdev as DgramSpec } from '../config/netdevs.ts';
import { reasonOf, UsageError } from '../errors.ts';
import type { Netdev } from './netdev.ts';

export class DgramNetdev implements Netdev {
  readonly #local: InetAddress;
  readonly #remote: InetAddress;
  #socket: Socket | undefined;
  #accept: (frame: Uint8Array) => boolean = () => false;

  constructor({ local, remote }: DgramSpec) {
    this.#local = local;
    this.#remote = remote;
  }

  async open(): Promise<void> {
    const { host, port } = this.#local;
    const name = `${host}:${port}`;
    try {
      const { address, family } = await lookup(host);
      const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
      const bound = new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.once('listening', resolve);
      });
      socket.bind(port, address);
      await bound;
      // A datagram that cannot be sent is lost, as any may be.
      socket.on('error', () => {});
      // As is one for which the guest has no room.
      socket.on('message', (frame) => void this.#accept(frame));
      this.#socket = socket;
    } catch (error) {
      throw new UsageError(`can't bind ip=${name} to socket: ${reasonOf(error)}`);
    }
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  send(frame: Uint8Array): boolean {
    this.#socket?.send(frame, this.#remote.port, this.#remote.host, () => {});
    return true;
  }
  onDrain(): void {}
  onFrame(callback: (frame: Uint8Array) => boolean): void {
    this.#accept = callback;
  }
  resume(): void {}
}
