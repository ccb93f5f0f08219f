import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createServer, connect as netConnect, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Chardev } from '../../../../server/chardev/chardev.ts';
import { monitorFrontEnd } from '../../../../server/chardev/monitor.ts';
import { SerialLine } from '../../../../server/chardev/serial.ts';
import { parseDevice } from '../../../../server/chardev/spec.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const reports: string[] = [];

function chardev(device: string): Chardev {
  reports.length = 0;
  const made = new Chardev(parseDevice(device, 'x', `-serial ${device}`).chardev, {
    stdio: { input: new PassThrough(), output: new PassThrough() },
    report: (line) => void reports.push(line),
    mux: { focus: 0, exit() {}, now: () => new Date(0) },
  });
  onTestFinished(() => made.close());
  return made;
}

/** A monitor that greets each client by number and answers in capitals. */
function capitals() {
  let clients = 0;
  return monitorFrontEnd(
    (stream) => {
      stream.write(`hello ${++clients}\n`);
      stream.onData((bytes) => stream.write(Buffer.from(bytes).toString().toUpperCase()));
    },
    () => {},
  );
}

async function serving(device: string, frontEnd: Parameters<Chardev['connect']>[0]): Promise<Chardev> {
  const made = chardev(device);
  await made.open();
  made.connect(frontEnd, '-serial');
  made.start();
  return made;
}

/** A client, and what it has received so far. */
async function client(
  path: string,
): Promise<{ socket: Socket; received: () => string; until(text: string): Promise<void> }> {
  const socket = netConnect({ path });
  onTestFinished(() => void socket.destroy());
  let text = '';
  socket.setEncoding('latin1').on('data', (part: string) => {
    text += part;
  });
  await once(socket, 'connect');
  return { socket, received: () => text, until: (wanted) => vi.waitFor(() => expect(text).toContain(wanted)) };
}

