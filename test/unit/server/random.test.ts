import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { hostRandomness, openRandomness } from '../../../server/random.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

it('the host gives as much as it is asked for, and never the same', async () => {
  const [one, other] = [await hostRandomness.take(32), await hostRandomness.take(32)];
  expect([one.length, other.length]).toEqual([32, 32]);
  expect(Buffer.from(one).equals(other)).toBe(false);
});

it('a file gives its bytes in order, until there are no more', async () => {
  const path = join(temporaryDirectory(), 'bytes');
  writeFileSync(path, Uint8Array.of(1, 2, 3, 4, 5));
  const source = await openRandomness({ id: 'r', option: '-object x', path });
  expect([...(await source.take(3))]).toEqual([1, 2, 3]);
  expect([...(await source.take(3))]).toEqual([4, 5]);
  await expect(source.take(3)).rejects.toThrow(`${path}: there is no more of it`);
  await source.close();
});

it('a file that is not there is an error', async () => {
  await expect(openRandomness({ id: 'r', option: '-object x', path: '/nosuch' })).rejects.toThrow(
    "-object x: Could not open '/nosuch': No such file or directory",
  );
});
