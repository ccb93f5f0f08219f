/** A QMP client: one thing after the other, or byte by byte. */
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** One message of the daemon. */
export interface QmpMessage {
  readonly QMP?: { readonly version: object };
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
  readonly event?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly id?: unknown;
}

const RETRY_MS = 20;
const PATIENCE_MS = 20_000;

/** The connected socket, once somebody listens at `address`. @throws Error where nobody does for a long time */
async function connected(address: NetConnectOpts): Promise<Socket> {
  for (const deadline = performance.now() + PATIENCE_MS; ; await sleep(RETRY_MS)) {
    const socket = connect(address);
    const error = await new Promise<Error | undefined>((resolve) =>
      socket.once('connect', () => resolve(undefined)).once('error', resolve),
    );
    if (!error) return socket;
    if (performance.now() > deadline) throw error;
  }
}

export class QmpClient {
  readonly socket: Socket;
  /** Every event so far, oldest first. */
  readonly events: QmpMessage[] = [];
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  /** Messages that nobody has asked for yet. */
  readonly #messages: QmpMessage[] = [];
  readonly #waiting: ((message: QmpMessage) => void)[] = [];

  /** @param socket connected */
  constructor(socket: Socket) {
    this.socket = socket;
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      const lines = text.split('\n');
      text = lines.pop()!;
      for (const line of lines) this.#received(JSON.parse(line));
    });
    socket.on('error', () => {});
    this.closed = new Promise((resolve) =>
      socket.on('close', () => {
        for (const settle of this.#waiting.splice(0)) settle({ error: { class: 'Closed', desc: 'connection closed' } });
        resolve();
      }),
    );
  }

  /** A session before its greeting. Waits for the daemon to listen at `address`, a path or more. */
  static async open(address: string | NetConnectOpts): Promise<QmpClient> {
    return new QmpClient(await connected(typeof address === 'string' ? { path: address } : address));
  }

  /** A session that has been negotiated. */
  static async connect(address: string | NetConnectOpts): Promise<QmpClient> {
    const client = await QmpClient.open(address);
    await client.next();
    await client.execute('qmp_capabilities');
    return client;
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

  /** The reply to a command. */
  ask(command: string, args?: object): Promise<QmpMessage> {
    this.send(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    return this.next();
  }

  /** What the command returns. @throws Error with the text of an error reply */
  async execute<T = unknown>(command: string, args?: object): Promise<T> {
    const { error, return: result } = await this.ask(command, args);
    if (error) throw new Error(`${command}: ${error.desc}`);
    return result as T;
  }

  close(): void {
    this.socket.destroy();
  }
}
