/**
 * A queue of bytes in shared memory, from exactly one producer to exactly one consumer, without a lock.
 *
 * "One" is meant in time, not in threads: several threads may take turns at one end as long as something else orders
 * them, as the device lock does for the vCPUs. Nothing here waits. Each end tells the other of progress by means of its
 * own, and may rely on this: once `push` or `write` has returned, a consumer that finds the queue empty has either seen
 * those bytes or makes the producer see `used` as no more than what was just added. So a producer that signals when it
 * finds `used` to be what it has just added never leaves a sleeping consumer unaware; the same holds the other way round
 * for `space`.
 */

/** Words in front of the bytes: how many have ever been taken, how many have ever been added, both modulo 2^32. */
const TAKEN = 0;
const ADDED = 1;
const HEADER_BYTES = 8;

/** Bytes of shared memory that a ring of `capacity` bytes fills. */
export const ringBytes = (capacity: number): number => HEADER_BYTES + capacity;

export class ByteRing {
  readonly capacity: number;
  readonly #counts: Int32Array;
  readonly #bytes: Uint8Array;

  /**
   * The ring whose `ringBytes(capacity)` bytes start at `offset` of `buffer`; all zero means empty.
   * @param offset a multiple of 4
   * @param capacity a power of two, 1 to 2^30
   * @throws RangeError where the capacity is anything else
   */
  constructor(buffer: SharedArrayBuffer, offset: number, capacity: number) {
    if (capacity < 1 || capacity > 1 << 30 || (capacity & (capacity - 1)) !== 0)
      throw new RangeError(`capacity of a ring: ${capacity} is not a power of two from 1 to 2^30`);
    this.capacity = capacity;
    this.#counts = new Int32Array(buffer, offset, 2);
    this.#bytes = new Uint8Array(buffer, offset + HEADER_BYTES, capacity);
  }

  /** Bytes that wait. To the consumer at least these, to the producer at most. */
  get used(): number {
    return (Atomics.load(this.#counts, ADDED) - Atomics.load(this.#counts, TAKEN)) >>> 0;
  }

  /** Bytes that may be added. To the producer at least these. */
  get space(): number {
    return this.capacity - this.used;
  }

  /** Producer: adds a byte. False, and nothing added, when the ring is full. */
  push(byte: number): boolean {
    if (this.space === 0) return false;
    const added = Atomics.load(this.#counts, ADDED);
    this.#bytes[added & (this.capacity - 1)] = byte;
    Atomics.store(this.#counts, ADDED, added + 1);
    return true;
  }

  /** Producer: adds as many of `bytes` as there is space for, in order. Returns how many. */
  write(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, this.space);
    const added = Atomics.load(this.#counts, ADDED);
    for (let index = 0; index < count; index++) this.#bytes[(added + index) & (this.capacity - 1)] = bytes[index]!;
    Atomics.store(this.#counts, ADDED, added + count);
    return count;
  }

  /** Consumer: takes the oldest byte. Undefined when the ring is empty. */
  shift(): number | undefined {
    if (this.used === 0) return undefined;
    const taken = Atomics.load(this.#counts, TAKEN);
    const byte = this.#bytes[taken & (this.capacity - 1)];
    Atomics.store(this.#counts, TAKEN, taken + 1);
    return byte;
  }

  /** Consumer: takes all bytes that wait, but no more than `countMax`; an empty array when the ring is empty. */
  read(countMax = this.capacity): Uint8Array {
    const count = Math.min(countMax, this.used);
    const taken = Atomics.load(this.#counts, TAKEN);
    const bytes = Uint8Array.from({ length: count }, (_, index) => this.#bytes[(taken + index) & (this.capacity - 1)]!);
    Atomics.store(this.#counts, TAKEN, taken + count);
    return bytes;
  }
}
