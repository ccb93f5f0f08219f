/** Debian's firmware and kernel as they are, with a shell of busybox. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { qmpClient } from '../support/daemon.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { bootLinux, PATIENCE_MS, TROUBLE } from './guest.ts';
import { bootFiles } from './packages.ts';

/** Plugins that come and go while the guest computes. */
const LOADS = 12;

const files = bootFiles()!;

describe.skipIf(!files)('Linux', { timeout: 2 * PATIENCE_MS }, () => {
  test.each([1, 2, 4])('boots on %d harts to a shell, and powers off', async (smp) => {
    const guest = await bootLinux(files, ['-smp', `${smp}`]);
    expect(await guest.type('grep -c ^processor /proc/cpuinfo')).toBe(`${smp}`);
    expect(await guest.type('nproc')).toBe(`${smp}`);
    expect(await guest.type('dmesg')).not.toMatch(TROUBLE);
    expect(await guest.end('poweroff -f')).toBe(0);
  });

  test('reboots', async () => {
    const guest = await bootLinux(files);
    guest.write('reboot -f\n');
    await guest.asks();
    expect(await guest.end('poweroff -f')).toBe(0);
  });

  test('computes the same while plugins come and go', async () => {
    const socket = join(temporaryDirectory(), 'qmp');
    const guest = await bootLinux(files, ['-smp', '2', '-qmp', `unix:${socket},server=on,wait=off`]);
    const client = await qmpClient(socket);
    const work = 'seq 1 100000 | sha256sum';
    const expected = await guest.type(work);
    expect(expected).toMatch(/^[\da-f]{64} /);

    const both = guest.type(`for n in 1 2 3; do ${work} & ${work}; wait; done`);
    const plugins: readonly (readonly [string, readonly string[]])[] = [
      ['icount', []],
      ['hotblocks', []],
      ['memtrace', ['low=0x80200000', 'high=0x80201000']],
    ];
    for (let load = 0; load < LOADS; load++) {
      const [path, args] = plugins[load % plugins.length]!;
      const { id } = (await client.execute('instr-load', { path, args })) as { id: string };
      expect(await client.execute('query-instr')).toMatchObject([{ id, state: 'active' }]);
      await client.execute('instr-unload', { id });
    }
    const sums = (await both).split('\n').filter((line) => /^[\da-f]{64}/.test(line));
    expect(sums.length).toBe(6);
    expect(new Set(sums)).toEqual(new Set([expected]));
    expect(await guest.type('dmesg')).not.toMatch(TROUBLE);
    expect(await guest.end('poweroff -f')).toBe(0);
  });
});
