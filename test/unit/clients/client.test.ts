import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Client, type ClientOptions, CommandError, ConnectionError } from '../../../clients/client.ts';
import { addressesIn, serveMachine } from '../../support/served-machine.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe.each(['QMP', 'JSON-RPC'] as const)('a client that speaks %s', (protocol) => {
  /** A daemon, and a client of it. */
  async function connected(options?: ClientOptions) {
    const directory = temporaryDirectory();
    const { machine, stop } = await serveMachine(directory);
    const client = await Client.connect(addressesIn(directory)[protocol], options);
    onTestFinished(() => client.close());
    return { directory, machine, stop, client };
  }

  it('gets what commands return, in order', async () => {
    const { client } = await connected();
    expect(await client.execute('query-status')).toEqual({ running: true, status: 'running' });
    const [stopped, status] = await Promise.all([client.execute('stop'), client.execute('query-status')]);
    expect(stopped).toEqual({});
    expect(status.running).toBe(false);
    expect(await client.execute('instr-load', { path: 'insn', id: 'x' })).toEqual({ id: 'x' });
    const [cpu] = await client.execute('query-cpus-fast');
    expect(cpu?.target).toBe('riscv64');
  });

  it('keeps 64 bits', async () => {
    const { client } = await connected();
    await client.execute('instr-load', { path: 'insn', id: 'x' });
    const [plugin] = await client.execute('query-instr');
    expect(plugin!.counters).toEqual({ instructions: 9007199254740993n });
    expect(plugin!.report).toEqual([{ pc: 0xffff_ffff_8000_0000n, count: 3 }]);
    const tooLarge = client.execute('human-monitor-command', { 'command-line': '', 'cpu-index': 2n ** 63n - 1n });
    await expect(tooLarge).rejects.toThrow("Parameter 'cpu-index' expects a CPU number");
  });

  it('throws what the daemon says', async () => {
    const { client } = await connected();
    const unload = client.execute('instr-unload', { id: 'nosuch' });
    await expect(unload).rejects.toThrow(new CommandError('Unknown library ID', 'GenericError'));
    const unknown = client.execute('nosuch' as 'stop');
    await expect(unknown).rejects.toMatchObject({ name: 'CommandError', errorClass: 'CommandNotFound' });
    // @ts-expect-error: the typings say what a command takes
    await expect(client.execute('instr-load', { file: 'x' })).rejects.toThrow("Parameter 'path' is missing");
    // @ts-expect-error: and what it must be given
    await expect(client.execute('instr-load')).rejects.toThrow("Parameter 'path' is missing");
  });

  it('sees the events of all, from when it asked, with their data', async () => {
    const { client, machine } = await connected();
    await client.execute('stop');
    const events = client.events();
    await machine.instrumentation.load('insn', { id: 'x' });
    await client.execute('cont');
    const seen = [];
    for await (const event of events) {
      expect(event.timestamp.seconds).toBeGreaterThan(1e9);
      seen.push([event.event, event.data]);
      if (event.event === 'INSTR_LOADED') expect(event.data.id).toBe('x');
      if (event.event === 'RESUME') break;
    }
    expect(seen).toEqual([
      ['INSTR_LOADED', { id: 'x', path: 'insn' }],
      ['RESUME', {}],
    ]);
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  it('watches counters until the loop is left', async () => {
    const { client, machine } = await connected();
    for (const id of ['x', 'y']) await machine.instrumentation.load('insn', { id });
    let samples = 0;
    for await (const counters of await client.counters({ rate: 60, ids: ['y'] })) {
      expect(counters).toEqual({ y: { instructions: 9007199254740993n } });
      if (++samples === 3) break;
    }
    for await (const counters of await client.counters({ rate: 60 })) {
      expect(Object.keys(counters)).toEqual(['x', 'y']);
      break;
    }
    expect(await client.execute('query-status')).toMatchObject({ running: true });
  });

  it('ends with the daemon: loops end, and commands fail', async () => {
    const { client, stop } = await connected();
    const events = client.events();
    const counters = await client.counters({ rate: 1 });
    await stop();
    const names = [];
    for await (const { event } of events) names.push(event);
    expect(names).toEqual(['SHUTDOWN']);
    for await (const _ of counters);
    await expect(client.execute('query-status')).rejects.toThrow(ConnectionError);
    expect(await client.events().next()).toEqual({ done: true, value: undefined });
  });

  it('ends when it is closed, and what is under way fails', async () => {
    const { client, machine } = await connected();
    machine.stop = () => new Promise(() => {});
    const stopping = client.execute('stop');
    const failed = expect(stopping).rejects.toThrow(ConnectionError);
    const events = client.events();
    await expect.poll(() => machine.listeners).toBeGreaterThan(0);
    client.close();
    await failed;
    expect(await events.next()).toMatchObject({ done: true });
  });

  it('connects anew if it is told to: loops go on, and commands wait', async () => {
    const calls: string[] = [];
    const options = { lost: () => void calls.push('lost'), reconnected: () => void calls.push('reconnected') };
    const { client, directory, stop } = await connected({ reconnect: true, ...options });
    const events = client.events();
    const counters = await client.counters({ rate: 60 });
    await stop();
    expect((await events.next()).value).toMatchObject({ event: 'SHUTDOWN' });
    await expect.poll(() => calls).toEqual(['lost']);
    const waiting = client.execute('query-status');
    const { machine } = await serveMachine(directory);
    expect(await waiting).toHaveProperty('running');
    expect(calls).toEqual(['lost', 'reconnected']);
    await machine.instrumentation.load('insn', { id: 'new' });
    for await (const { event } of events) if (event === 'INSTR_LOADED') break;
    for await (const sample of counters) if ('new' in sample) break;
  });

  it('gives up connecting anew when it is closed', async () => {
    let isLost = false;
    const lost = (): void => {
      isLost = true;
    };
    const { client, stop } = await connected({ reconnect: true, lost });
    const events = client.events();
    await stop();
    await events.next();
    await expect.poll(() => isLost).toBe(true);
    const waiting = client.execute('query-status');
    const failed = expect(waiting).rejects.toThrow(ConnectionError);
    client.close();
    await failed;
    expect(await events.next()).toMatchObject({ done: true });
  });
});

