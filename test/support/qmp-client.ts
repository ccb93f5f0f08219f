/** A QMP client, as plain as can be: what is sent is what the test says. */
import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** One message of the daemon. */
export interface QmpMessage {
  readonly QMP?: { readonly version: object };
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
  readonly event?: string;
  readonly data?: Record<string, unknown>;
  readonly id?: unknown;
}

export class QmpClient {
  readonly socket: Socket;
  /** Events, the first one first. */
  readonly events: QmpMessage[] = [];
  readonly #messages: QmpMessage[] = [];
  readonly #waiting: ((message: QmpMessage) => void)[] = [];
  /** Resolves when the daemon has closed the connection. */
  readonly closed: Promise<unknown>;
  #text = '';

  constructor(socket: Socket) {
    this.socket = socket;
    this.closed = once(socket, 'close');
    onTestFinished(() => void socket.destroy());
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#text + text).split('\r\n');
      this.#text = lines.pop()!;
      for (const line of lines) this.#received(JSON.parse(line));
    });
  }

  #received(message: QmpMessage): void {
    if (message.event !== undefined) {
      this.events.push(message);
      return;
    }
    const waiting = this.#waiting.shift();
    if (waiting) waiting(message);
    else this.#messages.push(message);
  }

  send(text: string): void {
    this.socket.write(text);
  }

  /** The next message that is no event. */
  next(): Promise<QmpMessage> {
    const message = this.#messages.shift();
    return message ? Promise.resolve(message) : new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Sends a command and waits for its reply. */
  ask(execute: string, args?: object): Promise<QmpMessage> {
    this.send(JSON.stringify({ execute, ...(args && { arguments: args }) }));
    return this.next();
  }

  /** The same for a command that must succeed. */
  async call<T = unknown>(execute: string, args?: object): Promise<T> {
    const { return: value, error } = await this.ask(execute, args);
    if (error) throw new Error(`${execute}: ${error.class}: ${error.desc}`);
    return value as T;
  }
}

/**
 * A client that may give commands: the greeting has been read, capabilities are negotiated.
 * @throws Error nobody listens at `address`
 */
export async function qmpClient(address: NetConnectOpts): Promise<QmpClient> {
  const socket = connect(address);
  const client = new QmpClient(socket);
  await once(socket, 'connect');
  await client.next();
  await client.call('qmp_capabilities');
  return client;
}
