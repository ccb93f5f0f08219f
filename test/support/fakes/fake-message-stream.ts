/** The client's end of a stream of messages, for tests. */
import type { MessageStream } from '../../../monitor/stream.ts';

export class FakeMessageStream implements MessageStream {
  /** Everything the monitor has sent. */
  readonly sent: string[] = [];
  isBehind = false;
  closed = false;
  #receive: (bytes: Uint8Array) => Promise<void> = async () => {};
  #ended: () => void = () => {};

  send(text: string): void {
    if (!this.closed) this.sent.push(text);
  }
  onMessage(receive: (bytes: Uint8Array) => Promise<void>): void {
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

  /** Sends as the client, and waits until it has been answered. Returns what has been sent meanwhile. */
  async ask(message: string | Uint8Array): Promise<readonly string[]> {
    const start = this.sent.length;
    await this.#receive(typeof message === 'string' ? new TextEncoder().encode(message) : message);
    return this.sent.slice(start);
  }
}