describe('a listening socket', () => {
  it('can be used by its owner only, and is gone afterwards', async () => {
    const path = join(temporaryDirectory(), 's');
    const mask = process.umask();
    const server = await serving(`unix:${path},server=on,wait=off`, capitals());
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(process.umask()).toBe(mask);
    await server.close();
    expect(existsSync(path)).toBe(false);
  });

  it('serves several clients of a monitor at once', async () => {
    const path = join(temporaryDirectory(), 's');
    await serving(`unix:${path},server=on,wait=off`, capitals());
    const one = await client(path);
    const two = await client(path);
    await one.until('hello 1');
    await two.until('hello 2');
    two.socket.write('two');
    await two.until('TWO');
    one.socket.write('one');
    await one.until('ONE');
    expect(one.received()).not.toContain('TWO');
  });

  it('serves one client of a serial line, and the next when that one has gone', async () => {
    const path = join(temporaryDirectory(), 's');
    const line = new SerialLine();
    let input = '';
    line.onData((bytes) => {
      input += Buffer.from(bytes).toString();
      return bytes.length;
    });
    await serving(`unix:${path},server=on,wait=off`, line);
    const one = await client(path);
    one.socket.write('one');
    await vi.waitFor(() => expect(input).toBe('one'));
    const two = await client(path);
    two.socket.write('two');
    line.write(Buffer.from('for one'));
    await one.until('for one');
    expect([two.received(), input]).toEqual(['', 'one']);
    one.socket.destroy();
    await vi.waitFor(() => expect(input).toBe('onetwo'));
    line.write(Buffer.from('for two'));
    await two.until('for two');
  });

  it('answers a client that ends its side as soon as it has asked', async () => {
    const path = join(temporaryDirectory(), 's');
    await serving(
      `unix:${path},server=on,wait=off`,
      monitorFrontEnd(
        (stream) =>
          stream.onData(async () => {
            await sleep(50);
            stream.write('late');
          }),
        () => {},
      ),
    );
    const one = await client(path);
    one.socket.end('question');
    await one.until('late');
    await once(one.socket, 'close');
  });

  it('takes the place of a socket that nobody listens on', async () => {
    const path = join(temporaryDirectory(), 's');
    const dead = createServer().listen(path);
    await once(dead, 'listening');
    // A server that is closed removes its path: this leaves one behind as a killed process does.
    renameSync(path, `${path}.kept`);
    dead.close();
    renameSync(`${path}.kept`, path);
    expect(statSync(path).isSocket()).toBe(true);

    await serving(`unix:${path},server=on,wait=off`, capitals());
    await (await client(path)).until('hello 1');
  });

  it('does not take the place of a living one, nor of a file', async () => {
    const directory = temporaryDirectory();
    const path = join(directory, 's');
    await serving(`unix:${path},server=on,wait=off`, capitals());
    await expect(chardev(`unix:${path},server=on,wait=off`).open()).rejects.toThrow(
      `-serial unix:${path},server=on,wait=off: Failed to bind socket to ${path}: Address already in use`,
    );
    const file = join(directory, 'f');
    writeFileSync(file, 'precious');
    await expect(chardev(`unix:${file},server=on,wait=off`).open()).rejects.toThrow(
      `Failed to bind socket to ${file}: it exists and is not a socket`,
    );
    expect(readFileSync(file, 'utf8')).toBe('precious');
  });

  it('waits for its first client with wait=on, and says so', async () => {
    const path = join(temporaryDirectory(), 's');
    const server = chardev(`unix:${path},server=on`);
    let opened = false;
    const opening = server.open().then(() => {
      opened = true;
    });
    await vi.waitFor(() =>
      expect(reports).toEqual([
        `-serial unix:${path},server=on: info: QEMU waiting for connection on: disconnected:unix:${path},server=on`,
      ]),
    );
    expect(opened).toBe(false);
    const one = await client(path);
    await opening;
    server.connect(capitals(), '-serial');
    server.start();
    await one.until('hello 1');
  });

  it('names a path that cannot be', async () => {
    const path = join(temporaryDirectory(), 'nosuch', 's');
    await expect(chardev(`unix:${path},server=on,wait=off`).open()).rejects.toThrow(
      `Failed to bind socket to ${path}: No such file or directory`,
    );
  });

  it('listens on TCP', async () => {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as { port: number };
    probe.close();
    await serving(`tcp:127.0.0.1:${port},server=on,wait=off`, capitals());
    const socket = netConnect({ host: '127.0.0.1', port });
    onTestFinished(() => void socket.destroy());
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    expect(bytes.toString()).toBe('hello 1\n');
  });

  it('takes a listening socket that the parent has opened', async () => {
    const parent = createServer().listen(0, '127.0.0.1');
    await once(parent, 'listening');
    const { port } = parent.address() as { port: number };
    inherit((parent as Server & { _handle: { fd: number } })._handle.fd, true);
    parent.close();
    const socket = netConnect({ host: '127.0.0.1', port });
    onTestFinished(() => void socket.destroy());
    expect(String(await once(socket, 'data'))).toBe('hello 1\n');
  });
});

