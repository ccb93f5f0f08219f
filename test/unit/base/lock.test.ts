import { expect, test } from 'vitest';
import { Lock } from '../../../core/base/lock.ts';
import { startThread } from '../../support/threads.ts';
import { type Contention, countUnderLock } from './contender.ts';

test('only one thread at a time is inside', async () => {
  const buffer = new SharedArrayBuffer(16);
  const times = 50_000;
  const contention: Contention = { does: 'count', buffer, times };
  const script = new URL('./contender.ts', import.meta.url);
  const others = [startThread(script, contention), startThread(script, contention)];
  countUnderLock(buffer, times);
  await Promise.all(others);
  expect(new Int32Array(buffer)[1]).toBe(3 * times);
  expect(new Int32Array(buffer)[0]).toBe(0);
});

test('an exception leaves it free, and a result comes through', () => {
  const lock = new Lock(new SharedArrayBuffer(4), 0);
  expect(() =>
    lock.run(() => {
      throw new Error('inside');
    }),
  ).toThrow('inside');
  expect(lock.run(() => 7)).toBe(7);
});
