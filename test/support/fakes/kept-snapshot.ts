/** A snapshot that is kept in the memory of the test. */
import type { Machine } from '../../../core/machine/interface.ts';
import type { Piece, SnapshotHead, SnapshotSink, SnapshotSource } from '../../../core/machine/snapshot/snapshot.ts';

export class KeptSnapshot implements SnapshotSink, SnapshotSource {
  readonly kept: Piece[] = [];
  #head: SnapshotHead | undefined;

  async begin(head: SnapshotHead): Promise<void> {
    this.#head = head;
  }
  async take(piece: Piece): Promise<void> {
    this.kept.push(piece);
  }
  get head(): SnapshotHead {
    if (!this.#head) throw new Error('nothing has been saved');
    return this.#head;
  }
  async *pieces(): AsyncIterable<Piece> {
    yield* this.kept;
  }
}

export async function snapshotOf(machine: Machine): Promise<KeptSnapshot> {
  const snapshot = new KeptSnapshot();
  await machine.snapshots.save(snapshot);
  return snapshot;
}
