/** A client of a character device under a test's control. */
import type { Channel } from '../../../server/chardev/channel.ts';

export class FakeChannel implements Channel {
  /** Everything written, as text. */
  output = '';
  paused = false;
  closed = false;
  /** Writes are answered false until `drain`. */
  full = false;
  #receive: (bytes: Uint8Array) => void = () => {};
  #drained = (): void => {};
  #ended = (): void => this.close();
  readonly #whenClosed: (() => void)[] = [];

  /** The client sends text. */
  send(text: string): void {
    this.#receive(Buffer.from(text, 'latin1'));
  }
  /** The client has read everything. */
  drain(): void {
    this.full = false;
    this.#drained();
  }
  /** The client says that it will send no more. */
  end(): void {
    this.#ended();
  }
  /** What has been written since the last call. */
  taken(): string {
    const { output } = this;
    this.output = '';
    return output;
  }

  write(data: string | Uint8Array): boolean {
    this.output += typeof data === 'string' ? data : Buffer.from(data).toString('latin1');
    return !this.full;
  }
  onDrain(drained: () => void): void {
    this.#drained = drained;
  }
  onData(receive: (bytes: Uint8Array) => void): void {
    this.#receive = receive;
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  onEnd(ended: () => void): void {
    this.#ended = ended;
  }
  onClose(closed: () => void): void {
    this.#whenClosed.push(closed);
  }
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const closed of this.#whenClosed) closed();
  }
  destroy(): void {
    this.close();
  }
}
