/** The client's end of a monitor's byte stream, for tests. */
import type { ByteStream } from '../../../monitor/stream.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class FakeStream implements ByteStream {
  /** Everything the monitor has sent. */
  sent = '';
  closed = false;
  readonly #decoder = new TextDecoder();
  #receive: (bytes: Uint8Array) => void = () => {};
  #ended: () => void = () => {};

  write(data: string | Uint8Array): void {
    if (!this.closed) this.sent += typeof data === 'string' ? data : this.#decoder.decode(data, { stream: true });
  }
  onData(receive: (bytes: Uint8Array) => void): void {
    this.#receive = receive;
  }
  onClose(ended: () => void): void {
    if (this.closed) ended();
    else this.#ended = ended;
  }
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#ended();
  }

  /** Sends as the client; a string as UTF-8. */
  type(data: string | Uint8Array): void {
    this.#receive(typeof data === 'string' ? new TextEncoder().encode(data) : data);
  }

  /** What the monitor sends from now until it has fallen silent. */
  async answer(): Promise<string> {
    const start = this.sent.length;
    for (let quiet = 0, length = -1; quiet < 4; quiet++) {
      if (this.sent.length !== length) {
        length = this.sent.length;
        quiet = 0;
      }
      await turn();
    }
    return this.sent.slice(start);
  }

  /** Sends as the client, and waits for what comes back. */
  async ask(data: string | Uint8Array): Promise<string> {
    const start = this.sent.length;
    this.type(data);
    await this.answer();
    return this.sent.slice(start);
  }
}