/** A process that serves `capitals` on its descriptor 3, which is our `fd`. */
function inherit(fd: number, server: boolean): void {
  const at = (path: string): string => JSON.stringify(new URL(`../../../../server/chardev/${path}`, import.meta.url));
  const script = `
    import { Chardev } from ${at('chardev.ts')};
    import { monitorFrontEnd } from ${at('monitor.ts')};
    const backend = { type: 'socket', address: { fd: 3 }, server: ${server}, wait: false };
    const chardev = new Chardev({ id: 'x', option: '-chardev', mux: false, backend }, { stdio: {}, mux: {} });
    await chardev.open();
    chardev.connect(monitorFrontEnd((stream) => stream.write('hello 1\\n')), '-mon');
    chardev.start();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'inherit', 'inherit', fd],
  });
  onTestFinished(() => void child.kill());
}

describe('back-pressure', () => {
  it('a client that does not read holds the device up, and receives everything in the end', async () => {
    const path = join(temporaryDirectory(), 's');
    const line = new SerialLine();
    let drained = (): void => {};
    line.onDrain(() => drained());
    await serving(`unix:${path},server=on,wait=off`, line);
    const socket = netConnect({ path });
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    await sleep(20);

    const block = Uint8Array.from({ length: 65_536 }, (_, n) => (n * 7) & 0xff);
    let written = 0;
    while (line.write(block)) {
      written++;
      expect(written).toBeLessThan(100);
      await sleep(1);
    }
    written++;
    let received = 0;
    socket.on('data', (bytes: Buffer) => {
      for (const byte of bytes) {
        if (byte !== ((received++ % 65_536) * 7) % 256) throw new Error(`byte ${received - 1} is wrong`);
      }
    });
    await new Promise<void>((resolve) => {
      drained = resolve;
    });
    await vi.waitFor(() => expect(received).toBe(written * block.length));
  });
});

describe('other backends', () => {
  it('a client side connects, and names what it cannot connect to', async () => {
    const path = join(temporaryDirectory(), 's');
    await expect(chardev(`unix:${path}`).open()).rejects.toThrow(
      `-serial unix:${path}: Failed to connect to '${path}': No such file or directory`,
    );
    const peers: Socket[] = [];
    const server = createServer((socket) => void peers.push(socket)).listen(path);
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    await serving(`unix:${path}`, capitals());
    await vi.waitFor(() => expect(peers).toHaveLength(1));
    expect(String(await once(peers[0]!, 'data'))).toBe('hello 1\n');
  });

  it('takes a connected socket that the parent has opened', async () => {
    const path = join(temporaryDirectory(), 's');
    const server = createServer().listen(path);
    onTestFinished(() => void server.close());
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const { socket } = await client(path);
    inherit((socket as Socket & { _handle: { fd: number } })._handle.fd, false);
    const [peer] = await accepted;
    onTestFinished(() => void peer.destroy());
    expect(String(await once(peer, 'data'))).toBe('hello 1\n');
  });

  it('refuses a descriptor that is no socket', async () => {
    const spec = { type: 'socket', address: { fd: 98_765 }, server: false, wait: false } as const;
    const made = new Chardev(
      { id: 'x', option: '-chardev socket,id=x,fd=98765', mux: false, backend: spec },
      {
        stdio: { input: new PassThrough(), output: new PassThrough() },
        report() {},
        mux: { focus: 0, exit() {}, now: () => new Date() },
      },
    );
    await expect(made.open()).rejects.toThrow("-chardev socket,id=x,fd=98765: File descriptor '98765' is not a socket");
  });

  it('a file takes output, all of it when the daemon ends', async () => {
    const path = join(temporaryDirectory(), 'log');
    writeFileSync(path, 'old');
    const line = new SerialLine();
    const file = await serving(`file:${path}`, line);
    for (let n = 0; n < 1000; n++) line.write(Buffer.from(`line ${n}\n`));
    await file.close();
    expect(readFileSync(path, 'utf8')).toBe(Array.from({ length: 1000 }, (_, n) => `line ${n}\n`).join(''));
    await expect(chardev('file:/nosuch/x').open()).rejects.toThrow(
      "Could not open '/nosuch/x': No such file or directory",
    );
  });

  it('null is a line that nobody is connected to', async () => {
    const line = new SerialLine();
    const nothing = await serving('null', line);
    expect(line.write(new Uint8Array(1 << 20))).toBe(true);
    await nothing.close();
  });

  it('has one front end unless it is a mux', async () => {
    const made = chardev('null');
    made.connect(capitals(), '-mon a');
    expect(() => made.connect(capitals(), '-mon b')).toThrow("-mon b: Device 'x' is in use");
    const mux = chardev('mon:null');
    mux.connect(capitals(), '-mon a');
    expect(() => mux.connect(capitals(), '-mon b')).not.toThrow();
  });
});
