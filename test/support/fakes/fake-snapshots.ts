/** A place for snapshots without any, for tests of the monitors. */
import type { SnapshotInfo, SnapshotStore } from '../../../monitor/snapshots.ts';

export class FakeSnapshots implements SnapshotStore {
  readonly drives: Map<string, boolean>;
  readonly infos = new Map<string, SnapshotInfo>();
  /** What has been done: `save one`, `load one`. */
  readonly done: string[] = [];
  /** Everything waits for this. */
  held: Promise<void> | undefined;
  #saved = 0;

  /** @param drives see SnapshotStore */
  constructor(drives: Readonly<Record<string, boolean>> = {}) {
    this.drives = new Map(Object.entries(drives));
  }

  async list(): Promise<readonly SnapshotInfo[]> {
    return [...this.infos.values()];
  }
  /** Each is a thousand times as large as the one before, and saved one and a half guest hours later. */
  async save(tag: string | undefined, replace: boolean): Promise<void> {
    await this.held;
    const name = tag ?? 'vm-20261125132814';
    if (!replace && this.infos.has(name)) throw new Error(`Snapshot '${name}' already exists in one or more devices`);
    const number = this.#saved++;
    const date = new Date(2026, 10, 25, 13, 28, 10 + number).getTime();
    const clock = 5_400_000_000_000n * BigInt(number) + 2_062_999_999n;
    this.infos.set(name, { tag: name, bytes: 477_815 * 1000 ** number, date, clock });
    this.done.push(`save ${name}`);
  }
  async load(tag: string): Promise<void> {
    await this.held;
    if (!this.infos.has(tag)) throw new Error(`Snapshot '${tag}' does not exist in one or more devices`);
    this.done.push(`load ${tag}`);
  }
  async remove(tag: string): Promise<void> {
    this.infos.delete(tag);
    this.done.push(`remove ${tag}`);
  }
}
