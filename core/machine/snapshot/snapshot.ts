/**
 * What a snapshot is, apart from how it is kept: all that a machine remembers, in sections of bytes, with what the machine
 * has to be in order to remember it.
 *
 * A section is cut into pieces. Pieces that are all zero are left out; the others come in the order of sections and
 * offsets.
 */

/** What a machine is made of, as far as the guest depends on that: words by name. Equal for machines that are alike. */
export type Configuration = Readonly<Record<string, string>>;

/** A stretch of what a machine remembers. */
export interface Section {
  readonly name: string;
  /** What its bytes mean, in a text that changes whenever that does. */
  readonly form: string;
  readonly bytes: number;
}

export interface SnapshotHead {
  readonly configuration: Configuration;
  readonly sections: readonly Section[];
  /** Guest time, in nanoseconds. */
  readonly clock: bigint;
}

/** Bytes of a piece; the last one of a section may have less. */
export const PIECE_BYTES = 1 << 18;

export interface Piece {
  /** Index of its section. */
  readonly section: number;
  /** A multiple of PIECE_BYTES. */
  readonly offset: number;
  /** Not changed afterwards. */
  readonly bytes: Uint8Array;
}

/** Where a snapshot goes. What it throws ends the snapshot. */
export interface SnapshotSink {
  /** Called once, before anything else. */
  begin(head: SnapshotHead): Promise<void>;
  /** Resolves when it takes more. */
  take(piece: Piece): Promise<void>;
}

/** Where a snapshot comes from. */
export interface SnapshotSource {
  readonly head: SnapshotHead;
  /** All pieces, in order. What it throws leaves the machine half restored: check what can be checked before. */
  pieces(): AsyncIterable<Piece>;
}

/** The machine cannot be saved, or restored from what it is given. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
}
