/**
 * How a snapshot lies in a file: a signature, and records that each carry a checksum of everything up to their own end.
 * So nothing can be changed, left out, put in or exchanged unnoticed, and what is incomplete lacks the last record.
 *
 * | bytes | of the signature                                  |
 * | ----- | ------------------------------------------------- |
 * | 12    | `vivarium-vm` and a line feed                     |
 * | 4     | version of the format                             |
 *
 * | bytes | of a record                                       |
 * | ----- | ------------------------------------------------- |
 * | 4     | its section; HEAD or END where it belongs to none |
 * | 4     | number of its piece in the section                |
 * | 4     | n, bytes of contents                              |
 * | 4     | CRC-32 of the file up to here, less all checksums |
 * |       | that stand in it, and of the contents             |
 * | n     | contents, compressed by zstd                      |
 *
 * Numbers are little-endian. HEAD comes first, END, which is empty, last.
 */
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { SnapshotError } from '../../core/machine/snapshot/snapshot.ts';

const SIGNATURE = Buffer.from('vivarium-vm\n', 'latin1');
/** Changes whenever older programs would take a newer file for something else than it is, or the other way round. */
const VERSION = 1;
const START_BYTES = SIGNATURE.length + 4;
const RECORD_BYTES = 16;
const CHECKED_BYTES = 12;

export const HEAD = 0xffff_ffff;
export const END = 0xffff_fffe;
/** More than any contents have: beyond this a length is wrong. */
const CONTENTS_BYTES_MAX = 1 << 22;

export interface FileRecord {
  /** Index of its section, HEAD or END. */
  readonly section: number;
  readonly piece: number;
  readonly contents: Uint8Array;
}

function startBytes(): Buffer {
  const start = Buffer.alloc(START_BYTES);
  SIGNATURE.copy(start);
  start.writeUInt32LE(VERSION, SIGNATURE.length);
  return start;
}

/** Writes a file from its beginning, one record after the other. */
export class RecordWriter {
  readonly #file: FileHandle;
  #checksum = 0;
  #started = false;

  /** @param file empty */
  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Each call when the one before has resolved. */
  async write({ section, piece, contents }: FileRecord): Promise<void> {
    const parts: Uint8Array[] = [];
    if (!this.#started) parts.push(startBytes());
    this.#started = true;
    const header = Buffer.alloc(RECORD_BYTES);
    header.writeUInt32LE(section, 0);
    header.writeUInt32LE(piece, 4);
    header.writeUInt32LE(contents.length, 8);
    const checked = header.subarray(0, CHECKED_BYTES);
    this.#checksum = crc32(contents, crc32(checked, this.#checksum));
    header.writeUInt32LE(this.#checksum, CHECKED_BYTES);
    const bytes = Buffer.concat([...parts, header, contents]);
    for (let done = 0; done < bytes.length; ) done += (await this.#file.write(bytes, done)).bytesWritten;
  }
}

/**
 * The records of a file, in order, HEAD and END among them. Whoever needs to know that the file is complete reads to the
 * end.
 * @throws SnapshotError where something is wrong, when all in front of it has been handed out
 */
export async function* readRecords(file: FileHandle): AsyncGenerator<FileRecord> {
  let position = 0;
  const read = async (bytes: number): Promise<Buffer> => {
    const buffer = Buffer.allocUnsafe(bytes);
    for (let done = 0; done < bytes; ) {
      const { bytesRead } = await file.read(buffer, done, bytes - done, position + done);
      if (bytesRead === 0) throw new SnapshotError('it ends too early');
      done += bytesRead;
    }
    position += bytes;
    return buffer;
  };

  const start = await read(START_BYTES);
  if (!start.subarray(0, SIGNATURE.length).equals(SIGNATURE)) throw new SnapshotError('it is not a snapshot');
  const version = start.readUInt32LE(SIGNATURE.length);
  if (version !== VERSION) throw new SnapshotError(`it has version ${version}, and this program reads ${VERSION}`);

  let checksum = 0;
  for (;;) {
    const place = position;
    const damaged = (): SnapshotError => new SnapshotError(`it is damaged at byte ${place}`);
    const header = await read(RECORD_BYTES);
    const [section, piece, bytes] = [header.readUInt32LE(0), header.readUInt32LE(4), header.readUInt32LE(8)];
    if (bytes > CONTENTS_BYTES_MAX) throw damaged();
    const contents = await read(bytes);
    checksum = crc32(contents, crc32(header.subarray(0, CHECKED_BYTES), checksum));
    if (header.readUInt32LE(CHECKED_BYTES) !== checksum) throw damaged();
    // It would be the first, and be nowhere else.
    if ((section === HEAD) !== (place === START_BYTES)) throw damaged();
    yield { section, piece, contents };
    if (section === END) break;
  }
  const { bytesRead } = await file.read(Buffer.alloc(1), 0, 1, position);
  if (bytesRead > 0) throw new SnapshotError(`it goes on behind its end at byte ${position}`);
}
