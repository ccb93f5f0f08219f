/** What machines are made of, as QMP tells; the fake machine and the fake host say what there is to tell. */
import { describe, expect, it } from 'vitest';
import { setLink } from '../../../monitor/commands/network.ts';
import { daemon, failure } from './session.ts';

async function ask(command: string, args: object = {}): Promise<unknown> {
  const session = await daemon().client();
  const reply = await session.ask(JSON.stringify({ execute: command, arguments: args }));
  const { return: value, error } = JSON.parse(reply);
  return error === undefined ? value : reply.trimEnd();
}

const missing = (desc: string): string => failure(desc, 'DeviceNotFound');

describe('objects', () => {
  it.each([
    ['qom-list', { path: 'nosuch' }, missing("Device 'nosuch' not found")],
    ['qom-list', { path: 'device[0]' }, failure("Path 'device[0]' is ambiguous")],
    ['qom-get', { path: '/nosuch', property: 'type' }, missing("Device '/nosuch' not found")],
    ['qom-get', { path: '/machine', property: 'nosuch' }, failure("Property 'virt-machine.nosuch' not found")],
    ['qom-get', { path: '/machine', property: 'type' }, 'virt-machine'],
    ['qom-get', { path: '/machine', property: 'memory' }, { size: 0x10000 }],
    ['qom-get', { path: '/machine', property: 'soc0' }, '/machine/soc0'],
    ['qom-get', { path: 'rng0', property: 'filename' }, '/dev/urandom'],
    ['qom-list', { path: '/chardevs/spare' }, [{ name: 'type', type: 'string' }]],
    ['qom-list-types', { implements: 'nosuch' }, []],
    ['qom-list-properties', { typename: 'nosuch' }, missing("Class 'nosuch' not found")],
    ['device-list-properties', { typename: 'nosuch' }, missing("Device 'nosuch' not found")],
    [
      'device-list-properties',
      { typename: 'virtio-device' },
      failure("Parameter 'typename' expects a non-abstract device type"),
    ],
    [
      'device-list-properties',
      { typename: 'virt-machine' },
      failure("Parameter 'typename' expects a non-abstract device type"),
    ],
  ])('%s %j', async (command, args, expected) => {
    expect(await ask(command, args)).toEqual(expected);
  });

  it('are of types of which some are abstract', async () => {
    const types = (await ask('qom-list-types', { implements: 'virtio-device', abstract: true })) as object[];
    expect(types).toContainEqual({ name: 'virtio-device', parent: 'device', abstract: true });
    expect(types).toContainEqual({ name: 'virtio-blk-device', parent: 'virtio-device' });
    expect(await ask('qom-list-types', { implements: 'virtio-device' })).not.toContainEqual(types[0]);
  });
});

describe('disk images', () => {
  it('are drives, and nodes where a device uses them', async () => {
    const drives = (await ask('query-block')) as { device: string; qdev?: string; 'io-status'?: string }[];
    expect(drives.map(({ device, qdev, 'io-status': status }) => [device, qdev, status])).toEqual([
      ['d0', '/machine/peripheral-anon/device[0]', 'ok'],
      ['d1', undefined, undefined],
    ]);
  });

  it('are all nodes', async () => {
    const nodes = (await ask('query-named-block-nodes', { flat: true })) as {
      'node-name': string;
      ro: boolean;
      drv: string;
      image: object;
      cache: object;
    }[];
    expect(nodes.map(({ 'node-name': name, ro, drv }) => [name, ro, drv])).toEqual([
      ['#block000', false, 'raw'],
      ['#block001', true, 'raw'],
      ['node', false, 'file'],
    ]);
    expect(nodes[1]!.image).not.toHaveProperty('actual-size');
    expect(nodes[2]!.cache).toEqual({ writeback: false, direct: false, 'no-flush': true });
  });

  it('are counted', async () => {
    const nodes = (await ask('query-blockstats', { 'query-nodes': true })) as { stats: object }[];
    expect(nodes).toHaveLength(3);
    expect(nodes[0]).not.toHaveProperty('device');
    expect(nodes[0]!.stats).toMatchObject({
      rd_bytes: 4096,
      rd_operations: 8,
      wr_bytes: 512,
      failed_wr_operations: 1,
      flush_operations: 2,
      wr_highest_offset: 1024,
      idle_time_ns: 5_000_000,
    });
  });
});

describe('network devices', () => {
  it.each([
    ['nosuch', failure('invalid net client name: nosuch')],
    ['n0', failure("net client(n0) isn't a NIC")],
  ])('%s is none', async (name, expected) => {
    expect(await ask('query-rx-filter', { name })).toEqual(expected);
  });
});

describe('set_link', () => {
  it.each([
    ['net0', 'n0'],
    ['n1', 'n1'],
  ])('%s moves the cable of %s', async (name, id) => {
    const { context } = daemon();
    const moved: unknown[] = [];
    const backEnds = { ...context.backEnds, setLink: (...move: unknown[]) => void moved.push(move) };
    await setLink.run({ ...context, backEnds }, { name, up: false });
    expect(moved).toEqual([[id, false]]);
  });

  it('needs a cable', async () => {
    expect(await ask('set_link', { name: 'nosuch', up: true })).toEqual(missing("Device 'nosuch' not found"));
  });
});

describe('virtio devices', () => {
  it.each([
    ['x-query-virtio-status', { path: '/machine' }, failure('Path /machine is not a VirtIODevice')],
    ['x-query-virtio-status', { path: 'nosuch' }, failure('Path nosuch is not a VirtIODevice')],
    ['x-query-virtio-queue-status', { path: 'net0', queue: 2 }, failure('Invalid virtqueue number 2')],
  ])('%s %j', async (command, args, expected) => {
    expect(await ask(command, args)).toEqual(expected);
  });
});

it('remembers pages for vCPUs that there are', async () => {
  expect(await ask('query-tlb', { 'cpu-index': 2 })).toBe(failure("Parameter 'cpu-index' expects a CPU number"));
});
