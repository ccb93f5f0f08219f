/** Sources of randomness: the host's generator, or a file such as `/dev/hwrng`. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { RandomBackend } from '../core/machine/interface.ts';
import type { RngSpec } from './config/objects.ts';
import { reasonOf, UsageError } from './errors.ts';

export interface RandomSource extends RandomBackend {
  close(): Promise<void>;
}

export const hostRandomness: RandomSource = {
  take: promisify(randomBytes),
  async close() {},
};

/** @throws UsageError the file cannot be read */
export async function openRandomness({ path, option }: Omit<RngSpec, 'type'>): Promise<RandomSource> {
  if (path === undefined) return hostRandomness;
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    throw new UsageError(`${option}: Could not open '${path}': ${reasonOf(error)}`);
  }
  return {
    async take(bytes) {
      const { buffer, bytesRead } = await file.read(new Uint8Array(bytes), 0, bytes);
      if (bytesRead === 0) throw new Error(`${path}: there is no more of it`);
      return buffer.subarray(0, bytesRead);
    },
    close: () => file.close(),
  };
}
