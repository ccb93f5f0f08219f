/** JSON-RPC over WebSockets, from another process. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { certificates, requireOpenssl } from '../support/certificates.ts';
import { type DaemonProcess, eventually, startDaemon } from '../support/daemon.ts';
import { testFile } from '../support/guest-machine.ts';
import { pluginFile } from '../support/plugin-file.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const SPIN = ['-display', 'none', '-smp', '2', '-kernel', testFile('guests/bin/spin.elf')];

const CTL = fileURLToPath(new URL('../../clients/vivarium-ctl', import.meta.url));

interface Message {
  readonly id?: unknown;
  readonly method?: string;
  // biome-ignore lint/suspicious/noExplicitAny: the test looks into it
  readonly params?: any;
  // biome-ignore lint/suspicious/noExplicitAny: the test looks into it
  readonly result?: any;
  readonly error?: { readonly code: number; readonly message: string };
}

class Client {
  readonly socket: WebSocket;
  readonly notifications: Message[] = [];
  readonly closed: Promise<number>;
  readonly #waiting = new Map<unknown, (message: Message) => void>();
  #next = 0;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = once(socket, 'close').then(([code]) => code);
    socket.on('message', (data) => {
      const message: Message = JSON.parse(String(data));
      if (message.method === undefined) this.#waiting.get(message.id)?.(message);
      else this.notifications.push(message);
    });
  }

  static async open(url: string): Promise<Client> {
    const socket = new WebSocket(url);
    const client = new Client(socket);
    await once(socket, 'open');
    onTestFinished(() => socket.terminate());
    return client;
  }

  ask(method: string, params: object = {}): Promise<Message> {
    const id = this.#next++;
    this.socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return new Promise((resolve) => void this.#waiting.set(id, resolve));
  }
  notificationsOf = (name: string): Message[] => this.notifications.filter(({ method }) => method === name);
}

/** A daemon that serves JSON-RPC at the URL. */
async function serve(...argv: string[]): Promise<{ readonly daemon: DaemonProcess; readonly url: string }> {
  const file = join(temporaryDirectory(), 'url');
  const daemon = startDaemon([...SPIN, ...argv, '-jsonrpc', `tcp::0,url-file=${file}`]);
  await eventually(() => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'));
  return { daemon, url: readFileSync(file, 'utf8').trim() };
}

test('a session, from the first request to quit', async () => {
  const { daemon, url } = await serve();
  const client = await Client.open(url);
  expect((await client.ask('query-status')).result).toEqual({ running: true, status: 'running' });
  await client.ask('stop');
  await client.ask('system_reset');
  await client.ask('cont');
  expect((await client.ask('instr-load', { path: 'icount', id: 'i' })).result).toEqual({ id: 'i' });
  expect((await client.ask('instr-load', { path: 'icount', id: 'i' })).error).toMatchObject({
    code: -32000,
    message: 'Library ID exists',
  });
  await client.ask('instr-unload', { id: 'i' });
  expect((await client.ask('quit')).result).toEqual({});
  expect(await client.closed).toBe(1001);
  expect(await daemon.ended).toBe(0);
  expect(client.notifications.map(({ method }) => method)).toEqual([
    'STOP',
    'RESET',
    'RESUME',
    'INSTR_LOADED',
    'INSTR_UNLOADED',
    'SHUTDOWN',
  ]);
  expect(daemon.err()).toBe('');
});

test('counters come from a running guest, and rise, for each who has asked for them', async () => {
  const { url } = await serve('-instr', 'icount');
  const [client, other] = [await Client.open(url), await Client.open(url)];
  const { subscription } = (await client.ask('instr-subscribe', { rate: 60 })).result;
  await eventually(() => client.notificationsOf('INSTR_COUNTERS').length > 10);
  const samples = client.notificationsOf('INSTR_COUNTERS').map(({ params }) => params.data);
  expect(samples.every((sample) => sample.subscription === subscription)).toBe(true);
  const counts: number[] = samples.map(({ counters }) => counters.cmdline.instructions);
  expect(counts).toEqual([...counts].sort((a, b) => a - b));
  expect(counts.at(-1)).toBeGreaterThan(counts[0]!);
  await client.ask('instr-unload', { id: 'cmdline' });
  await eventually(() => Object.keys(client.notifications.at(-1)!.params.data.counters ?? { x: 1 }).length === 0);
  await client.ask('instr-unsubscribe', { subscription });
  const count = client.notificationsOf('INSTR_COUNTERS').length;
  await other.ask('query-instr');
  expect(client.notificationsOf('INSTR_COUNTERS')).toHaveLength(count);
  expect(other.notificationsOf('INSTR_COUNTERS')).toEqual([]);
});

test('integers keep their 64 bits, in both directions', async () => {
  const { url } = await serve();
  const client = await Client.open(url);
  const plugin = pluginFile(`
    export default plugin('p', { doc: '', options: struct('O', { n: int() }), translate() {}, report: ({ args }) => args.n });
  `);
  await client.ask('instr-load', { path: plugin, args: ['n=0xfffffffffffffffd'] });
  const text = once(client.socket, 'message');
  client.socket.send('{"jsonrpc": "2.0", "id": 18446744073709551615, "method": "query-instr"}');
  expect(String((await text)[0])).toMatch(/"id": 18446744073709551615.*"report": 18446744073709551613,/);
});

test('what is sent amiss disturbs nobody; a client that reads nothing is not served without end', async () => {
  const { daemon, url } = await serve();
  const client = await Client.open(url);
  for (const text of ['', '{', '[]', '"x"', '{"jsonrpc": "2.0"}', '['.repeat(5000), `[${'1,'.repeat(5000)}1]`]) {
    const reply = once(client.socket, 'message');
    client.socket.send(text);
    expect(JSON.parse(String((await reply)[0])), text.slice(0, 20)).toMatchObject({
      error: { code: expect.any(Number) },
    });
  }
  const silent = await Client.open(url);
  silent.socket.pause();
  const request = '{"jsonrpc": "2.0", "id": 1, "method": "query-qmp-schema"}';
  for (let n = 0; n < 5000; n++) silent.socket.send(`[${Array(100).fill(request).join()}]`);
  for (let n = 0; n < 20; n++) expect((await client.ask('query-status')).result.running).toBe(true);
  silent.socket.terminate();
  expect((await client.ask('query-status')).result.running).toBe(true);
  daemon.child.kill();
  expect(await client.closed).toBe(1001);
  expect(await daemon.ended).toBe(0);
});

test.skipIf(!requireOpenssl())('TLS, with certificates of which Node.js is told', async () => {
  const directory = certificates();
  const creds = `tls-creds-x509,id=t,dir=${directory},endpoint=server,verify-peer=off`;
  const file = join(directory, 'url');
  const daemon = startDaemon([...SPIN, '-object', creds, '-jsonrpc', `tcp:127.0.0.1:0,tls-creds=t,url-file=${file}`]);
  await eventually(() => readFileSync(file, 'utf8').startsWith('wss://127.0.0.1:'));
  const status = (environment: Readonly<Record<string, string>>) =>
    spawnSync(CTL, ['-s', file, 'query-status'], { encoding: 'utf8', env: { ...process.env, ...environment } });
  expect(status({ NODE_EXTRA_CA_CERTS: join(directory, 'ca-cert.pem') })).toMatchObject({ status: 0, stderr: '' });
  expect(status({})).toMatchObject({ status: 1, stderr: expect.stringContaining('no WebSocket at wss://127.0.0.1:') });
  daemon.child.kill();
  expect(await daemon.ended).toBe(0);
  expect(existsSync(file)).toBe(false);
});
