/** A WebSocket as a stream of messages, and no client that can do harm by not reading. */
import type { WebSocket } from 'ws';
import type { MessageStream } from '../../monitor/stream.ts';

/** Messages of a client that wait for their answers; it is not read from while there are so many. */
const UNANSWERED_MAX = 8;

/** Bytes that wait for a client to read them; it is not read from while there are more. */
const PAUSE_BYTES = 1 << 20;

/** Milliseconds that a client has to take its last messages when it is closed. */
const FLUSH_MS = 1000;

/** Codes of RFC 6455, section 7.4.1. */
const GOING_AWAY = 1001;

export interface WebSocketStreamOptions {
  /** Bytes that may wait for a client which does not read. */
  readonly unreadBytesMax: number;
  /** Told when the client has been dropped because it did not read. */
  dropped(): void;
}

export class WebSocketStream implements MessageStream {
  readonly #socket: WebSocket;
  readonly #options: WebSocketStreamOptions;
  readonly #closed: Promise<void>;
  #unanswered = 0;

  constructor(socket: WebSocket, options: WebSocketStreamOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#closed = new Promise((resolve) => void socket.once('close', () => resolve()));
    // The socket closes by itself after an error.
    socket.on('error', () => {});
    // Answered by themselves, so that they can fill the buffer as well.
    socket.on('ping', () => this.#balance());
  }

  get isBehind(): boolean {
    return this.#socket.bufferedAmount > 0;
  }

  send(text: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(text, () => this.#balance());
    this.#balance();
  }
  onMessage(receive: (bytes: Uint8Array) => Promise<void>): void {
    this.#socket.on('message', async (data) => {
      this.#unanswered++;
      this.#balance();
      await receive(data as Buffer);
      this.#unanswered--;
      this.#balance();
    });
  }
  onClose(closed: () => void): void {
    void this.#closed.then(closed);
  }
  close(): void {
    this.#socket.close(GOING_AWAY);
  }

  /** Closes it, and resolves when it is: in the client's time, if that is not long. */
  async finish(): Promise<void> {
    this.close();
    // The client's answer has to be read.
    this.#socket.resume();
    const timer = setTimeout(() => this.#socket.terminate(), FLUSH_MS);
    await this.#closed;
    clearTimeout(timer);
  }

  /** Reads from a client that keeps up, and from no other. */
  #balance(): void {
    const { bufferedAmount } = this.#socket;
    if (bufferedAmount > this.#options.unreadBytesMax) {
      this.#options.dropped();
      this.#socket.terminate();
    } else if (this.#unanswered >= UNANSWERED_MAX || bufferedAmount > PAUSE_BYTES) {
      this.#socket.pause();
    } else {
      this.#socket.resume();
    }
  }
}
