/**
 * Split virtqueues: virtio 1.2, section 2.7, with indirect descriptors and event indices.
 *
 * The driver's half (descriptors, available ring) is looked at anew each time and trusted with nothing. A chain is checked
 * as a whole before anything of it is used.
 */
import type { Dma } from '../dma.ts';
import { QUEUE_SIZE_MAX } from './device.ts';

/** Bytes in a row of guest RAM. */
interface Segment {
  /** In the shared memory. */
  readonly place: number;
  readonly bytes: number;
}

/** One request: the buffers that the driver has chained together. */
export interface Chain {
  readonly queue: number;
  /** Of the queue, when the chain was taken. */
  readonly generation: number;
  /** Index of the first descriptor, by which the driver knows the chain. */
  readonly head: number;
  /** Bytes of the device-readable part that had been dealt with when the chain was put back; 0 if it was not. */
  readonly done: number;
  readonly readable: readonly Segment[];
  readonly writable: readonly Segment[];
  readonly readableBytes: number;
  readonly writableBytes: number;
}

/** Where the parts of a queue lie in the shared memory. */
export interface Rings {
  /** Number of descriptors, a power of two. */
  readonly size: number;
  readonly descriptors: number;
  readonly available: number;
  readonly used: number;
}

/** Thrown where the driver breaks a rule. */
export class DriverError extends Error {
  override readonly name = 'DriverError';
}

const DESCRIPTOR_BYTES = 16;
const DESCRIPTOR = { next: 1, write: 2, indirect: 4 } as const;
const USED_ELEMENT_BYTES = 8;
/** Both rings begin with flags and an index of 16 bits each. */
const RING_HEADER_BYTES = 4;
const INDEX_OFFSET = 2;
/** Flag of the available ring: the driver does not want to be interrupted. */
const NO_INTERRUPT = 1;
/** A chain may be no longer than this (section 2.7.5). */
const CHAIN_BYTES_MAX = 2 ** 32;

const hex = (address: number): string => `0x${address.toString(16)}`;

/**
 * Finds the rings that the driver has set up.
 * @throws DriverError where they are not aligned, not in RAM, or of a size that no queue has
 */
export function locateRings(dma: Dma, size: number, descriptors: number, driver: number, device: number): Rings {
  if (size < 1 || size > QUEUE_SIZE_MAX || (size & (size - 1)) !== 0)
    throw new DriverError(`its size is ${size}, which is not a power of two from 1 to ${QUEUE_SIZE_MAX}`);
  const locate = (what: string, address: number, bytes: number, alignment: number): number => {
    if (address % alignment !== 0)
      throw new DriverError(`its ${what} at ${hex(address)} is not aligned to ${alignment} bytes`);
    const place = dma.locate(address, bytes);
    if (place === undefined) throw new DriverError(`its ${what} at ${hex(address)} is not in RAM`);
    return place;
  };
  // Each ring has an event index at its end.
  return {
    size,
    descriptors: locate('descriptor table', descriptors, size * DESCRIPTOR_BYTES, 16),
    available: locate('available ring', driver, RING_HEADER_BYTES + size * 2 + 2, 2),
    used: locate('used ring', device, RING_HEADER_BYTES + size * USED_ELEMENT_BYTES + 2, 4),
  };
}

const usedEvent = ({ available, size }: Rings): number => available + RING_HEADER_BYTES + size * 2;
const availableEvent = ({ used, size }: Rings): number => used + RING_HEADER_BYTES + size * USED_ELEMENT_BYTES;

/** Chains that wait, where the first `taken` that there ever were have been taken. Both count modulo 2^16. */
function waiting(dma: Dma, { available, size }: Rings, taken: number): number {
  const count = (dma.load16(available + INDEX_OFFSET) - taken) & 0xffff;
  if (count > size) throw new DriverError(`its available index has moved ahead by ${count}, and its size is ${size}`);
  return count;
}

/**
 * The head of the next chain, undefined where there is none.
 * @param taken chains that have been taken so far, modulo 2^16
 * @param events the driver looks at the event index: from then on it notifies of the next chain
 * @throws DriverError
 */
export function nextHead(dma: Dma, rings: Rings, taken: number, events: boolean): number | undefined {
  if (waiting(dma, rings, taken) === 0) {
    if (!events) return undefined;
    dma.store16(availableEvent(rings), taken);
    // One that was added before the driver could see that has not been notified of.
    if (waiting(dma, rings, taken) === 0) return undefined;
  }
  const { available, size } = rings;
  const head = dma.view.getUint16(available + RING_HEADER_BYTES + 2 * (taken % size), true);
  if (head >= size) throw new DriverError(`head ${head} is not a descriptor: its size is ${size}`);
  return head;
}

/**
 * The chain that starts at `head`.
 * @param indirect whether indirect descriptors have been negotiated
 * @throws DriverError
 */
