/** A QMP client that asks one thing after the other. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

interface Reply {
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
}

interface Event {
  readonly event?: string;
  readonly data?: unknown;
}

const RETRY_MS = 20;
const PATIENCE_MS = 20_000;

/** The connected socket, once somebody listens at `path`. @throws Error where nobody does for a long time */
async function connected(path: string): Promise<Socket> {
  for (const deadline = performance.now() + PATIENCE_MS; ; await sleep(RETRY_MS)) {
    const socket = connect({ path });
    const error = await new Promise<Error | undefined>((resolve) =>
      socket.once('connect', () => resolve(undefined)).once('error', resolve),
    );
    if (!error) return socket;
    if (performance.now() > deadline) throw error;
  }
}

export class QmpClient {
  readonly #socket: Socket;
  readonly #waiting: ((reply: Reply) => void)[] = [];
  /** Every event so far, oldest first. */
  readonly events: Event[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      const lines = text.split('\n');
      text = lines.pop()!;
      for (const line of lines) this.#received(JSON.parse(line));
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const settle of this.#waiting.splice(0)) settle({ error: { class: 'Closed', desc: 'connection closed' } });
    });
  }

  /** A session that has been negotiated; waits for the daemon to listen at `path`. */
  static async connect(path: string): Promise<QmpClient> {
    const client = new QmpClient(await connected(path));
    await client.execute('qmp_capabilities');
    return client;
  }

  #received(message: Reply & Event & { readonly QMP?: unknown }): void {
    if (message.event !== undefined) this.events.push(message);
    else if (message.QMP === undefined) this.#waiting.shift()?.(message);
  }

  /** What the command returns. @throws Error with the text of an error reply */
  async execute(command: string, args?: object): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#waiting.push(resolve);
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    const { error, return: result } = await promise;
    if (error) throw new Error(`${command}: ${error.desc}`);
    return result;
  }

  close(): void {
    this.#socket.destroy();
  }
}
