/**
 * The guest's serial line, between a device of the machine and the client of a character device.
 *
 * While nobody is connected, output is dropped, as on a real line without a terminal; a later client does not see it.
 * While a client is connected nothing is lost in either direction: a slow client makes the device wait, and a slow guest
 * leaves the client's bytes in the host's buffers.
 */
import type { CharacterBackend } from '../../core/machine/interface.ts';
import type { Channel } from './channel.ts';
import type { FrontEnd } from './front-end.ts';

const NOTHING = new Uint8Array(0);

export class SerialLine implements CharacterBackend, FrontEnd {
  readonly kind = 'serial';
  #client: Channel | undefined;
  #drained = (): void => {};
  #accept: (bytes: Uint8Array) => number = () => 0;
  /** Received, but not yet taken by the device. */
  #pending: Uint8Array = NOTHING;

  write(bytes: Uint8Array): boolean {
    return this.#client?.write(bytes) ?? true;
  }
  onDrain(callback: () => void): void {
    this.#drained = callback;
  }
  onData(callback: (bytes: Uint8Array) => number): void {
    this.#accept = callback;
    this.resume();
  }
  resume(): void {
    if (this.#pending.length > 0) this.#offer(NOTHING);
  }

  attach(channel: Channel): void {
    this.#client = channel;
    channel.onDrain(() => this.#drained());
    channel.onClose(() => {
      this.#client = undefined;
      this.#drained();
    });
    channel.onData((bytes) => this.#offer(bytes));
  }

  #offer(bytes: Uint8Array): void {
    const held = this.#pending.length > 0;
    this.#pending = held ? Buffer.concat([this.#pending, bytes]) : bytes;
    this.#pending = this.#pending.subarray(this.#accept(this.#pending));
    if (this.#pending.length > 0) this.#client?.pause();
    else if (held) this.#client?.resume();
  }
}
