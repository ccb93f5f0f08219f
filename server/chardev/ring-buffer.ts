/** Memory as a character device: it keeps the last bytes of output, for `ringbuf-read`. Nothing is ever typed at it. */
import type { Backend } from './backend.ts';
import type { Channel } from './channel.ts';

export class RingBuffer implements Backend {
  readonly #bytes: Uint8Array;
  /** Of the next byte to be read and written, modulo the size. */
  #first = 0;
  #end = 0;

  /** @param size bytes that are kept; a power of two */
  constructor(size: number) {
    this.#bytes = new Uint8Array(size);
  }

  async open(deliver: (client: Channel) => void): Promise<void> {
    deliver(this.#channel());
  }
  close(): void {}

  /** Takes bytes; where there is no room the oldest are forgotten. */
  write(bytes: Uint8Array): void {
    const size = this.#bytes.length;
    for (const byte of bytes.subarray(-size)) this.#bytes[this.#end++ & (size - 1)] = byte;
    this.#first = Math.max(this.#first, this.#end - size);
  }

  /** Takes the oldest bytes away. @returns `bytes` of them or fewer */
  read(bytes: number): Uint8Array {
    const length = Math.min(bytes, this.#end - this.#first);
    const start = this.#first;
    this.#first += length;
    return Uint8Array.from({ length }, (_, n) => this.#bytes[(start + n) & (this.#bytes.length - 1)]!);
  }

  #channel(): Channel {
    const whenClosed: (() => void)[] = [];
    const close = (): void => {
      for (const closed of whenClosed.splice(0)) closed();
    };
    return {
      write: (data) => {
        this.write(Buffer.from(data as string));
        return true;
      },
      onDrain() {},
      onData() {},
      onEnd() {},
      onClose: (closed) => void whenClosed.push(closed),
      pause() {},
      resume() {},
      close,
      destroy: close,
    };
  }
}
