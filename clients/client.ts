/**
 * A typed client: commands as calls, events and counters as loops. It speaks QMP or JSON-RPC, whichever is at its
 * address, and if it is told to, connects anew when the connection has been lost.
 *
 *     const client = await Client.connect('unix:vivarium.qmp');
 *     const { status } = await client.execute('query-status');
 *     for await (const { event, data } of client.events()) ...
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError, ConnectionError } from './errors.ts';
import type { Counters, EventMessage, Link } from './link/link.ts';
import { openLink } from './link/open.ts';
import type { Commands, Events } from './protocol.ts';
import { Queue } from './queue.ts';

export { CommandError, ConnectionError, type ErrorClass } from './errors.ts';
export type { Counters } from './link/link.ts';
export type * from './protocol.ts';

/** An event: its data is that of its name. */
export type Event = {
  [Name in keyof Events]: {
    readonly event: Name;
    readonly timestamp: EventMessage['timestamp'];
    readonly data: Events[Name];
  };
}[keyof Events];

/** What must be given behind the name of a command: nothing, where it can do without. */
type Arguments<Name extends keyof Commands> =
  Record<never, never> extends Commands[Name]['arguments']
    ? [args?: Commands[Name]['arguments']]
    : [args: Commands[Name]['arguments']];

export interface ClientOptions {
  /** Connect anew when the connection is lost, until it works or the client is closed. */
  readonly reconnect?: boolean;
  /** Called when the connection has been lost and another one is sought. */
  lost?(): void;
  /** Called when it has been found: events may have been missed. */
  reconnected?(): void;
}

/** Milliseconds between attempts to connect: doubled after each, up to the latter. */
const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 5000;

interface Watch {
  readonly rate: number;
  readonly ids: readonly string[] | undefined;
  readonly queue: Queue<Counters>;
  stop(): void;
}

export class Client {
  readonly #address: string;
  readonly #options: ClientOptions;
  readonly #events = new Set<Queue<Event>>();
  readonly #watches = new Set<Watch>();
  readonly #closing = new AbortController();
  /** What commands go to. Rejects where there is none, nor will be. */
  #link: Promise<Link>;

  /**
   * @param address `ws://...` with a token, `unix:PATH`, `tcp:HOST:PORT`, or a path: see `link/open.ts`
   * @throws ConnectionError nobody answers there
   */
  static async connect(address: string, options: ClientOptions = {}): Promise<Client> {
    const client = new Client(address, options);
    await client.#link;
    return client;
  }

  private constructor(address: string, options: ClientOptions) {
    this.#address = address;
    this.#options = options;
    this.#link = this.#open();
  }

  /**
   * What the command returns. Commands are carried out in the order in which they are given.
   * @throws CommandError the daemon says no
   * @throws ConnectionError there is no connection, or it has ended before the reply: what was asked may have been done.
   *   One that connects anew waits with further commands until it has.
   */
  async execute<Name extends keyof Commands>(
    command: Name,
    ...[args = {}]: Arguments<Name>
  ): Promise<Commands[Name]['returns']> {
    const link = await this.#link;
    return (await link.execute(command, args)) as Commands[Name]['returns'];
  }

  /** Every event from now on. The loop ends with the client, and forgets what it has not taken when it is left. */
  events(): AsyncIterableIterator<Event> {
    const queue: Queue<Event> = new Queue(() => this.#events.delete(queue));
    if (this.#closing.signal.aborted) queue.end();
    else this.#events.add(queue);
    return queue;
  }

  /**
   * The counters of plugins, as often as is asked for, and no oftener than they are taken: the latest.
   * @param options.rate times a second, 1 to 60
   * @param options.ids of the plugins, loaded or not; by default all
   * @throws CommandError, ConnectionError
   */
  async counters({ rate, ids }: { readonly rate: number; readonly ids?: readonly string[] }) {
    const queue: Queue<Counters> = new Queue(() => {
      this.#watches.delete(watch);
      watch.stop();
    });
    const watch: Watch = { rate, ids, queue, stop() {} };
    await this.#begin(await this.#link, watch);
    this.#watches.add(watch);
    return queue as AsyncIterableIterator<Counters>;
  }

  /** Ends the connection and all loops. Commands that have no reply yet fail. */
  close(): void {
    this.#end();
    void this.#link.then((link) => link.close()).catch(() => {});
  }

  async #begin(link: Link, watch: Watch): Promise<void> {
    watch.stop = await link.watch(watch.rate, watch.ids, (counters) => watch.queue.replace(counters));
  }

  async #open(): Promise<Link> {
    let state = 'opening' as 'opening' | 'open' | 'ended';
    const link = await openLink(this.#address, {
      event: ({ event, timestamp, data = {} }) => {
        for (const queue of this.#events) queue.push({ event, timestamp, data } as Event);
      },
      closed: () => {
        if (state === 'open') this.#lost();
        state = 'ended';
      },
    });
    for (const watch of this.#watches) {
      await this.#begin(link, watch).catch((error: unknown) => {
        if (!(error instanceof CommandError)) throw error;
        watch.queue.end();
      });
    }
    if (state === 'ended') throw new ConnectionError('the connection has ended');
    state = 'open';
    return link;
  }

  #lost(): void {
    if (!this.#options.reconnect) this.#end();
    if (this.#closing.signal.aborted) return;
    this.#options.lost?.();
    this.#link = this.#openAgain();
    // Who waits for it is told; nobody may be.
    this.#link.catch(() => {});
  }

  async #openAgain(): Promise<Link> {
    for (let wait = RETRY_MS_MIN; ; wait = Math.min(2 * wait, RETRY_MS_MAX)) {
      await sleep(wait, undefined, { signal: this.#closing.signal }).catch(() => {});
      if (this.#closing.signal.aborted) throw new ConnectionError('the client has been closed');
      try {
        const link = await this.#open();
        this.#options.reconnected?.();
        return link;
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error;
      }
    }
  }

  #end(): void {
    this.#closing.abort();
    for (const queue of [...this.#events]) queue.end();
    for (const { queue } of [...this.#watches]) queue.end();
  }
}
