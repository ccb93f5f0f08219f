/** A link that speaks QMP, over a unix socket or TCP. */
import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { CommandError, ConnectionError, type ErrorClass } from '../errors.ts';
import { readJson, writeJson } from '../json.ts';
import type { InstrInfo } from '../protocol.ts';
import type { Counters, EventMessage, Link, Listener, Open } from './link.ts';
import { Replies } from './replies.ts';

interface Message {
  readonly QMP?: object;
  readonly id?: number;
  readonly return?: unknown;
  readonly error?: { readonly class: ErrorClass; readonly desc: string };
  readonly event?: string;
}

class QmpLink implements Link {
  readonly #socket: Socket;
  readonly #listener: Listener;
  readonly #replies = new Replies();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Resolves when the daemon has greeted. */
  readonly greeted: Promise<void>;

  constructor(socket: Socket, listener: Listener) {
    this.#socket = socket;
    this.#listener = listener;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.greeted = promise;
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      const lines = (text + part).split('\n');
      text = lines.pop()!;
      try {
        for (const line of lines) this.#received(readJson(line) as Message, resolve);
      } catch {
        // Whatever is spoken there, it is not QMP.
        socket.destroy();
      }
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#replies.close();
      for (const timer of this.#timers) clearInterval(timer);
      reject(new ConnectionError('the connection has ended before a greeting: is QMP spoken there?'));
      listener.closed();
    });
  }

  #received(message: Message, greeted: () => void): void {
    const { id, error } = message;
    if (message.QMP !== undefined) greeted();
    else if (message.event !== undefined) this.#listener.event(message as EventMessage);
    else if (error === undefined) this.#replies.settle(id, { value: message.return });
    else this.#replies.settle(id, { error: new CommandError(error.desc, error.class) });
  }

  execute(command: string, args: object): Promise<unknown> {
    return this.#replies.ask(
      (id) => void this.#socket.write(`${writeJson({ execute: command, arguments: args, id })}\n`),
    );
  }

  /** QMP tells no counters by itself: they are asked for. */
  async watch(rate: number, ids: readonly string[] | undefined, receive: (counters: Counters) => void) {
    let asking = false;
    const ask = async (): Promise<void> => {
      if (asking) return;
      asking = true;
      try {
        const plugins = (await this.execute('query-instr', {})) as readonly InstrInfo[];
        const chosen = plugins.filter(({ id }) => ids?.includes(id) ?? true);
        if (this.#timers.has(timer)) receive(Object.fromEntries(chosen.map(({ id, counters }) => [id, counters])));
      } catch {
        // The connection has ended, and the timer with it.
      }
      asking = false;
    };
    const timer = setInterval(ask, Math.ceil(1000 / rate));
    this.#timers.add(timer);
    return () => {
      clearInterval(timer);
      this.#timers.delete(timer);
    };
  }

  close(): void {
    this.#socket.destroy();
  }
}

export const openQmp: Open<NetConnectOpts> = async (address, listener) => {
  const socket = connect(address);
  try {
    await once(socket, 'connect');
  } catch (error) {
    throw new ConnectionError((error as Error).message);
  }
  const link = new QmpLink(socket, listener);
  await link.greeted;
  await link.execute('qmp_capabilities', {});
  return link;
};
