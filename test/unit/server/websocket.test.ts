import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ClientOptions, WebSocket } from 'ws';
import type { MessageStream } from '../../../monitor/stream.ts';
import { parseJsonRpc } from '../../../server/config/json-rpc.ts';
import type { TlsCredsSpec } from '../../../server/config/objects.ts';
import { UsageError } from '../../../server/errors.ts';
import { WebSocketListener } from '../../../server/websocket/listener.ts';
import { certificates, requireOpenssl } from '../../support/certificates.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

interface Served {
  readonly listener: WebSocketListener;
  readonly streams: MessageStream[];
  readonly reports: string[];
  /** How many clients have been dropped. */
  dropped(): number;
  /** The URL that has been told, token and all. */
  url(): string;
}

/** A listener that echoes, unless told to serve otherwise. */
async function listen(
  argument: string,
  options: { serve?: (stream: MessageStream) => void; unreadBytesMax?: number; creds?: TlsCredsSpec } = {},
): Promise<Served> {
  const streams: MessageStream[] = [];
  const reports: string[] = [];
  let drops = 0;
  const echo = (stream: MessageStream): void =>
    stream.onMessage(async (bytes) => stream.send(Buffer.from(bytes).toString()));
  const { serve = echo, creds, ...limits } = options;
  const listener = new WebSocketListener(parseJsonRpc(argument), creds, {
    serve: (stream) => {
      streams.push(stream);
      serve(stream);
    },
    dropped: () => void drops++,
    report: (line) => void reports.push(line),
    ...limits,
  });
  await listener.open();
  onTestFinished(() => listener.close());
  return { listener, streams, reports, dropped: () => drops, url: () => /wss?:\S*/.exec(reports.join(' '))![0] };
}

/** Opens a WebSocket, or tells with which status that was refused. */
async function open(url: string, options: ClientOptions = {}): Promise<WebSocket | number> {
  const socket = new WebSocket(url, options);
  onTestFinished(() => socket.terminate());
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('unexpected-response', (_, { statusCode }: IncomingMessage) => resolve(statusCode!));
    socket.once('error', reject);
  });
}

const messageOf = async (socket: WebSocket): Promise<string> => String((await once(socket, 'message'))[0]);

async function expectEcho(socket: WebSocket | number): Promise<void> {
  expect(socket).toBeInstanceOf(WebSocket);
  const answer = messageOf(socket as WebSocket);
  (socket as WebSocket).send('é');
  expect(await answer).toBe('é');
}

const withoutToken = (url: string): string => url.replace(/\?.*/, '');

