/** What a machine remembers: saved, and made what it was, while the machine stands still. */
import type { Clock } from '../clock.ts';
import { checkConfiguration, checkSections } from './configuration.ts';
import {
  type Configuration,
  PIECE_BYTES,
  type Piece,
  type Section,
  SnapshotError,
  type SnapshotHead,
  type SnapshotSink,
  type SnapshotSource,
} from './snapshot.ts';
import type { Store } from './stores.ts';

/** Bytes that are copied at once, before main looks after others. */
const TURN_BYTES = 1 << 24;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const isEqual = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;
const ZEROS = new Uint8Array(PIECE_BYTES);
const isZero = (bytes: Uint8Array): boolean => isEqual(bytes, ZEROS.subarray(0, bytes.length));

/** Where the pieces of a section begin. */
function* offsetsOf({ bytes }: Section, from = 0, to = bytes): Generator<number> {
  for (let offset = from; offset < to; offset += PIECE_BYTES) yield offset;
}

export class Contents {
  readonly #configuration: Configuration;
  readonly #stores: readonly Store[];
  readonly #clock: Clock;

  constructor(configuration: Configuration, stores: readonly Store[], clock: Clock) {
    this.#configuration = configuration;
    this.#stores = stores;
    this.#clock = clock;
  }

  get #head(): SnapshotHead {
    const sections = this.#stores.map(({ name, form, bytes }) => ({ name, form, bytes }));
    return { configuration: this.#configuration, sections, clock: this.#clock.nanoseconds() };
  }

  /**
   * Saves what is not in memory, and copies what is. The machine stands still.
   * @returns the copies, for `sink` to take: the machine may run on
   */
  async save(sink: SnapshotSink): Promise<readonly Piece[]> {
    await sink.begin(this.#head);
    const copies: Piece[] = [];
    let copied = 0;
    for (const [section, store] of this.#stores.entries()) {
      for (const offset of offsetsOf(store)) {
        const found = store.read(offset, Math.min(PIECE_BYTES, store.bytes - offset));
        const bytes = found instanceof Promise ? await found : found;
        if (isZero(bytes)) continue;
        if (!store.inMemory) {
          await sink.take({ section, offset, bytes });
          continue;
        }
        copies.push({ section, offset, bytes: bytes.slice() });
        copied += bytes.length;
        if (copied % TURN_BYTES < PIECE_BYTES) await turn();
      }
    }
    return copies;
  }

  /** @throws SnapshotError it is of another machine, or of another version of the program */
  check({ configuration, sections }: SnapshotHead): void {
    checkConfiguration(configuration, this.#configuration);
    checkSections(sections, this.#head.sections);
  }

  /**
   * Makes everything what it was; the machine stands still. Only what differs is written.
   * @throws Error what the source or a disk has refused: then the machine is neither what it was nor what it is to be
   */
  async restore(source: SnapshotSource): Promise<void> {
    // Up to where everything is restored.
    let section = 0;
    let offset = 0;
    const passed = async (sectionNext: number, offsetNext: number): Promise<void> => {
      for (; section < sectionNext; section++, offset = 0) await this.#clear(section, offset);
      if (section < this.#stores.length) await this.#clear(section, offset, offsetNext);
      offset = offsetNext;
    };
    for await (const piece of source.pieces()) {
      const store = this.#stores[piece.section];
      const length = store ? Math.min(PIECE_BYTES, store.bytes - piece.offset) : 0;
      const isBehind = piece.section > section || (piece.section === section && piece.offset >= offset);
      if (!isBehind || piece.offset % PIECE_BYTES !== 0 || length <= 0 || piece.bytes.length !== length)
        throw new SnapshotError(`it has a piece of ${piece.bytes.length} bytes where none belongs`);
      await passed(piece.section, piece.offset);
      await this.#put(store!, offset, piece.bytes);
      offset += length;
    }
    await passed(this.#stores.length, 0);
  }

  async #clear(section: number, from: number, to?: number): Promise<void> {
    const store = this.#stores[section]!;
    for (const offset of offsetsOf(store, from, to)) {
      const bytes = Math.min(PIECE_BYTES, store.bytes - offset);
      if (!isZero(await store.read(offset, bytes))) await store.write(offset, new Uint8Array(bytes));
    }
  }

  async #put(store: Store, offset: number, bytes: Uint8Array): Promise<void> {
    if (!isEqual(await store.read(offset, bytes.length), bytes)) await store.write(offset, bytes);
  }
}
