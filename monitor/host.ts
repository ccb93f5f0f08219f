/** What commands reach of the process around the machine. The server provides it. */

import type { Infer } from '../schema/build.ts';
import type { ChardevBackend, ChardevReturn } from '../schema/types/chardev.ts';

/** A parameter of an option of the command line. */
export interface OptionParameter {
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'number' | 'size';
}

/** Devices of the board, as far as clients may plug them in and out while it runs. */
export interface Devices {
  /** @throws CommandError always: no bus of the board takes devices while it runs, and what is asked for may be wrong */
  add(properties: Readonly<Record<string, unknown>>): never;
  /** @throws CommandError in the same way. @param id of a device, or its path in the object tree */
  remove(id: string): never;
}

/** What a ring buffer lets those do who look at it. */
export interface Ring {
  write(bytes: Uint8Array): void;
  /** Takes the oldest bytes away. @returns `bytes` of them or fewer */
  read(bytes: number): Uint8Array;
}

/** Character devices. Errors are CommandErrors. */
export interface Chardevs {
  readonly backends: readonly string[];
  /** @throws the id is taken or none, or the host refused */
  add(id: string, backend: ChardevBackend): Promise<Infer<typeof ChardevReturn>>;
  /** @throws there is none, or it is in use */
  remove(id: string): Promise<void>;
  /** Another backend for the same user. @throws there is none, or its user cannot be moved, or the host refused */
  change(id: string, backend: ChardevBackend): Promise<Infer<typeof ChardevReturn>>;
  /** @throws there is none, or it is no ring buffer */
  ring(id: string): Ring;
  /** Ids of those that are sockets. */
  readonly sockets: readonly string[];
  /** Cuts the connections of sockets, at once. @throws one of them is none: nothing has been cut */
  cut(ids: readonly string[]): void;
}

/** What is written one after the other. */
export type Parts = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

export interface Host {
  /** Of `-uuid`; zeros without one. */
  readonly uuid: string;
  /** Options of the command line that take parameters with names, by the option. */
  readonly options: ReadonlyMap<string, readonly OptionParameter[]>;
  /** What follows when the guest ends the machine: `pause` lets the daemon stay for its clients. */
  shutdownAction: 'poweroff' | 'pause';
  readonly devices: Devices;
  readonly chardevs: Chardevs;
  /**
   * Writes a file anew, part by part, for its owner only. Parts are asked for once it is open, as there is room for them.
   * @throws CommandError the host does not let it be written; and what asking for a part throws
   */
  writeFile(path: string, parts: Parts): Promise<void>;
}
