/** Raw images: the bytes of a disk as the bytes of a file. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { BlockBackend } from '../../core/machine/interface.ts';
import type { DriveSpec } from '../config/drives.ts';
import { notRaw } from '../config/drives.ts';
import { reasonOf, UsageError } from '../errors.ts';

export const SECTOR_BYTES = 512;

/** A back end that the daemon has opened, and closes. */
export interface BlockDevice extends BlockBackend {
  close(): Promise<void>;
}

/** What images in other formats begin with. */
const SIGNATURES: readonly (readonly [format: string, signature: string])[] = [
  ['qcow2', 'QFI\xfb'],
  ['qed', 'QED\0'],
  ['vmdk', 'KDMV'],
  ['vhdx', 'vhdxfile'],
  ['vpc', 'conectix'],
];
const SIGNATURE_BYTES = 8;

/**
 * Opens an image.
 * @throws UsageError the host refuses, or the image is not raw and the user has not said that it is
 */
export async function openRaw({ path, raw, readOnly, cache }: DriveSpec): Promise<BlockDevice> {
  const { O_RDONLY, O_RDWR, O_DSYNC } = constants;
  const flags = readOnly ? O_RDONLY : O_RDWR | (cache === 'writethrough' ? O_DSYNC : 0);
  const file = await open(path, flags).catch((error: unknown) => {
    throw isDirectory(error) ? notRegular(path) : new UsageError(`Could not open '${path}': ${reasonOf(error)}`);
  });
  try {
    const status = await file.stat();
    if (!status.isFile()) throw notRegular(path);
    if (!raw) await checkFormat(file, path);
    return new RawImage(file, path, status.size, readOnly, cache === 'unsafe');
  } catch (error) {
    await file.close();
    throw error;
  }
}

const isDirectory = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EISDIR';
const notRegular = (path: string): UsageError =>
  new UsageError(`'file' driver requires '${path}' to be a regular file`);

async function checkFormat(file: FileHandle, path: string): Promise<void> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(SIGNATURE_BYTES), 0, SIGNATURE_BYTES, 0);
  const start = buffer.toString('latin1', 0, bytesRead);
  const format = SIGNATURES.find(([, signature]) => start.startsWith(signature))?.[0];
  if (format === undefined) return;
  const [message, hint] = notRaw(format);
  throw new UsageError(`Could not open '${path}': ${message}`, hint);
}

class RawImage implements BlockDevice {
  readonly bytes: number;
  readonly readOnly: boolean;
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #noFlush: boolean;

  /** @param size of the file in bytes; a last sector that is not whole is filled up with zeros */
  constructor(file: FileHandle, path: string, size: number, readOnly: boolean, noFlush: boolean) {
    this.#file = file;
    this.#path = path;
    this.#noFlush = noFlush;
    this.bytes = Math.ceil(size / SECTOR_BYTES) * SECTOR_BYTES;
    this.readOnly = readOnly;
  }

  async read(offset: number, bytes: number): Promise<Uint8Array> {
    const buffer = new Uint8Array(bytes);
    for (let done = 0; done < bytes; ) {
      const { bytesRead } = await this.#try(this.#file.read(buffer, done, bytes - done, offset + done));
      // The end of the file, in the middle of a sector or because somebody has made it shorter.
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return buffer;
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#try(this.#file.write(bytes, done, bytes.length - done, offset + done));
      done += bytesWritten;
    }
  }

  async flush(): Promise<void> {
    if (!this.#noFlush && !this.readOnly) await this.#try(this.#file.datasync());
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #try<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw new Error(`${this.#path}: ${reasonOf(error)}`);
    }
  }
}
