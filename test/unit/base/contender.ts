/** A thread that contends with the test for what lies in shared memory. */
import { workerData } from 'node:worker_threads';
import { Lock } from '../../../core/base/lock.ts';
import { ByteRing } from '../../../core/base/ring.ts';

export type Contention =
  | { readonly does: 'count'; readonly buffer: SharedArrayBuffer; readonly times: number }
  | { readonly does: 'produce'; readonly buffer: SharedArrayBuffer; readonly capacity: number; readonly bytes: number };

/** Adds one to the word behind the lock, with plain loads and stores that only the lock makes one step. */
export function countUnderLock(buffer: SharedArrayBuffer, times: number): void {
  const lock = new Lock(buffer, 0);
  const words = new Int32Array(buffer);
  for (let time = 0; time < times; time++) {
    lock.run(() => {
      const before = words[1]!;
      for (let delay = 0; delay < 20; delay++) words[2] = delay;
      words[1] = before + 1;
    });
  }
}

/** Byte number `index` of the stream that the producer sends: no power of two long, so that a slip shows. */
export const streamByte = (index: number): number => index % 251;

/** Sends the stream through the ring that fills `buffer`, singly and in pieces. */
function produce(buffer: SharedArrayBuffer, capacity: number, bytes: number): void {
  const ring = new ByteRing(buffer, 0, capacity);
  let sent = 0;
  while (sent < bytes) {
    if (sent % 3 === 0) {
      if (ring.push(streamByte(sent))) sent++;
    } else {
      const piece = Uint8Array.from({ length: Math.min(7, bytes - sent) }, (_, index) => streamByte(sent + index));
      sent += ring.write(piece);
    }
  }
}

const contention = workerData as Contention | null;
if (contention?.does === 'count') countUnderLock(contention.buffer, contention.times);
if (contention?.does === 'produce') produce(contention.buffer, contention.capacity, contention.bytes);
