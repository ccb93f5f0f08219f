/** What commands reach of the process around the machine. The server provides it. */

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
  /**
   * Writes a file anew, part by part, for its owner only. Parts are asked for once it is open, as there is room for them.
   * @throws CommandError the host does not let it be written; and what asking for a part throws
   */
  writeFile(path: string, parts: Parts): Promise<void>;
}
