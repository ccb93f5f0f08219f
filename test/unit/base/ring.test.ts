import { expect, test } from 'vitest';
import { ByteRing, ringBytes } from '../../../core/base/ring.ts';
import { startThread } from '../../support/threads.ts';
import { type Contention, streamByte } from './contender.ts';

const ring = (capacity: number): ByteRing => new ByteRing(new SharedArrayBuffer(ringBytes(capacity)), 0, capacity);

test('gives back what it was given, in order, around its end', () => {
  const four = ring(4);
  expect(four.write(Uint8Array.of(1, 2, 3))).toBe(3);
  expect(four.shift()).toBe(1);
  expect(four.push(4)).toBe(true);
  expect([four.used, four.space]).toEqual([3, 1]);
  expect(four.write(Uint8Array.of(5, 6))).toBe(1);
  expect(four.push(7)).toBe(false);
  expect([...four.read(3)]).toEqual([2, 3, 4]);
  expect([...four.read()]).toEqual([5]);
  expect([...four.read()]).toEqual([]);
  expect(four.shift()).toBeUndefined();
});

test('counts on when its counts overflow', () => {
  const buffer = new SharedArrayBuffer(ringBytes(4));
  new Int32Array(buffer, 0, 2).fill(-2);
  const four = new ByteRing(buffer, 0, 4);
  expect(four.write(Uint8Array.of(1, 2, 3, 4))).toBe(4);
  expect([four.used, four.space]).toEqual([4, 0]);
  expect([...four.read()]).toEqual([1, 2, 3, 4]);
});

test.each([0, 3, 48, -4])('refuses a capacity of %i', (capacity) => {
  expect(() => new ByteRing(new SharedArrayBuffer(64), 0, capacity)).toThrow(`${capacity} is not a power of two`);
});

test('carries a stream from thread to thread', async () => {
  const capacity = 64;
  const bytes = 200_000;
  const buffer = new SharedArrayBuffer(ringBytes(capacity));
  const contention: Contention = { does: 'produce', buffer, capacity, bytes };
  const producer = startThread(new URL('./contender.ts', import.meta.url), contention);
  const consumer = new ByteRing(buffer, 0, capacity);
  let taken = 0;
  let wrong = 0;
  while (taken < bytes) {
    const piece = taken % 2 === 0 ? consumer.read(5) : [consumer.shift()].filter((byte) => byte !== undefined);
    for (const byte of piece) if (byte !== streamByte(taken++)) wrong++;
    if (piece.length === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await producer;
  expect(wrong).toBe(0);
  expect(consumer.used).toBe(0);
});
