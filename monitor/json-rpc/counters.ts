/** The counters of plugins, told to a client again and again: what a JSON-RPC session adds to the commands of QMP. */
import type { Instrumentation } from '../../core/machine/interface.ts';
import { type Infer, intOf, list, nothing, optional, str, struct } from '../../schema/build.ts';
import { COUNTERS_RATE_MAX, COUNTERS_RATE_MIN, InstrCounters } from '../../schema/types/instrumentation.ts';
import { type Command, CommandError, event } from '../command.ts';

/** Subscriptions of one client. */
const SUBSCRIPTIONS_MAX = 16;

const CountersData = struct('InstrCountersData', {
  subscription: str('What `instr-subscribe` returned.'),
  counters: InstrCounters,
});

export const instrCounters = event('INSTR_COUNTERS', {
  doc: 'What the counters of plugins are at. Sent to those who have subscribed, and left out while they do not read.',
  data: CountersData,
  example:
    '{"jsonrpc": "2.0", "method": "INSTR_COUNTERS", "params": {"timestamp": {"seconds": 1795418975, "microseconds": 392451}, "data": {"subscription": "counters0", "counters": {"lib0": {"instructions": 9007199254740993}}}}}',
});

/** The subscriptions of one client. */
export class CounterSubscriptions {
  readonly #instrumentation: Instrumentation;
  readonly #tell: (data: Infer<typeof CountersData>) => void;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #next = 0;

  /** @param tell takes the counters, each time that they are due */
  constructor(instrumentation: Instrumentation, tell: (data: Infer<typeof CountersData>) => void) {
    this.#instrumentation = instrumentation;
    this.#tell = tell;
  }

  /**
   * @param rate times a second, at most; COUNTERS_RATE_MIN to COUNTERS_RATE_MAX
   * @param ids of the plugins, loaded or not; undefined for all
   * @returns the name of the subscription
   * @throws CommandError there are too many
   */
  add(rate: number, ids: readonly string[] | undefined): string {
    if (this.#timers.size === SUBSCRIPTIONS_MAX) {
      throw new CommandError(`${SUBSCRIPTIONS_MAX} subscriptions are all that a client may have`);
    }
    const subscription = `counters${this.#next++}`;
    const tell = (): void => this.#tell({ subscription, counters: this.#counters(ids) });
    this.#timers.set(subscription, setInterval(tell, Math.ceil(1000 / rate)));
    return subscription;
  }

  /** @throws CommandError there is none of that name */
  remove(subscription: string): void {
    if (!this.#timers.has(subscription)) throw new CommandError(`Unknown subscription '${subscription}'`);
    clearInterval(this.#timers.get(subscription));
    this.#timers.delete(subscription);
  }

  clear(): void {
    for (const timer of this.#timers.values()) clearInterval(timer);
    this.#timers.clear();
  }

  #counters(ids: readonly string[] | undefined): Infer<typeof InstrCounters> {
    const all = Object.entries(this.#instrumentation.counters());
    return Object.fromEntries(all.filter(([id]) => ids?.includes(id) ?? true));
  }
}

/** A method that belongs to a session, not to the machine: otherwise like a command. */
export interface SessionMethod<A, R> extends Omit<Command<A, R>, 'run'> {
  run(subscriptions: CounterSubscriptions, args: A): R;
}

const sessionMethod = <A, R>(name: string, definition: Omit<SessionMethod<A, R>, 'name'>): SessionMethod<A, R> => ({
  ...definition,
  name,
});

export const instrSubscribe = sessionMethod('instr-subscribe', {
  doc: 'Has INSTR_COUNTERS sent to this client from now on, until it unsubscribes or its connection ends.',
  args: struct('InstrSubscribeArguments', {
    rate: intOf([COUNTERS_RATE_MIN, COUNTERS_RATE_MAX], 'Times a second, at most.'),
    ids: optional(list(str(), 'The plugins, whether they are loaded yet or not; by default all.')),
  }),
  returns: struct('InstrSubscribeResult', { subscription: str('Its name, for `instr-unsubscribe`.') }),
  example: {
    request: '{"jsonrpc": "2.0", "id": 1, "method": "instr-subscribe", "params": {"rate": 10, "ids": ["lib0"]}}',
    reply: '{"jsonrpc": "2.0", "id": 1, "result": {"subscription": "counters0"}}',
  },
  run: (subscriptions, { rate, ids }) => ({ subscription: subscriptions.add(Number(rate), ids) }),
});

export const instrUnsubscribe = sessionMethod('instr-unsubscribe', {
  doc: 'Ends a subscription. No INSTR_COUNTERS of it follow the reply.',
  args: struct('InstrUnsubscribeArguments', { subscription: str('What `instr-subscribe` returned.') }),
  returns: nothing,
  example: {
    request: '{"jsonrpc": "2.0", "id": 1, "method": "instr-unsubscribe", "params": {"subscription": "counters0"}}',
    reply: '{"jsonrpc": "2.0", "id": 1, "result": {}}',
  },
  run: (subscriptions, { subscription }) => {
    subscriptions.remove(subscription);
    return {};
  },
});

// biome-ignore lint/suspicious/noExplicitAny: a list of methods holds methods of every shape
export const sessionMethods: readonly SessionMethod<any, any>[] = [instrSubscribe, instrUnsubscribe];