describe('the token', () => {
  it('is made up, and told with the URL', async () => {
    const { reports, url } = await listen('tcp:127.0.0.1:0');
    expect(reports).toEqual([
      expect.stringMatching(
        /^-jsonrpc tcp:127\.0\.0\.1:0: info: JSON-RPC is served at ws:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{43}$/,
      ),
    ]);
    expect((await listen('tcp:127.0.0.1:0')).url().split('=')[1]).not.toBe(url().split('=')[1]);
    await expectEcho(await open(url()));
  });

  it('opens in the URL or in a header, and nothing else does', async () => {
    const { url, streams } = await listen('tcp:127.0.0.1:0');
    const token = new URL(url()).searchParams.get('token')!;
    const bare = withoutToken(url());
    const bearer = (text: string): ClientOptions => ({ headers: { authorization: text } });
    expect(await open(bare)).toBe(401);
    expect(await open(`${bare}?token=`)).toBe(401);
    expect(await open(`${bare}?token=${token}x`)).toBe(401);
    expect(await open(`${bare}?token=${token.slice(1)}`)).toBe(401);
    expect(await open(bare, bearer('Bearer x'))).toBe(401);
    expect(await open(bare, bearer(`Basic ${token}`))).toBe(401);
    expect(streams).toEqual([]);
    await expectEcho(await open(bare, bearer(`Bearer ${token}`)));
    await expectEcho(await open(`${bare}?x=1&token=${token}`));
  });

  it('may be chosen, and is not told then', async () => {
    const { reports, url } = await listen('tcp:127.0.0.1:0,token=a&b,,c');
    expect(reports.join()).not.toContain('a&b');
    expect(await open(url())).toBe(401);
    await expectEcho(await open(`${url()}?token=${encodeURIComponent('a&b,c')}`));
  });

  it('goes with the URL into a file for the owner, which is gone in the end', async () => {
    const file = join(temporaryDirectory(), 'url');
    writeFileSync(file, 'old', { mode: 0o666 });
    const { reports, listener } = await listen(`tcp:127.0.0.1:0,url-file=${file}`);
    expect(reports).toEqual([]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await expectEcho(await open(readFileSync(file, 'utf8').trim()));
    await listener.close();
    expect(existsSync(file)).toBe(false);
  });

  it('is not needed on a path, which is for the owner only', async () => {
    const path = join(temporaryDirectory(), 'socket');
    const { listener, reports } = await listen(`unix:${path}`);
    expect(reports).toEqual([]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await expectEcho(await open(`ws+unix:${path}:/`));
    await listener.close();
    expect(existsSync(path)).toBe(false);
  });

  it('may be wanted on a path as well', async () => {
    const path = join(temporaryDirectory(), 'socket');
    await listen(`unix:${path},token=t`);
    expect(await open(`ws+unix:${path}:/`)).toBe(401);
    await expectEcho(await open(`ws+unix:${path}:/?token=t`));
  });
});

describe('the origin', () => {
  it('is that of a page that is named, or there is none', async () => {
    const { url } = await listen('tcp:127.0.0.1:0,origin=https://a.example,origin=http://localhost:8080');
    await expectEcho(await open(url(), { origin: 'https://a.example' }));
    await expectEcho(await open(url(), { origin: 'http://localhost:8080' }));
    await expectEcho(await open(url()));
    for (const origin of ['https://b.example', 'http://a.example', 'https://a.example.com', 'null'])
      expect(await open(url(), { origin }), origin).toBe(403);
    expect(await open(withoutToken(url()), { origin: 'https://a.example' })).toBe(401);
  });

  it('is nowhere unless one is named', async () => {
    const { url } = await listen('tcp:127.0.0.1:0');
    expect(await open(url(), { origin: new URL(url()).origin })).toBe(403);
  });
});

describe('HTTP', () => {
  it('is answered by what is spoken here', async () => {
    const { url } = await listen('tcp:127.0.0.1:0');
    expect((await fetch(url().replace('ws:', 'http:'))).status).toBe(426);
    expect(await open(url().replace('/?', '/elsewhere?'))).toBe(400);
  });

  it('that is none, or is cut off, disturbs nobody', async () => {
    const { url } = await listen('tcp:127.0.0.1:0');
    const { hostname, port, pathname, search } = new URL(url());
    const upgrade = `GET ${pathname}${search} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`;
    const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
    const frames = [Buffer.from([0xff, 0xff, 0xff]), Buffer.from([0x81, 0xff, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])];
    for (const text of ['\0\0\0', 'GET / HTTP/1.1\r\n', upgrade, `${upgrade}\r\n`, upgrade + key]) {
      const socket: Socket = connect(Number(port), hostname);
      socket.on('error', () => {});
      await once(socket, 'connect');
      await new Promise((written) => socket.write(text, written));
      socket.destroy();
    }
    for (const frame of frames) {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => {});
      socket.write(upgrade + key);
      await once(socket, 'data');
      socket.write(frame);
      socket.resume();
      await once(socket, 'close');
    }
    await expectEcho(await open(url()));
  });
});

describe('a client', () => {
  it('that sends too much in one message is cut off', async () => {
    const { url, streams } = await listen('tcp:127.0.0.1:0');
    const socket = (await open(url())) as WebSocket;
    const answer = messageOf(socket);
    socket.send('x'.repeat(1 << 20));
    expect(await answer).toHaveLength(1 << 20);
    socket.send('x'.repeat((1 << 20) + 1));
    const [code] = await once(socket, 'close');
    expect(code).toBe(1009);
    let closed = false;
    streams[0]!.onClose(() => {
      closed = true;
    });
    await expect.poll(() => closed).toBe(true);
    await expectEcho(await open(url()));
  });

  it('that does not read is cut off, and others are not', async () => {
    const { url, dropped, streams } = await listen('tcp:127.0.0.1:0', { unreadBytesMax: 8 << 20 });
    const victim = (await open(url())) as WebSocket;
    const other = (await open(url())) as WebSocket;
    victim.pause();
    const [stream] = streams;
    let closed = false;
    stream!.onClose(() => {
      closed = true;
    });
    const text = 'x'.repeat(1 << 20);
    while (!closed) {
      stream!.send(text);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(dropped()).toBe(1);
    await expectEcho(other);
  });

  it('is not read from while it does not read, or is owed many answers', async () => {
    const received: string[] = [];
    const answers: (() => void)[] = [];
    const { url, streams } = await listen('tcp:127.0.0.1:0', {
      serve: (stream) =>
        stream.onMessage((bytes) => {
          received.push(Buffer.from(bytes).toString().slice(0, 8).trim());
          return new Promise((resolve) => void answers.push(resolve));
        }),
    });
    const socket = (await open(url())) as WebSocket;
    // Each is more than is read at once, so that none arrives together with another.
    const count = 40;
    for (let n = 0; n < count; n++) socket.send(String(n).padEnd(1 << 18));
    await expect.poll(() => answers.length).toBeGreaterThanOrEqual(8);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const first = answers.length;
    expect(first).toBeLessThan(count);
    while (received.length < count || answers.length > 0) {
      answers.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(received).toEqual(Array.from({ length: count }, (_, n) => String(n)));
    expect(streams[0]!.isBehind).toBe(false);
  });

  it('is ended with what it has been sent, or without if it does not read', async () => {
    const { url, listener, streams } = await listen('tcp:127.0.0.1:0');
    const [reader, idler] = [(await open(url())) as WebSocket, (await open(url())) as WebSocket];
    idler.pause();
    for (const stream of streams) for (let n = 0; n < 20; n++) stream.send(String(n).padEnd(1 << 20));
    const received: string[] = [];
    reader.on('message', (data) => void received.push(String(data).trim()));
    const closed = once(reader, 'close');
    await listener.close();
    expect((await closed)[0]).toBe(1001);
    expect(received).toHaveLength(20);
    await expect(open(url())).rejects.toThrow('ECONNREFUSED');
  });
});

describe.skipIf(!requireOpenssl())('TLS', () => {
  const creds = (directory: string, verifyPeer: boolean): TlsCredsSpec => ({
    type: 'tls-creds-x509',
    id: 't',
    option: '-object tls',
    directory,
    verifyPeer,
  });

  it('is spoken with the credentials of QEMU', async () => {
    const directory = certificates();
    const { url } = await listen('tcp:127.0.0.1:0', { creds: creds(directory, false) });
    expect(url()).toMatch(/^wss:/);
    const ca = readFileSync(join(directory, 'ca-cert.pem'));
    await expectEcho(await open(url(), { ca }));
    expect(await open(withoutToken(url()), { ca })).toBe(401);
    await expect(open(url())).rejects.toThrow(/certificate/);
    await expect(open(url().replace('wss:', 'ws:'))).rejects.toThrow();
    await expectEcho(await open(url(), { ca }));
  });

  it('asks clients for a certificate where it is to verify them', async () => {
    const directory = certificates();
    const read = (name: string): Buffer => readFileSync(join(directory, `${name}.pem`));
    const { url } = await listen('tcp:127.0.0.1:0', { creds: creds(directory, true) });
    const ca = read('ca-cert');
    await expect(open(url(), { ca })).rejects.toThrow();
    await expectEcho(await open(url(), { ca, cert: read('client-cert'), key: read('client-key') }));
  });

  it('names the file that it cannot use', async () => {
    const directory = certificates();
    writeFileSync(join(directory, 'server-key.pem'), 'x');
    await expect(listen('tcp:127.0.0.1:0', { creds: creds(directory, false) })).rejects.toThrow(
      `-object tls: Unable to use the credentials in ${directory}: `,
    );
    rmSync(join(directory, 'server-key.pem'));
    await expect(listen('tcp:127.0.0.1:0', { creds: creds(directory, false) })).rejects.toThrow(
      `-object tls: Unable to access credentials ${join(directory, 'server-key.pem')}: No such file or directory`,
    );
  });
});

describe('the address', () => {
  it('that is taken is an error of the user', async () => {
    const { url } = await listen('tcp:127.0.0.1:0');
    const { port } = new URL(url());
    await expect(listen(`tcp:127.0.0.1:${port},token=secret`)).rejects.toThrow(
      new UsageError(
        `-jsonrpc tcp:127.0.0.1:${port}: Failed to bind socket to 127.0.0.1:${port}: Address already in use`,
      ),
    );
  });

  it('is of this host only where none is named', async () => {
    expect((await listen('tcp::0')).url()).toMatch(/^ws:\/\/(127\.0\.0\.1|\[::1\]):/);
  });

  it('whose file cannot be written is refused', async () => {
    await expect(listen('tcp::0,url-file=/nowhere/at/all')).rejects.toThrow(
      "-jsonrpc tcp::0: Could not create '/nowhere/at/all': No such file or directory",
    );
  });
});
