/**
 * Frames over a stream socket: each is preceded by its length, as 32 bits in network order. That is what QEMU's `stream`
 * and `socket` speak among each other, and what passt speaks.
 *
 * One client is served at a time; others wait. While there is none, what the guest sends is lost, as on a cable that
 * leads nowhere.
 */
import { FRAME_BYTES_MAX } from '../../core/devices/virtio/net.ts';
import type { Backend } from '../chardev/backend.ts';
import type { Channel } from '../chardev/channel.ts';
import { socketBackend } from '../chardev/socket.ts';
import type { StreamNetdev as StreamSpec } from '../config/netdevs.ts';
import type { Netdev } from './netdev.ts';

const LENGTH_BYTES = 4;

export class StreamNetdev implements Netdev {
  readonly #socket: Backend;
  readonly #waiting: Channel[] = [];
  #client: Channel | undefined;
  /** Received, but not yet taken: whole frames and the beginning of one. */
  #received = Buffer.alloc(0);
  #drained = (): void => {};
  #accept: (frame: Uint8Array) => boolean = () => false;

  constructor({ address, server }: StreamSpec) {
    this.#socket = socketBackend({ type: 'socket', address, server, wait: false });
  }

  open(): Promise<void> {
    return this.#socket.open((client) => {
      this.#waiting.push(client);
      this.#serve();
    });
  }

  close(): void {
    this.#socket.close();
    for (const client of this.#waiting.splice(0)) client.destroy();
    this.#client?.destroy();
  }

  send(frame: Uint8Array): boolean {
    if (!this.#client) return true;
    const message = Buffer.alloc(LENGTH_BYTES + frame.length);
    message.writeUInt32BE(frame.length);
    message.set(frame, LENGTH_BYTES);
    return this.#client.write(message);
  }
  onDrain(callback: () => void): void {
    this.#drained = callback;
  }
  onFrame(callback: (frame: Uint8Array) => boolean): void {
    this.#accept = callback;
  }
  resume(): void {
    this.#deliver();
  }

  #serve(): void {
    if (this.#client) return;
    const client = this.#waiting.shift();
    if (!client) return;
    this.#client = client;
    this.#received = Buffer.alloc(0);
    client.onDrain(() => this.#drained());
    client.onClose(() => {
      this.#client = undefined;
      this.#drained();
      this.#serve();
    });
    client.onData((bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#deliver();
    });
  }

  /** Offers whole frames, and asks for more bytes only when all have been taken. */
  #deliver(): void {
    while (this.#received.length >= LENGTH_BYTES) {
      const length = this.#received.readUInt32BE();
      if (length > FRAME_BYTES_MAX) {
        // Nothing that follows could be made sense of.
        this.#client?.destroy();
        return;
      }
      if (this.#received.length < LENGTH_BYTES + length) break;
      if (!this.#accept(this.#received.subarray(LENGTH_BYTES, LENGTH_BYTES + length))) {
        this.#client?.pause();
        return;
      }
      this.#received = this.#received.subarray(LENGTH_BYTES + length);
    }
    this.#client?.resume();
  }
}
