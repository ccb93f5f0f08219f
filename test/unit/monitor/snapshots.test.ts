/** Snapshots and jobs as clients see them: what QEMU says, in the order in which it says it. */
import { describe, expect, test } from 'vitest';
import { FakeSnapshots } from '../../support/fakes/fake-snapshots.ts';
import { daemon, failure, lines, NOW } from './session.ts';

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));
const status = (id: string, ...states: string[]): string[] =>
  states.map((state) => `{${NOW}, "event": "JOB_STATUS_CHANGE", "data": {"id": "${id}", "status": "${state}"}}`);
const DONE = '{"return": {}}';

function request(execute: string, args: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ execute, arguments: args });
}
const save = (id: string, tag: string, more: Readonly<Record<string, unknown>> = {}): string =>
  request('snapshot-save', { 'job-id': id, tag, vmstate: 'snapshots', devices: ['snapshots'], ...more });
const load = (id: string, tag: string, more: Readonly<Record<string, unknown>> = {}): string =>
  request('snapshot-load', { 'job-id': id, tag, vmstate: 'snapshots', devices: ['snapshots'], ...more });

async function start(drives: Readonly<Record<string, boolean>> = {}) {
  const snapshots = new FakeSnapshots(drives);
  const made = daemon(undefined, snapshots);
  const client = await made.client();
  /** All that is sent until the job has ended. */
  const ask = async (text: string): Promise<string[]> => lines(await client.ask(text));
  /** The error of a job, as `query-jobs` has it. */
  const errorOf = async (id: string): Promise<string | undefined> =>
    JSON.parse(lines(await client.ask('{"execute": "query-jobs"}'))[0]!).return.find(
      (job: { id: string }) => job.id === id,
    ).error;
  return { ...made, snapshots, client, ask, errorOf };
}

describe('jobs', () => {
  test('go their way, and stay until they are dismissed', async () => {
    const { ask, snapshots } = await start();
    const end = ['waiting', 'pending', 'concluded'];
    expect(await ask(save('j1', 'one'))).toEqual([
      ...status('j1', 'created', 'running'),
      DONE,
      ...status('j1', ...end),
    ]);
    expect(await ask(load('j2', 'one'))).toEqual([
      ...status('j2', 'created', 'running'),
      DONE,
      ...status('j2', ...end),
    ]);
    const remove = request('snapshot-delete', { 'job-id': 'j3', tag: 'one', devices: ['snapshots'] });
    expect(await ask(remove)).toEqual([...status('j3', 'created', 'running'), DONE, ...status('j3', ...end)]);
    expect(snapshots.done).toEqual(['save one', 'load one', 'remove one']);
    const job = (id: string, type: string): string =>
      `{"id": "${id}", "type": "${type}", "status": "concluded", "current-progress": 1, "total-progress": 1}`;
    const all = [job('j3', 'snapshot-delete'), job('j2', 'snapshot-load'), job('j1', 'snapshot-save')];
    expect(await ask('{"execute": "query-jobs"}')).toEqual([`{"return": [${all.join(', ')}]}`]);
    expect(await ask(request('job-dismiss', { id: 'j2' }))).toEqual([...status('j2', 'null'), DONE]);
    expect(await ask('{"execute": "query-jobs"}')).toEqual([`{"return": [${[all[0], all[2]].join(', ')}]}`]);
  });

  test('that fail say why when they are asked', async () => {
    const { ask, errorOf } = await start();
    expect(await ask(load('j1', 'nothing'))).toEqual([
      ...status('j1', 'created', 'running'),
      DONE,
      ...status('j1', 'aborting', 'concluded'),
    ]);
    expect(await errorOf('j1')).toBe("Snapshot 'nothing' does not exist in one or more devices");
    await ask(save('j2', 'one'));
    await ask(save('j3', 'one'));
    expect([await errorOf('j2'), await errorOf('j3')]).toEqual([
      undefined,
      "Snapshot 'one' already exists in one or more devices",
    ]);
  });

  test('have ids, and are dismissed when they have ended', async () => {
    const { ask, snapshots } = await start();
    const { promise, resolve } = Promise.withResolvers<void>();
    snapshots.held = promise;
    await ask(save('j1', 'one'));
    expect(await ask(save('j1', 'two'))).toEqual([failure("Job ID 'j1' already in use")]);
    expect(await ask(save('4 x', 'two'))).toEqual([failure("Invalid job ID '4 x'")]);
    expect(await ask(request('job-dismiss', { id: 'zz' }))).toEqual([failure('Job not found')]);
    expect(await ask(request('job-dismiss', { id: 'j1' }))).toEqual([
      failure("Job 'j1' in state 'running' cannot accept command verb 'dismiss'"),
    ]);
    expect(await ask('{"execute": "query-jobs"}')).toEqual([
      '{"return": [{"id": "j1", "type": "snapshot-save", "status": "running", "current-progress": 0, "total-progress": 1}]}',
    ]);
    resolve();
    await turn();
    expect(snapshots.done).toEqual(['save one']);
  });
});

