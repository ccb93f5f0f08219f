/**
 * What a guest writes to a disk that is to stay as it is: kept beside it, in a temporary file, and forgotten at the end.
 *
 * The temporary file holds clusters at the same offsets as the disk, and nothing where the disk is unchanged.
 */
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BlockDevice, openRaw } from './raw.ts';

const CLUSTER_BYTES = 65536;

/** @throws UsageError the host has no room for the temporary file */
export async function withSnapshot(base: BlockDevice): Promise<BlockDevice> {
  const folder = await mkdtemp(join(tmpdir(), 'vivarium-'));
  try {
    const path = join(folder, 'snapshot');
    const file = await open(path, 'wx', 0o600);
    await file.truncate(base.bytes);
    await file.close();
    const changes = await openRaw({
      id: 'snapshot',
      option: 'snapshot=on',
      path,
      raw: true,
      readOnly: false,
      snapshot: false,
      cache: 'unsafe',
    });
    return new Snapshot(base, changes);
  } finally {
    // The file lives on for as long as it is open.
    await rm(folder, { recursive: true, force: true });
  }
}

class Snapshot implements BlockDevice {
  readonly bytes: number;
  readonly readOnly = false;
  readonly #base: BlockDevice;
  readonly #changes: BlockDevice;
  /** Clusters that are in `changes`, by number; while one is being copied there, its promise. */
  readonly #changed = new Map<number, Promise<void>>();

  constructor(base: BlockDevice, changes: BlockDevice) {
    this.#base = base;
    this.#changes = changes;
    this.bytes = base.bytes;
  }

  async read(offset: number, bytes: number): Promise<Uint8Array> {
    const result = new Uint8Array(bytes);
    for (const { cluster, start, length } of pieces(offset, bytes)) {
      const copied = this.#changed.get(cluster);
      await copied;
      const piece = await (copied ? this.#changes : this.#base).read(start, length);
      result.set(piece, start - offset);
    }
    return result;
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    for (const { cluster, start, length } of pieces(offset, bytes.length)) {
      if (!this.#changed.has(cluster)) this.#changed.set(cluster, this.#copy(cluster));
      await this.#changed.get(cluster);
      await this.#changes.write(start, bytes.subarray(start - offset, start - offset + length));
    }
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {
    await Promise.all([this.#base.close(), this.#changes.close()]);
  }

  async #copy(cluster: number): Promise<void> {
    const start = cluster * CLUSTER_BYTES;
    await this.#changes.write(start, await this.#base.read(start, Math.min(CLUSTER_BYTES, this.bytes - start)));
  }
}

interface Piece {
  readonly cluster: number;
  readonly start: number;
  readonly length: number;
}

/** The parts of a range that lie in one cluster each. */
function* pieces(offset: number, bytes: number): Generator<Piece> {
  for (let start = offset; start < offset + bytes; ) {
    const cluster = Math.floor(start / CLUSTER_BYTES);
    const length = Math.min(offset + bytes, (cluster + 1) * CLUSTER_BYTES) - start;
    yield { cluster, start, length };
    start += length;
  }
}
