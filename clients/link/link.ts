/** One connection to a daemon, whatever it speaks. It ends once, and another one takes its place. */
import type { InstrCountersData } from '../protocol.ts';

export type Counters = InstrCountersData['counters'];

/** An event as it arrives. */
export interface EventMessage {
  readonly event: string;
  readonly timestamp: { readonly seconds: number; readonly microseconds: number };
  /** Absent where the event has none. */
  readonly data?: object;
}

export interface Link {
  /**
   * Commands are carried out in the order in which they are given.
   * @throws CommandError the daemon says no
   * @throws ConnectionError the connection has ended
   */
  execute(command: string, args: object): Promise<unknown>;
  /**
   * Has counters told.
   * @param rate times a second, 1 to 60
   * @param ids of the plugins; undefined for all
   * @returns what ends it. The end of the link does, too.
   * @throws CommandError, ConnectionError
   */
  watch(rate: number, ids: readonly string[] | undefined, receive: (counters: Counters) => void): Promise<() => void>;
  close(): void;
}

/** Whom a link tells what happens. */
export interface Listener {
  event(message: EventMessage): void;
  /** Once, when the link has ended, from whichever side; also of one that has not come about. */
  closed(): void;
}

/** @throws ConnectionError nobody answers at the address, or not as expected */
export type Open<Address> = (address: Address, listener: Listener) => Promise<Link>;