describe('an address', () => {
  it('may be a path: of a socket, or of a file with a URL', async () => {
    const directory = temporaryDirectory();
    await serveMachine(directory);
    const url = readFileSync(join(directory, 'url'), 'utf8').trim();
    for (const address of [join(directory, 'qmp'), join(directory, 'url'), url]) {
      const client = await Client.connect(address);
      expect(await client.execute('query-status')).toMatchObject({ status: 'running' });
      client.close();
    }
  });

  it.each([
    ['unix:/nowhere/at/all', 'ENOENT'],
    ['/nowhere/at/all', 'ENOENT'],
    ['tcp:127.0.0.1:1', 'ECONNREFUSED'],
    ['ws://127.0.0.1:1/?token=secret', 'no WebSocket at ws://127.0.0.1:1: is there a daemon, and is the token right?'],
    ['ws://', "'ws://' is no URL of a WebSocket"],
  ])('%s is where nobody is', async (address, message) => {
    const connecting = Client.connect(address);
    await expect(connecting).rejects.toThrow(ConnectionError);
    await expect(connecting).rejects.toThrow(message);
  });

  it('with the wrong token is refused', async () => {
    const directory = temporaryDirectory();
    await serveMachine(directory);
    const url = readFileSync(join(directory, 'url'), 'utf8').trim();
    await expect(Client.connect(`${url}x`)).rejects.toThrow('is the token right?');
  });

  it('in a file has to be one', async () => {
    const path = join(temporaryDirectory(), 'url');
    writeFileSync(path, 'hello\n');
    await expect(Client.connect(path)).rejects.toThrow("'hello' is no URL of a WebSocket");
  });

  it.each(['hello\n', ''])('where %j is what is said is not one of a daemon', async (text) => {
    const path = join(temporaryDirectory(), 'socket');
    const server = createServer((socket) => socket.end(text)).listen(path);
    onTestFinished(() => void server.close());
    await expect(Client.connect(`unix:${path}`)).rejects.toThrow('is QMP spoken there?');
  });
});
