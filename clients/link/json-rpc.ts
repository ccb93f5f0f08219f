/** A link that speaks JSON-RPC over a WebSocket. */
import { CommandError, ConnectionError, type ErrorClass } from '../errors.ts';
import { readJson, writeJson } from '../json.ts';
import type { InstrCountersData } from '../protocol.ts';
import type { Counters, EventMessage, Link, Listener, Open } from './link.ts';
import { Replies } from './replies.ts';

interface Message {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string; readonly data: { readonly class: ErrorClass } };
  readonly method?: string;
  readonly params?: Omit<EventMessage, 'event'>;
}

const COUNTERS = 'INSTR_COUNTERS';

class JsonRpcLink implements Link {
  readonly #socket: WebSocket;
  readonly #listener: Listener;
  readonly #replies = new Replies();
  readonly #watchers = new Map<string, (counters: Counters) => void>();

  constructor(socket: WebSocket, listener: Listener) {
    this.#socket = socket;
    this.#listener = listener;
    socket.addEventListener('message', ({ data }) => this.#received(readJson(data) as Message));
    socket.addEventListener('close', () => {
      this.#replies.close();
      listener.closed();
    });
  }

  #received({ id, result, error, method, params }: Message): void {
    if (method === COUNTERS) {
      const { subscription, counters } = params!.data as InstrCountersData;
      this.#watchers.get(subscription)?.(counters);
    } else if (method !== undefined) this.#listener.event({ event: method, ...params! });
    else if (error === undefined) this.#replies.settle(id, { value: result });
    else this.#replies.settle(id, { error: new CommandError(error.message, error.data.class) });
  }

  execute(command: string, args: object): Promise<unknown> {
    return this.#replies.ask((id) =>
      this.#socket.send(writeJson({ jsonrpc: '2.0', id, method: command, params: args })),
    );
  }

  async watch(rate: number, ids: readonly string[] | undefined, receive: (counters: Counters) => void) {
    const result = await this.execute('instr-subscribe', { rate, ids });
    const { subscription } = result as Pick<InstrCountersData, 'subscription'>;
    this.#watchers.set(subscription, receive);
    return () => {
      this.#watchers.delete(subscription);
      // Where the connection has ended, so has the subscription.
      this.execute('instr-unsubscribe', { subscription }).catch(() => {});
    };
  }

  close(): void {
    this.#socket.close();
  }
}

export const openJsonRpc: Open<URL> = async (url, listener) => {
  const socket = new WebSocket(url);
  const link = new JsonRpcLink(socket, listener);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    // A browser's interface: it does not say why.
    socket.addEventListener('close', () =>
      reject(new ConnectionError(`no WebSocket at ${url.origin}: is there a daemon, and is the token right?`)),
    );
  });
  return link;
};