export function readChain(
  dma: Dma,
  rings: Rings,
  head: number,
  indirect: boolean,
): Pick<Chain, 'readable' | 'writable' | 'readableBytes' | 'writableBytes'> {
  const readable: Segment[] = [];
  const writable: Segment[] = [];
  let table = rings.descriptors;
  let tableSize = rings.size;
  let index = head;
  let limit = tableSize;
  for (let count = 0; ; count++) {
    if (count === limit) throw new DriverError(`the chain at ${head} does not end within ${limit} descriptors`);
    const at = table + index * DESCRIPTOR_BYTES;
    const address = dma.view.getUint32(at, true) + dma.view.getUint32(at + 4, true) * 2 ** 32;
    const bytes = dma.view.getUint32(at + 8, true);
    const flags = dma.view.getUint16(at + 12, true);
    const place = dma.locate(address, bytes);
    if (bytes === 0) throw new DriverError(`the chain at ${head} has a buffer of no bytes`);
    if (place === undefined)
      throw new DriverError(`the chain at ${head} has ${bytes} bytes at ${hex(address)}, which are not in RAM`);

    if (flags & DESCRIPTOR.indirect) {
      if (!indirect) throw new DriverError(`the chain at ${head} has an indirect table, which was not negotiated`);
      if (table !== rings.descriptors) throw new DriverError(`the chain at ${head} has a table within a table`);
      if (flags & DESCRIPTOR.next) throw new DriverError(`the chain at ${head} goes on behind an indirect table`);
      if (bytes % DESCRIPTOR_BYTES !== 0)
        throw new DriverError(`the chain at ${head} has an indirect table of ${bytes} bytes`);
      table = place;
      tableSize = bytes / DESCRIPTOR_BYTES;
      index = 0;
      limit = Math.min(tableSize, QUEUE_SIZE_MAX);
      count = -1;
      continue;
    }

    if (flags & DESCRIPTOR.write) writable.push({ place, bytes });
    else if (writable.length > 0)
      throw new DriverError(`the chain at ${head} is to be read behind what is to be written`);
    else readable.push({ place, bytes });
    if ((flags & DESCRIPTOR.next) === 0) break;
    index = dma.view.getUint16(at + 14, true);
    if (index >= tableSize)
      throw new DriverError(`the chain at ${head} goes on at ${index} of ${tableSize} descriptors`);
  }
  const sum = (segments: readonly Segment[]): number => segments.reduce((all, { bytes }) => all + bytes, 0);
  const readableBytes = sum(readable);
  const writableBytes = sum(writable);
  if (readableBytes + writableBytes > CHAIN_BYTES_MAX)
    throw new DriverError(`the chain at ${head} is larger than 4 GiB`);
  return { readable, writable, readableBytes, writableBytes };
}

/** The pieces of memory that the bytes from `offset` up to `offset` + `bytes` of some segments lie in. */
function* pieces(segments: readonly Segment[], offset: number, bytes: number): Generator<Segment> {
  let skip = offset;
  let left = bytes;
  for (const { place, bytes: length } of segments) {
    if (left === 0) return;
    if (skip < length) {
      const here = Math.min(length - skip, left);
      yield { place: place + skip, bytes: here };
      left -= here;
    }
    skip = Math.max(0, skip - length);
  }
  if (left > 0) throw new RangeError(`${bytes} bytes at ${offset} of a chain that has ${left} less`);
}

export function readBytes(dma: Dma, { readable }: Chain, offset: number, bytes: number): Uint8Array {
  const result = new Uint8Array(bytes);
  let filled = 0;
  for (const piece of pieces(readable, offset, bytes)) {
    dma.read(piece.place, result.subarray(filled, filled + piece.bytes));
    filled += piece.bytes;
  }
  return result;
}

export function writeBytes(dma: Dma, { writable }: Chain, offset: number, bytes: Uint8Array): void {
  let taken = 0;
  for (const piece of pieces(writable, offset, bytes.length)) {
    dma.write(piece.place, bytes.subarray(taken, taken + piece.bytes));
    taken += piece.bytes;
  }
}

/**
 * Puts a chain into the used ring.
 * @param returned chains that have been returned before, modulo 2^16
 * @param events the driver says by an event index when it wants to be interrupted
 * @returns whether it does now
 */
export function returnChain(
  dma: Dma,
  rings: Rings,
  { head }: Chain,
  written: number,
  returned: number,
  events: boolean,
): boolean {
  const { used, available, size } = rings;
  const element = new Uint8Array(USED_ELEMENT_BYTES);
  const view = new DataView(element.buffer);
  view.setUint32(0, head, true);
  view.setUint32(4, written, true);
  dma.write(used + RING_HEADER_BYTES + (returned % size) * USED_ELEMENT_BYTES, element);
  dma.store16(used + INDEX_OFFSET, (returned + 1) & 0xffff);
  // It wants to know of the chain after as many as it has seen (section 2.7.7.2).
  if (events) return dma.load16(usedEvent(rings)) === returned;
  return (dma.load16(available) & NO_INTERRUPT) === 0;
}
