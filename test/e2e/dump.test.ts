/** Files that the guest's memory is written to, read by others. */
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually, qmpClient, startDaemon } from '../support/daemon.ts';
import { requireGdb } from '../support/gdb.ts';
import { testFile } from '../support/guest-machine.ts';
import { temporaryDirectory } from '../support/temporary.ts';

test.skipIf(!requireGdb())('gdb opens what dump-guest-memory has written', async () => {
  const folder = temporaryDirectory();
  const path = (name: string): string => join(folder, name);
  const elf = testFile('guests/bin/spin.elf');
  const qmp = ['-qmp', `unix:${path('qmp')},server=on,wait=off`];
  startDaemon(['-display', 'none', '-smp', '2', '-m', '64M', '-kernel', elf, ...qmp]);
  const client = await qmpClient(path('qmp'));
  await client.execute('stop');
  await client.execute('dump-guest-memory', { paging: false, protocol: `file:${path('core')}` });
  await client.execute('pmemsave', { val: 0x8000_0000, size: 64, filename: path('ram') });
  expect(await client.ask('pmemsave', { val: 0x8000_0000, size: 1, filename: '/nosuch/ram' })).toMatchObject({
    error: { class: 'GenericError', desc: "Could not open '/nosuch/ram': No such file or directory" },
  });
  const registers = await client.execute<string>('human-monitor-command', { 'command-line': 'info registers -a' });

  const script = ['info threads', 'thread apply all print/x $pc', 'thread apply all print/x $sp', 'x/16xw 0x80000000'];
  const { stdout } = spawnSync(
    'gdb-multiarch',
    ['-nx', '-batch', ...script.flatMap((command) => ['-ex', command]), elf, path('core')],
    { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } },
  );
  expect(stdout).toContain('LWP 2');
  for (const name of ['pc', 'x2/sp']) {
    for (const [, value] of registers.matchAll(new RegExp(`\\b${name} +([0-9a-f]{16})`, 'g'))) {
      expect(stdout).toContain(` = 0x${BigInt(`0x${value}`).toString(16)}\n`);
    }
  }
  const memory = readFileSync(path('ram'));
  const words = [...stdout.matchAll(/\t0x([0-9a-f]{8})/g)].map(([, word]) => Number.parseInt(word!, 16));
  expect(words).toEqual(Array.from({ length: 16 }, (_, n) => memory.readUInt32LE(4 * n)));
  expect(statSync(path('core')).mode & 0o777).toBe(0o600);

  await client.execute('set-action', { shutdown: 'pause', reboot: 'shutdown' });
  await client.execute('quit');
  await eventually(() => client.events.some(({ event }) => event === 'SHUTDOWN'));
});

test('set-action lets the daemon stay when the guest has ended', async () => {
  const path = join(temporaryDirectory(), 'qmp');
  const guest = ['-display', 'none', '-S', '-kernel', testFile('guests/bin/exit42.elf')];
  const daemon = startDaemon([...guest, '-qmp', `unix:${path},server=on,wait=off`]);
  const client = await qmpClient(path);
  await client.execute('set-action', { shutdown: 'pause' });
  await client.execute('cont');
  await eventually(() => client.events.some(({ event }) => event === 'SHUTDOWN'));
  expect(await client.execute('query-status')).toEqual({ running: false, status: 'shutdown' });
  await client.execute('quit');
  expect(await daemon.ended).toBe(42);
});
