/** Snapshots as users take them: the daemon is killed, and another one goes on. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type DaemonProcess, eventually, qmpClient, runDaemon, startDaemon } from '../support/daemon.ts';
import { testFile } from '../support/guest-machine.ts';
import type { QmpClient } from '../support/qmp-client.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const DEMO = ['-smp', '2', '-kernel', testFile('guests/demo.elf'), '-serial', 'stdio', '-monitor', 'none'];

interface Session {
  readonly daemon: DaemonProcess;
  readonly client: QmpClient;
  human(line: string): Promise<string>;
}

async function start(cwd: string, words: readonly string[]): Promise<Session> {
  const socket = `unix:${join(cwd, 'qmp')},server=on,wait=off`;
  const daemon = startDaemon([...DEMO, '-snapshots', 'kept', '-qmp', socket, ...words], { cwd });
  const client = await qmpClient(join(cwd, 'qmp'));
  return {
    daemon,
    client,
    human: async (line) => String(await client.execute('human-monitor-command', { 'command-line': line })),
  };
}

test('a guest goes on in another daemon when the first one has been killed', async () => {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, 'disk'), Buffer.alloc(1 << 20, 'disk'));
  const disk = ['-drive', 'file=disk,format=raw'];
  const first = await start(cwd, disk);
  await first.daemon.printed('Type `help`');
  first.daemon.child.stdin.write('run sha256\r');
  await first.daemon.printed('run sha256');
  expect(await first.human('savevm here')).toBe('');
  expect(await first.human('info snapshots')).toMatch(
    /^List of snapshots present on all disks:\r\nID {8}TAG.*\r\n-- {8}here {13}[\d. ]+ [KM]iB [\d-]+ [\d:]+ 00:\d\d:\d\d\.\d{3} {11}\r\n$/,
  );
  first.daemon.child.kill('SIGKILL');
  expect(await first.daemon.ended).toBe('SIGKILL');
  writeFileSync(join(cwd, 'disk'), Buffer.alloc(1 << 20, 'lost'));

  const second = await start(cwd, [...disk, '-loadvm', 'here']);
  expect(readFileSync(join(cwd, 'disk')).equals(Buffer.alloc(1 << 20, 'disk'))).toBe(true);
  expect(await second.human('info status')).toBe('VM status: running\r\n');
  second.daemon.child.stdin.write('status\r');
  await second.daemon.printed('sha256');
  second.daemon.child.stdin.write('run sort 5\r');
  await second.daemon.printed('5 rounds on each of 2 harts, all right');
  // It has not been started anew.
  expect(second.daemon.out()).not.toContain('Type `help`');
  expect(await second.human('loadvm here')).toBe('');
  second.daemon.child.stdin.write('exit 3\r');
  expect(await second.daemon.ended).toBe(3);
});

test('QMP has jobs for it', async () => {
  const cwd = temporaryDirectory();
  const { client, daemon } = await start(cwd, []);
  await daemon.printed('Type `help`');
  const args = { tag: 'one', vmstate: 'snapshots', devices: ['snapshots'] };
  const concluded = (id: string) =>
    eventually(() => client.events.some(({ data }) => data?.id === id && data.status === 'concluded'));
  for (const command of ['snapshot-save', 'snapshot-load', 'snapshot-delete']) {
    const { vmstate, ...rest } = args;
    const given = command === 'snapshot-delete' ? rest : { ...rest, vmstate };
    expect(await client.execute(command, { 'job-id': command, ...given })).toEqual({});
    await concluded(command);
    expect(await client.execute('query-jobs')).toMatchObject([{ id: command, type: command, status: 'concluded' }]);
    await client.execute('job-dismiss', { id: command });
  }
  const seen = client.events.map(({ event, data }) => (data ? `${data.status}` : event));
  const job = (...happened: string[]): string[] => [
    ...['created', 'running', ...happened, 'waiting', 'pending', 'concluded', 'null'],
  ];
  expect(seen).toEqual([...job('STOP', 'RESUME'), ...job('STOP', 'RESUME'), ...job()]);
  expect(readdirSync(join(cwd, 'kept'))).toEqual([]);
  await client.execute('quit');
});

describe('what cannot be had', () => {
  test('is told before the guest runs', async () => {
    const cwd = temporaryDirectory();
    const { client, daemon, human } = await start(cwd, ['-S']);
    expect(await human('savevm one')).toBe('');
    await client.execute('quit');
    await daemon.ended;
    const run = (...words: string[]) => runDaemon(['-display', 'none', ...words], { cwd });
    const kept = ['-snapshots', 'kept'];
    const refused = (err: string) => ({ status: 1, out: '', err: `vivarium: ${err}\n` });
    expect(await run('-loadvm', 'one')).toEqual(refused('-loadvm only allowed with -snapshots option'));
    expect(await run(...kept, '-loadvm', 'two')).toEqual(
      refused("-loadvm two: Snapshot 'two' does not exist in one or more devices"),
    );
    expect(await run(...kept, '-smp', '2', '-m', '256M', '-loadvm', 'one')).toEqual(
      refused("-loadvm one: Snapshot 'one': it is of another machine: RAM is 128 MiB in it, and 256 MiB here"),
    );
    const file = join(cwd, 'kept/one.snapshot');
    writeFileSync(file, readFileSync(file).subarray(0, -1));
    expect(await run(...kept, '-smp', '2', '-loadvm', 'one')).toEqual(
      refused("-loadvm one: Snapshot 'one': it ends too early"),
    );
  });
});
