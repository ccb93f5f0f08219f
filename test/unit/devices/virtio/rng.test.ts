import { describe, expect, test } from 'vitest';
import type { RandomBackend } from '../../../../core/devices/backends.ts';
import { virtioRng } from '../../../../core/devices/virtio/rng.ts';
import { REG, STATUS, VirtioDriver } from '../../../support/virtio-driver.ts';
import { LAST_SLOT, virtioBoard } from './board.ts';

/** Counts up, and gives no more than 100 bytes at once. */
class Counting implements RandomBackend {
  refusal: string | undefined;
  #next = 1;

  async take(bytes: number): Promise<Uint8Array> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (this.refusal !== undefined) throw new Error(this.refusal);
    return Uint8Array.from({ length: Math.min(bytes, 100) }, () => this.#next++);
  }
}

async function start() {
  const source = new Counting();
  const made = await virtioBoard(virtioRng(source));
  const driver = new VirtioDriver(made, LAST_SLOT);
  const [queue] = await driver.start(1);
  return { ...made, source, driver, queue: queue! };
}

describe('randomness', () => {
  test('has nothing to configure', async () => {
    const { driver } = await start();
    expect([await driver.get(REG.DeviceID), await driver.get(REG.Config)]).toEqual([4, 0xffff_ffff]);
  });

  test('is what the source gives, in its order, to one request after the other', async () => {
    const { queue } = await start();
    const heads = [await queue.add([3]), await queue.add([3]), await queue.add([200])];
    await queue.notify();
    expect([...(await queue.answer(heads[0]!)).bytes]).toEqual([1, 2, 3]);
    expect([...(await queue.answer(heads[1]!)).bytes]).toEqual([4, 5, 6]);
    const large = await queue.answer(heads[2]!);
    expect([large.written, large.bytes[99], large.bytes[100]]).toEqual([100, 106, 0]);
  });

  test('of which the host has none gives nothing, and the user is told', async () => {
    const { queue, source, complaints } = await start();
    source.refusal = 'no entropy';
    expect((await queue.request([8])).written).toBe(0);
    expect(complaints).toEqual(['virtio-rng: randomness: no entropy']);
    source.refusal = undefined;
    expect((await queue.request([8])).written).toBe(8);
  });

  test('needs a buffer', async () => {
    const { queue, driver, board } = await start();
    await queue.add([Uint8Array.of(1)]);
    await queue.notify();
    while (((await driver.get(REG.Status)) & STATUS.needsReset) === 0)
      await new Promise<void>((resolve) => setImmediate(resolve));
    expect(board.reports).toEqual(['virtio-rng: a request has no buffer to be filled']);
  });
});
