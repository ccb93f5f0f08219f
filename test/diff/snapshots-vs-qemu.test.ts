/** Snapshots, and jobs around them: what QEMU answers where a qcow2 image is called as our folder is. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually, qmpClient, startDaemon } from '../support/daemon.ts';
import type { QmpClient, QmpMessage } from '../support/qmp-client.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { requireTool } from '../support/tools.ts';

const QEMU = 'qemu-system-riscv64';

interface Job {
  readonly id: string;
  readonly status: string;
}

const isConcluded = async (client: QmpClient, id: string): Promise<boolean> =>
  (await client.execute<readonly Job[]>('query-jobs')).find((job) => job.id === id)?.status === 'concluded';

async function underQemu(): Promise<QmpClient> {
  const folder = temporaryDirectory();
  const socket = join(folder, 'qmp');
  const options = ['-M', 'virt', '-display', 'none', '-nodefaults', '-bios', 'none', '-S'];
  const child = spawn(QEMU, [...options, '-qmp', `unix:${socket},server=on,wait=off`], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const client = await qmpClient(socket);
  const image = join(folder, 'image');
  writeFileSync(image, '');
  await client.execute('blockdev-add', { driver: 'file', 'node-name': 'file', filename: image });
  const format = { driver: 'qcow2', file: 'file', size: 1 << 20 };
  await client.execute('blockdev-create', { 'job-id': 'create', options: format });
  await eventually(() => isConcluded(client, 'create'));
  await client.execute('job-dismiss', { id: 'create' });
  await client.execute('blockdev-add', { driver: 'qcow2', 'node-name': 'snapshots', file: 'file' });
  return client;
}

function here(): Promise<QmpClient> {
  const folder = temporaryDirectory();
  const socket = join(folder, 'qmp');
  startDaemon(
    ['-display', 'none', '-nodefaults', '-S', '-snapshots', 'kept', '-qmp', `unix:${socket},server=on,wait=off`],
    { cwd: folder },
  );
  return qmpClient(socket);
}

const tagged = (id: string, tag: string, more: object = {}): object => ({
  'job-id': id,
  tag,
  vmstate: 'snapshots',
  devices: ['snapshots'],
  ...more,
});
const human = (line: string): readonly [string, object] => ['human-monitor-command', { 'command-line': line }];

const STEPS: readonly (readonly [command: string, args?: object])[] = [
  human('info snapshots'),
  ['query-jobs'],
  ['cont'],
  ['snapshot-save', tagged('j1', 'one')],
  ['query-jobs'],
  ['snapshot-save', tagged('j1', 'one')],
  ['snapshot-save', tagged('j2', 'one')],
  ['snapshot-load', tagged('j3', 'one')],
  ['snapshot-save', tagged('j4', 'two', { vmstate: 'nope' })],
  ['snapshot-save', tagged('j5', 'two', { devices: ['nope'] })],
  ['snapshot-save', tagged('j6', 'two', { devices: [] })],
  ['snapshot-save', tagged('6 x', 'two')],
  ['snapshot-save', { 'job-id': 'j7' }],
  ['snapshot-save', tagged('j7', 'two', { more: 1 })],
  ['snapshot-delete', { 'job-id': 'j8', tag: 'nope', devices: ['snapshots'] }],
  ['query-jobs'],
  ['job-dismiss', { id: 'j3' }],
  ['job-dismiss', { id: 'j3' }],
  human('info snapshots'),
  human('savevm three'),
  human('savevm three'),
  human('savevm'),
  human('loadvm three'),
  human('loadvm'),
  human('delvm'),
  human('savevm a b'),
  human('delvm nope'),
  human('info snapshots'),
  ['stop'],
  ['snapshot-save', tagged('j9', 'stopped')],
  ['snapshot-load', tagged('j10', 'one')],
  ['query-jobs'],
  human('info status'),
  human('delvm one'),
  human('info snapshots'),
  human('loadvm nope'),
  ['snapshot-load', tagged('j11', 'nope')],
  ['query-jobs'],
];

/** Numbers, and the unit behind them, are not alike. */
const leveled = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value ?? null).replace(/ +[\d.]+ [KM]?i?B \d{4}-[\d-]+ [\d:]+ [\d:.]+|vm-\d+/g, ' ...'));

/** What happens, in the order of its kind: jobs go on while the next command is answered. */
function happened(events: readonly QmpMessage[]) {
  const run = events.flatMap(({ event }) => (event === 'STOP' || event === 'RESUME' ? [event] : []));
  const changes = events.flatMap(({ event, data }) => (event === 'JOB_STATUS_CHANGE' ? [data as unknown as Job] : []));
  const jobs = Object.groupBy(
    changes.filter(({ id }) => id !== 'create'),
    ({ id }) => id,
  );
  return { run, jobs };
}

async function replay(client: QmpClient) {
  const replies: unknown[] = [];
  for (const [command, args] of STEPS) {
    const reply = await client.ask(command, args);
    replies.push([command, args, leveled(reply)]);
    const id = (args as { 'job-id'?: string } | undefined)?.['job-id'];
    if (command.startsWith('snapshot-') && !reply.error) await eventually(() => isConcluded(client, id!));
  }
  return { replies, ...happened(client.events) };
}

describe.skipIf(!requireTool(QEMU, 'qemu-system-misc'))('snapshots under QEMU', () => {
  test('are answered alike', async () => {
    const [expected, found] = [await replay(await underQemu()), await replay(await here())];
    expect(found.replies).toEqual(expected.replies);
    expect(found.jobs).toEqual(expected.jobs);
    expect(found.run).toEqual(expected.run);
  });
});
