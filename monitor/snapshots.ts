/** Where snapshots are kept, as monitors reach it. */

export interface SnapshotInfo {
  readonly tag: string;
  /** What it takes up where it is kept. */
  readonly bytes: number;
  /** When it was saved, in milliseconds since 1970. */
  readonly date: number;
  /** Guest time, in nanoseconds. */
  readonly clock: bigint;
}

/** What is asked for is done one after the other. Errors are Errors whose text is for the user. */
export interface SnapshotStore {
  /** Ids of the machine's drives, each with whether the guest can write to it: those are part of every snapshot. */
  readonly drives: ReadonlyMap<string, boolean>;
  /** Those that can be read, the oldest first. */
  list(): Promise<readonly SnapshotInfo[]>;
  /** @param tag by default one that tells the time @param replace whether there may be one of that tag already */
  save(tag: string | undefined, replace: boolean): Promise<void>;
  load(tag: string): Promise<void>;
  /** No effect where there is none of that tag. */
  remove(tag: string): Promise<void>;
}

/** What commands call the place where snapshots are kept, as if it were a block device. */
export const SNAPSHOTS_NODE = 'snapshots';
