/**
 * One client of a character device, as a byte stream with back-pressure. What a monitor sees of it is a `ByteStream`;
 * a serial line uses the rest, so that nothing is lost to a slow client and nothing piles up for it.
 */
import type { Readable, Writable } from 'node:stream';
import type { ByteStream } from '../../monitor/stream.ts';

export interface Channel extends ByteStream {
  /** Takes all of `data`, copied. False asks the writer to wait for `onDrain`; true after the end. */
  write(data: string | Uint8Array): boolean;
  /** Sets the one callback for when `write` should go on; it is also called when the end makes waiting pointless. */
  onDrain(drained: () => void): void;
  /** Asks for no bytes until `resume`. A few more may come. */
  pause(): void;
  resume(): void;
  /** Sets what happens when the client has said that it will send no more. By default the channel closes. */
  onEnd(ended: () => void): void;
  /** Drops the connection with all that has not been sent. */
  destroy(): void;
}

export interface StreamChannelOptions {
  /** The streams belong to the process and outlive the channel; the end of input is not the end of the client. */
  readonly shared?: boolean;
  /** Sees received bytes first, and returns what of them goes on. */
  readonly filter?: (bytes: Uint8Array) => Uint8Array;
  /** Turns what is written into what is sent. */
  readonly encode?: (data: string | Uint8Array) => Uint8Array;
}

/** A channel over a pair of Node's streams, such as both sides of a socket. */
export class StreamChannel implements Channel {
  readonly #readable: Readable | undefined;
  readonly #writable: Writable;
  readonly #shared: boolean;
  readonly #filter: (bytes: Uint8Array) => Uint8Array;
  readonly #encode: ((data: string | Uint8Array) => Uint8Array) | undefined;
  readonly #whenClosed: (() => void)[] = [];
  #drained = (): void => {};
  #ended = (): void => this.close();
  #closing = false;
  #closed = false;

  /** @param readable absent where nothing ever comes; nothing is read before `onData` */
  constructor(
    readable: Readable | undefined,
    writable: Writable,
    { shared = false, filter = (bytes) => bytes, encode }: StreamChannelOptions = {},
  ) {
    this.#readable = readable;
    this.#writable = writable;
    this.#shared = shared;
    this.#filter = filter;
    this.#encode = encode;
    writable.on('drain', () => this.#drained());
    writable.on('error', () => this.destroy());
    writable.on('close', () => this.#finish());
    // A terminal that has gone away gives errors in place of input.
    readable?.on('error', () => shared || this.destroy());
    readable?.on('end', () => shared || this.#ended());
  }

  write(data: string | Uint8Array): boolean {
    if (this.#closing) return true;
    if (this.#encode) return this.#writable.write(this.#encode(data));
    return this.#writable.write(typeof data === 'string' ? data : Uint8Array.from(data));
  }
  onDrain(drained: () => void): void {
    this.#drained = drained;
  }
  onData(receive: (bytes: Uint8Array) => void): void {
    this.#readable?.on('data', (bytes: Uint8Array) => {
      const rest = this.#filter(bytes);
      if (!this.#closing && rest.length > 0) receive(rest);
    });
    // A socket that was accepted in pause does not begin to flow by itself.
    this.#readable?.resume();
  }
  pause(): void {
    this.#readable?.pause();
  }
  resume(): void {
    this.#readable?.resume();
  }
  onEnd(ended: () => void): void {
    this.#ended = ended;
  }
  onClose(closed: () => void): void {
    if (this.#closed) closed();
    else this.#whenClosed.push(closed);
  }
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#drained();
    if (!this.#shared) this.#writable.end(() => this.destroy());
    else this.#writable.write('', () => this.#finish());
  }
  destroy(): void {
    if (!this.#shared) {
      this.#readable?.destroy();
      this.#writable.destroy();
    }
    this.#finish();
  }

  #finish(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closing = true;
    if (this.#shared) this.#readable?.pause();
    this.#drained();
    for (const closed of this.#whenClosed) closed();
  }
}
