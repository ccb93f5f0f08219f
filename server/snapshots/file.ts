/** A snapshot in a file: what it says of itself, and its pieces, compressed. */
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import {
  PIECE_BYTES,
  type Piece,
  SnapshotError,
  type SnapshotHead,
  type SnapshotSink,
  type SnapshotSource,
} from '../../core/machine/snapshot/snapshot.ts';
import { END, type FileRecord, HEAD, RecordWriter, readRecords } from './records.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
/** Fast: a snapshot is to be quick rather than small. */
const OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** Pieces that are being compressed at once, on Node's threads. */
const PIECES_AHEAD = 8;
/** More than any head has. */
const HEAD_BYTES_MAX = 1 << 20;

/** What a file begins with, but for what the machine says. */
interface Stored extends Omit<SnapshotHead, 'clock'> {
  readonly clock: string;
  readonly date: number;
}

export interface FileHead extends SnapshotHead {
  /** When it was saved, in milliseconds since 1970. */
  readonly date: number;
}

export class SnapshotWriter implements SnapshotSink {
  readonly #writer: RecordWriter;
  readonly #date: number;
  /** Of what has been asked for, in order; each settles when it is written. */
  readonly #writing: Promise<void>[] = [];
  #last: Promise<void> = Promise.resolve();

  /** @param file empty @param date in milliseconds since 1970 */
  constructor(file: FileHandle, date: number) {
    this.#writer = new RecordWriter(file);
    this.#date = date;
  }

  begin(head: SnapshotHead): Promise<void> {
    const stored: Stored = { ...head, clock: `${head.clock}`, date: this.#date };
    return this.#write(HEAD, 0, Buffer.from(JSON.stringify(stored)));
  }

  take({ section, offset, bytes }: Piece): Promise<void> {
    return this.#write(section, offset / PIECE_BYTES, bytes);
  }

  /** Resolves when everything is written. */
  async end(): Promise<void> {
    await this.#last;
    await this.#writer.write({ section: END, piece: 0, contents: new Uint8Array(0) });
  }

  async #write(section: number, piece: number, bytes: Uint8Array): Promise<void> {
    const written = Promise.all([compress(bytes, OPTIONS), this.#last]).then(([contents]) =>
      this.#writer.write({ section, piece, contents }),
    );
    // Whoever asks for the next one, or for the end, hears of it.
    written.catch(() => {});
    this.#last = written;
    this.#writing.push(written);
    if (this.#writing.length > PIECES_AHEAD) await this.#writing.shift();
  }
}

export class SnapshotReader implements SnapshotSource {
  readonly head: FileHead;
  readonly #file: FileHandle;

  private constructor(file: FileHandle, head: FileHead) {
    this.#file = file;
    this.head = head;
  }

  /** @throws SnapshotError it is no snapshot; Error the host refuses */
  static async open(path: string): Promise<SnapshotReader> {
    const file = await open(path, 'r');
    try {
      for await (const { contents } of readRecords(file)) return new SnapshotReader(file, await parseHead(contents));
      throw new SnapshotError('it ends too early');
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async bytes(): Promise<number> {
    return (await this.#file.stat()).size;
  }

  /** Reads all of it. @throws SnapshotError it is not what was written */
  async verify(): Promise<void> {
    for await (const _ of readRecords(this.#file));
  }

  async *pieces(): AsyncGenerator<Piece> {
    for await (const record of readRecords(this.#file))
      if (record.section !== HEAD && record.section !== END) yield await this.#piece(record);
  }

  async #piece({ section, piece, contents }: FileRecord): Promise<Piece> {
    return { section, offset: piece * PIECE_BYTES, bytes: await inflate(contents, PIECE_BYTES) };
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

async function inflate(contents: Uint8Array, bytesMax: number): Promise<Uint8Array> {
  try {
    return await decompress(contents, { maxOutputLength: bytesMax });
  } catch {
    throw new SnapshotError('it has contents that cannot be unpacked');
  }
}

async function parseHead(contents: Uint8Array): Promise<FileHead> {
  const text = Buffer.from(await inflate(contents, HEAD_BYTES_MAX)).toString();
  try {
    const { clock, ...head }: Stored = JSON.parse(text);
    return { ...head, clock: BigInt(clock) };
  } catch {
    throw new SnapshotError('it begins with what no program of this kind has written');
  }
}
