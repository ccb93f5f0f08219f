/** QMP, from another process, over the sockets that people use. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type DaemonProcess, eventually, qmpClient, startDaemon } from '../support/daemon.ts';
import { testFile } from '../support/guest-machine.ts';
import { pluginFile } from '../support/plugin-file.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const SPIN = ['-display', 'none', '-smp', '2', '-kernel', testFile('guests/bin/spin.elf')];

interface Served {
  readonly daemon: DaemonProcess;
  readonly path: string;
}

/** A daemon that serves QMP on the socket at `path`. */
async function serve(...argv: string[]): Promise<Served> {
  const path = join(temporaryDirectory(), 'qmp');
  const daemon = startDaemon([...SPIN, ...argv, '-qmp', `unix:${path},server=on,wait=off`]);
  await eventually(() => existsSync(path));
  return { daemon, path };
}

/** A port of this host that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

interface Loaded {
  readonly id: string;
  readonly name: string;
  readonly counters: Readonly<Record<string, number>>;
  readonly report: unknown;
}

describe('a session', () => {
  test('from the greeting to quit, over a unix socket', async () => {
    const { daemon, path } = await serve();
    const client = await qmpClient(path, true);
    expect((await client.next()).QMP).toMatchObject({ version: { qemu: { major: expect.any(Number) } } });
    expect(await client.ask('query-status')).toMatchObject({ error: { class: 'CommandNotFound' } });
    await client.execute('qmp_capabilities');
    expect(await client.execute('query-status')).toEqual({ running: true, status: 'running' });
    expect(await client.execute('query-cpus-fast')).toHaveLength(2);

    await client.execute('stop');
    expect(await client.execute('query-status')).toEqual({ running: false, status: 'paused' });
    await client.execute('system_reset');
    await client.execute('cont');
    expect(await client.execute('instr-load', { path: 'hotblocks', id: 'hot', args: ['limit=2'] })).toEqual({
      id: 'hot',
    });
    const report = async () => (await client.execute<Loaded[]>('query-instr'))[0]!.report as object[];
    await eventually(async () => (await report()).length > 0);
    await client.execute('instr-unload', { id: 'hot' });
    await client.execute('quit');
    expect(await daemon.ended).toBe(0);
    await client.closed;
    expect(client.events.map(({ event }) => event)).toEqual([
      'STOP',
      'RESET',
      'RESUME',
      'INSTR_LOADED',
      'INSTR_UNLOADED',
      'SHUTDOWN',
    ]);
    expect(existsSync(path)).toBe(false);
    expect(daemon.err()).toBe('');
  });

  test('over TCP, beside others on their own sockets: each gets its replies, all get the events', async () => {
    const port = await freePort();
    const { daemon, path } = await serve('-qmp', `tcp:localhost:${port},server=on,wait=off`);
    const [tcp, unix, third] = [
      await qmpClient({ host: 'localhost', port }),
      await qmpClient(path),
      await qmpClient(path),
    ];
    const clients = [tcp, unix, third];
    const ids = await Promise.all(
      clients.map((client, index) =>
        client.execute<{ id: string }>('instr-load', { path: 'icount', id: `of${index}` }),
      ),
    );
    expect(ids.map(({ id }) => id)).toEqual(['of0', 'of1', 'of2']);
    await Promise.all(clients.map((client, index) => client.execute('instr-unload', { id: `of${index}` })));
    for (const client of clients) {
      expect((await client.execute<Loaded[]>('query-instr')).length).toBe(0);
      const loads = client.events.filter(({ event }) => event === 'INSTR_LOADED');
      expect(loads.map(({ data }) => data!.id)).toEqual(expect.arrayContaining(['of0', 'of1', 'of2']));
    }
    tcp.send('{"execute": "quit", "id": [1, {"a": null}]}');
    expect(await tcp.next()).toEqual({ return: {}, id: [1, { a: null }] });
    expect(await daemon.ended).toBe(0);
  });
});

test('while both vCPUs spin, what icount has counted rises from one second to the next', async () => {
  const { path } = await serve('-instr', 'file=icount');
  const client = await qmpClient(path);
  const sample = async () => {
    const [loaded] = await client.execute<Loaded[]>('query-instr');
    expect(loaded!.id).toBe('cmdline');
    return loaded!.report as { vcpu: number; instructions: number; loads: number; stores: number }[];
  };
  const before = await sample();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const after = await sample();
  for (const [vcpu, counted] of after.entries())
    for (const name of ['instructions', 'loads', 'stores'] as const)
      expect(counted[name] - before[vcpu]![name], `${name} of vCPU ${vcpu}`).toBeGreaterThan(100_000);
});

describe('the daemon survives', () => {
  test('whatever is sent to it', async () => {
    const { path } = await serve();
    const client = await qmpClient(path);
    const broken = [
      '{"execute": }',
      '{"execute": "query-status"]',
      '[1, 2',
      '\xff\xfe',
      '{"execute": "query-status", "arguments": []}',
      '{"execute": "instr-load"}',
      '{"execute": "instr-load", "arguments": {"path": 5}}',
      '{"execute": "instr-load", "arguments": {"path": "nosuch"}}',
      '{"execute": "instr-unload", "arguments": {"id": "nosuch"}}',
      '{"execute": "nosuch"}',
      '"\\ud800"',
      'GET / HTTP/1.1\n',
      '['.repeat(2000),
    ];
    for (const text of broken) {
      const rogue = await qmpClient(path);
      rogue.send(text);
      // An unfinished value is no error yet; a byte that can be in none ends it.
      rogue.send('\xff\n');
      expect(await rogue.next(), text).toHaveProperty('error');
      rogue.socket.destroy();
    }
    expect(await client.execute('query-status')).toEqual({ running: true, status: 'running' });
  });

  test('clients that are killed, in the midst of it all', async () => {
    const { path } = await serve();
    const script = `
      const socket = require('node:net').connect(process.argv[1]);
      socket.write('{"execute": "qmp_capabilities"}');
      for (let i = 0; i < 200; i++) socket.write('{"execute": "instr-load", "arguments": {"path": "icount"}}{"execute": "query-instr"}');
      socket.once('data', () => console.log('connected'));
    `;
    for (let round = 0; round < 3; round++) {
      const victim = spawn(process.execPath, ['-e', script, path]);
      await once(victim.stdout, 'data');
      victim.kill('SIGKILL');
      await once(victim, 'close');
    }
    const client = await qmpClient(path);
    expect(await client.execute('query-status')).toEqual({ running: true, status: 'running' });
    for (const { id } of await client.execute<Loaded[]>('query-instr')) await client.ask('instr-unload', { id });
    expect(await client.execute('query-status')).toEqual({ running: true, status: 'running' });
  });

  test('a plugin that fails: clients are told, and it is gone', async () => {
    const { path } = await serve();
    const client = await qmpClient(path);
    const plugin = pluginFile(`
      export default plugin('p', { doc: '', options: nothing, translate: () => { throw new Error('on purpose'); } });
    `);
    await client.execute('instr-load', { path: plugin, id: 'bad' });
    await eventually(() => client.events.length === 3);
    expect(client.events).toMatchObject([
      { event: 'INSTR_LOADED', data: { id: 'bad', path: plugin } },
      { event: 'INSTR_ERROR', data: { id: 'bad', message: 'on purpose' } },
      { event: 'INSTR_UNLOADED', data: { id: 'bad', path: plugin } },
    ]);
    expect(await client.execute('query-instr')).toEqual([]);
  });

  test('reports that JSON cannot say', async () => {
    const { path } = await serve('-instr', 'icount');
    const client = await qmpClient(path);
    const load = async (report: string): Promise<void> => {
      const source = `export default plugin('p', { doc: '', options: nothing, translate() {}, report: () => (${report}) });`;
      await client.execute('instr-load', { path: pluginFile(source), id: 'p' });
    };
    const query = async (): Promise<unknown> =>
      (await client.execute<Loaded[]>('query-instr')).find(({ id }) => id === 'p')?.report;

    await load(`[() => 5, undefined, NaN, Symbol('x'), 1n << 70n, '\\ud800', { at: [{}] }]`);
    expect(await query()).toEqual([null, null, null, null, 2 ** 70, expect.any(String), { at: [{}] }]);
    await client.execute('instr-unload', { id: 'p' });
    for (const [report, message] of [
      ['((o) => (o.o = o))({})', 'its report is nested more than 64 deep, or holds itself'],
      ['[new Map()]', 'its report holds a Map: expected plain objects and lists'],
    ] as const) {
      await load(report);
      expect(await query()).toBeUndefined();
      const failure = () => client.events.find(({ data }) => data?.message === message);
      await eventually(() => failure() !== undefined);
    }
  });
});

test('SIGTERM ends the guest, clients and the daemon, with status 0', async () => {
  const { daemon, path } = await serve();
  const client = await qmpClient(path);
  await client.execute('instr-load', { path: 'icount' });
  daemon.child.kill('SIGTERM');
  await client.closed;
  expect(await daemon.ended).toBe(0);
  expect(client.events.at(-1)).toMatchObject({ event: 'SHUTDOWN', data: { guest: false, reason: 'host-signal' } });
  expect(existsSync(path)).toBe(false);
});

test('after the guest has ended, -no-shutdown lets clients look at what is left', async () => {
  const path = join(temporaryDirectory(), 'qmp');
  const guest = ['-display', 'none', '-kernel', testFile('guests/bin/coremark-like.elf')];
  const daemon = startDaemon([
    ...guest,
    '-no-shutdown',
    '-S',
    '-instr',
    'icount',
    '-qmp',
    `unix:${path},server=on,wait=off`,
  ]);
  await eventually(() => existsSync(path));
  const client = await qmpClient(path);
  await client.execute('cont');
  await eventually(() => client.events.some(({ event }) => event === 'SHUTDOWN'));
  expect(await client.execute('query-status')).toEqual({ running: false, status: 'shutdown' });
  const [loaded] = await client.execute<Loaded[]>('query-instr');
  expect(loaded!.counters.instructions).toBeGreaterThan(5_000_000);
  expect(await client.ask('instr-load', { path: 'icount' })).toMatchObject({
    error: { desc: 'the machine has shut down' },
  });
  await client.execute('instr-unload', { id: 'cmdline' });
  expect(await client.execute('query-instr')).toEqual([]);
  await client.execute('quit');
  expect(await daemon.ended).toBe(0);
});