describe('devices', () => {
  test.each([
    [{ devices: [] }, 'At least one device is required for snapshot'],
    [{ devices: ['nope', 'disk0'] }, "No block device node 'nope'"],
    [{ vmstate: 'disk0', devices: ['disk0'] }, "vmstate block device 'disk0' does not exist"],
    [{ devices: ['snapshots', 'cd0'] }, "Device 'disk0' is writable: a snapshot without it would be of no use"],
    [{ devices: ['snapshots', 'disk0'] }, undefined],
    [{ devices: ['disk0', 'cd0'] }, undefined],
  ])('%j: %s', async (more, error) => {
    const { ask, errorOf, snapshots } = await start({ disk0: true, cd0: false });
    await ask(save('j1', 'one', more));
    expect(await errorOf('j1')).toBe(error);
    await snapshots.save('two', true);
    await ask(load('j2', 'two', more));
    expect(await errorOf('j2')).toBe(error);
  });
});

describe('the human monitor', () => {
  test('saves, shows, loads and deletes, and waits for that', async () => {
    const { human, snapshots } = daemonWithSnapshots();
    expect(await human('info snapshots')).toBe('There is no snapshot available.\n');
    expect(await human('savevm one')).toBe('');
    expect(await human('savevm one')).toBe('');
    expect(await human('savevm')).toBe('');
    expect(await human('info snapshots')).toBe(
      [
        'List of snapshots present on all disks:',
        'ID        TAG               VM SIZE                DATE     VM CLOCK     ICOUNT',
        '--        one               456 MiB 2026-11-25 13:28:11 01:30:02.062           ',
        '--        vm-20261125132814  445 GiB 2026-11-25 13:28:12 03:00:02.062           ',
        '',
      ].join('\n'),
    );
    expect(await human('loadvm one')).toBe('');
    expect(await human('loadvm nope')).toBe("Error: Snapshot 'nope' does not exist in one or more devices\n");
    expect(await human('loadvm')).toMatch(/^loadvm: string expected\n/);
    expect(await human('savevm two three')).toMatch(/^savevm: extraneous characters at the end of line\n/);
    expect(await human('delvm one')).toBe('');
    expect(await human('delvm nope')).toBe('');
    expect(snapshots.done).toEqual([
      'save one',
      'save one',
      'save vm-20261125132814',
      'load one',
      'remove one',
      'remove nope',
    ]);
  });

  test.each(['savevm a', 'loadvm a', 'delvm a', 'info snapshots'])('%s needs a place', async (line) => {
    const { human } = daemon();
    expect(await human(line)).toBe('Error: there is no place for snapshots: the option -snapshots names one\n');
  });
});

function daemonWithSnapshots() {
  const snapshots = new FakeSnapshots();
  return { ...daemon(undefined, snapshots), snapshots };
}
