/** A folder of snapshots: a file for each, by its tag. */
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Snapshotting } from '../../core/machine/interface.ts';
import type { SnapshotInfo, SnapshotStore } from '../../monitor/snapshots.ts';
import { reasonOf, UsageError } from '../errors.ts';
import { SnapshotReader, SnapshotWriter } from './file.ts';

const ENDING = '.snapshot';
const TAG = /^\w[\w.-]{0,127}$/;

/** `20261125132814`, of the host's time zone. */
const timeText = (date: Date): string =>
  [date.getFullYear(), date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => `${part}`.padStart(2, '0'))
    .join('');

export class SnapshotFolder implements SnapshotStore {
  readonly drives: ReadonlyMap<string, boolean>;
  readonly #folder: string;
  readonly #snapshots: Snapshotting;
  readonly #now: () => Date;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(folder: string, snapshots: Snapshotting, drives: ReadonlyMap<string, boolean>, now: () => Date) {
    this.#folder = folder;
    this.#snapshots = snapshots;
    this.drives = drives;
    this.#now = now;
  }

  /**
   * Opens a folder, which is made if it is not there.
   * @param drives see SnapshotStore
   * @throws UsageError the host refuses
   */
  static async open(
    folder: string,
    snapshots: Snapshotting,
    drives: ReadonlyMap<string, boolean>,
    now: () => Date = () => new Date(),
  ): Promise<SnapshotFolder> {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await readdir(folder);
    } catch (error) {
      throw new UsageError(`-snapshots ${folder}: ${reasonOf(error)}`);
    }
    return new SnapshotFolder(folder, snapshots, drives, now);
  }

  #inTurn<T>(job: () => Promise<T>): Promise<T> {
    const result = this.#last.then(job);
    this.#last = result.catch(() => {});
    return result;
  }

  /** @throws Error the tag cannot be one */
  #pathOf(tag: string): string {
    if (!TAG.test(tag))
      throw new Error(
        `'${tag}' cannot be a tag: letters, digits, '_', '.' and '-' can, up to 128, no '.' or '-' first`,
      );
    return join(this.#folder, `${tag}${ENDING}`);
  }

  /** @throws Error what `job` throws, and of which snapshot, in one line */
  async #about<T>(tag: string, job: () => Promise<T>): Promise<T> {
    try {
      return await job();
    } catch (error) {
      throw new Error(`Snapshot '${tag}': ${reasonOf(error)}`);
    }
  }

  list(): Promise<readonly SnapshotInfo[]> {
    return this.#inTurn(async () => {
      const names = (await readdir(this.#folder)).filter((name) => name.endsWith(ENDING));
      const tags = names.map((name) => name.slice(0, -ENDING.length)).filter((tag) => TAG.test(tag));
      const found = await Promise.all(tags.map((tag) => this.#info(tag)));
      return found
        .filter((info) => info !== undefined)
        .toSorted((one, other) => one.date - other.date || (one.tag < other.tag ? -1 : 1));
    });
  }

  /** Undefined for a file that is no snapshot: `load` says why. */
  async #info(tag: string): Promise<SnapshotInfo | undefined> {
    try {
      const reader = await SnapshotReader.open(this.#pathOf(tag));
      try {
        const { date, clock } = reader.head;
        return { tag, bytes: await reader.bytes(), date, clock };
      } finally {
        await reader.close();
      }
    } catch {
      return undefined;
    }
  }

  save(wanted: string | undefined, replace: boolean): Promise<void> {
    return this.#inTurn(async () => {
      const now = this.#now();
      const tag = wanted ?? `vm-${timeText(now)}`;
      const path = this.#pathOf(tag);
      if (!replace && (await this.#has(tag)))
        throw new Error(`Snapshot '${tag}' already exists in one or more devices`);
      await this.#about(tag, () => this.#write(path, tag, now));
    });
  }

  /** Writes beside the file that it is to be, and puts it there only when all of it is safe. */
  async #write(path: string, tag: string, now: Date): Promise<void> {
    const draft = join(this.#folder, `.${tag}.${process.pid}`);
    await rm(draft, { force: true });
    const file = await open(draft, 'wx', 0o600);
    try {
      const writer = new SnapshotWriter(file, now.getTime());
      await this.#snapshots.save(writer);
      await writer.end();
      await file.sync();
      await file.close();
      await rename(draft, path);
      await syncFolder(this.#folder);
    } catch (error) {
      await file.close();
      await rm(draft, { force: true });
      throw error;
    }
  }

  async #has(tag: string): Promise<boolean> {
    return (await readdir(this.#folder)).includes(`${tag}${ENDING}`);
  }

  load(tag: string): Promise<void> {
    return this.#inTurn(async () => {
      const path = this.#pathOf(tag);
      if (!(await this.#has(tag))) throw new Error(`Snapshot '${tag}' does not exist in one or more devices`);
      await this.#about(tag, async () => {
        const reader = await SnapshotReader.open(path);
        try {
          // Before anything of the machine has changed.
          await reader.verify();
          await this.#snapshots.restore(reader);
        } finally {
          await reader.close();
        }
      });
    });
  }

  remove(tag: string): Promise<void> {
    return this.#inTurn(async () => {
      const path = this.#pathOf(tag);
      await this.#about(tag, () => rm(path, { force: true }));
      await syncFolder(this.#folder);
    });
  }
}

/** What has been renamed or removed in it stays so. */
async function syncFolder(path: string): Promise<void> {
  const folder: FileHandle = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
