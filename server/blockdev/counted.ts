/** Counts what is done to a disk image. */
import { performance } from 'node:perf_hooks';
import type { BlockStatistics, OperationStatistics } from '../../monitor/back-ends.ts';
import type { BlockDevice } from './raw.ts';

const NANOSECONDS = 1_000_000;

class Counter implements OperationStatistics {
  operations = 0;
  bytes = 0;
  nanoseconds = 0;
  failed = 0;
}

export class CountedBlockDevice implements BlockDevice {
  readonly bytes: number;
  readonly readOnly: boolean;
  readonly #device: BlockDevice;
  readonly #read = new Counter();
  readonly #write = new Counter();
  readonly #flush = new Counter();
  #highestWritten = 0;
  /** When the last operation has ended, in milliseconds. */
  #last: number | undefined;

  constructor(device: BlockDevice) {
    this.#device = device;
    this.bytes = device.bytes;
    this.readOnly = device.readOnly;
  }

  get statistics(): BlockStatistics {
    return {
      read: this.#read,
      write: this.#write,
      flush: this.#flush,
      highestWritten: this.#highestWritten,
      idle: this.#last === undefined ? 0 : Math.round((performance.now() - this.#last) * NANOSECONDS),
    };
  }

  read(offset: number, bytes: number): Promise<Uint8Array> {
    return this.#counted(this.#read, bytes, this.#device.read(offset, bytes));
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    await this.#counted(this.#write, bytes.length, this.#device.write(offset, bytes));
    this.#highestWritten = Math.max(this.#highestWritten, offset + bytes.length);
  }

  flush(): Promise<void> {
    return this.#counted(this.#flush, 0, this.#device.flush());
  }

  close(): Promise<void> {
    return this.#device.close();
  }

  async #counted<T>(counter: Counter, bytes: number, work: Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      const result = await work;
      counter.operations++;
      counter.bytes += bytes;
      return result;
    } catch (error) {
      counter.failed++;
      throw error;
    } finally {
      this.#last = performance.now();
      counter.nanoseconds += Math.round((this.#last - start) * NANOSECONDS);
    }
  }
}
