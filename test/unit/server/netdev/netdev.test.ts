import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { NetdevSpec } from '../../../../server/config/netdevs.ts';
import { type Netdev, openNetdev } from '../../../../server/netdev/netdev.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

/** A back end with a guest that has room for `room` frames. */
async function open(backend: NetdevSpec['backend'], room = Infinity) {
  const netdev: Netdev = await openNetdev({ id: 'n', option: '-netdev x', backend });
  onTestFinished(() => netdev.close());
  const frames: string[] = [];
  const guest = { room, drains: 0 };
  netdev.onFrame((frame) => {
    if (frames.length >= guest.room) return false;
    frames.push(Buffer.from(frame).toString('latin1'));
    return true;
  });
  netdev.onDrain(() => guest.drains++);
  return { netdev, frames, guest };
}
const message = (text: string): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, Buffer.from(text, 'latin1')]);
};
const socketPath = (): string => join(temporaryDirectory(), 's');
const stream = (path: string, server: boolean) => ({ type: 'stream', address: { path }, server }) as const;

async function client(path: string): Promise<Socket> {
  const socket = connect({ path });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

describe('a stream', () => {
  it('carries frames between two daemons', async () => {
    const path = socketPath();
    const one = await open(stream(path, true));
    const other = await open(stream(path, false));
    other.netdev.send(Buffer.from('to the server'));
    other.netdev.send(Buffer.from('and more'));
    await vi.waitFor(() => expect(one.frames).toEqual(['to the server', 'and more']));
    one.netdev.send(Buffer.alloc(60_000, 'x'));
    await vi.waitFor(() => expect(other.frames).toEqual(['x'.repeat(60_000)]));
  });

  it('puts the length in front, in network order', async () => {
    const path = socketPath();
    const { netdev } = await open(stream(path, true));
    const peer = await client(path);
    await vi.waitFor(() => {
      netdev.send(Buffer.from('abc'));
      expect(peer.bytesRead).toBeGreaterThan(0);
    });
    const [bytes] = (await once(peer, 'data')) as [Buffer];
    expect(bytes.subarray(0, 7)).toEqual(message('abc'));
  });

  it('puts frames together from pieces of any size', async () => {
    const path = socketPath();
    const { frames } = await open(stream(path, true));
    const peer = await client(path);
    const bytes = Buffer.concat([message('first'), message(''), message('second one'), message('third')]);
    for (const byte of bytes.subarray(0, 20)) {
      peer.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    peer.write(bytes.subarray(20));
    await vi.waitFor(() => expect(frames).toEqual(['first', '', 'second one', 'third']));
  });

  it('waits while the guest has no room, and loses nothing', async () => {
    const path = socketPath();
    const { netdev, frames, guest } = await open(stream(path, true), 1);
    const peer = await client(path);
    peer.write(Buffer.concat([message('a'), message('b'), message('c')]));
    await vi.waitFor(() => expect(frames).toEqual(['a']));
    guest.room = 2;
    netdev.resume();
    expect(frames).toEqual(['a', 'b']);
    guest.room = Infinity;
    netdev.resume();
    expect(frames).toEqual(['a', 'b', 'c']);
    peer.write(message('d'));
    await vi.waitFor(() => expect(frames).toEqual(['a', 'b', 'c', 'd']));
  });

  it('asks the guest to wait while the other side takes nothing', async () => {
    const path = socketPath();
    const { netdev, guest } = await open(stream(path, true));
    const peer = await client(path);
    peer.pause();
    await vi.waitFor(() => expect(netdev.send(Buffer.alloc(60_000))).toBe(false));
    peer.resume();
    await vi.waitFor(() => expect(guest.drains).toBeGreaterThan(0));
  });

  it('loses frames while nobody is there, and serves one client after the other', async () => {
    const path = socketPath();
    const { netdev, frames } = await open(stream(path, true));
    expect(netdev.send(Buffer.from('lost'))).toBe(true);
    const first = await client(path);
    const second = await client(path);
    second.write(message('second'));
    first.write(Buffer.concat([message('first'), message('cut off').subarray(0, 6)]));
    await vi.waitFor(() => expect(frames).toEqual(['first']));
    first.destroy();
    await vi.waitFor(() => expect(frames).toEqual(['first', 'second']));
  });

  it('ends with a client that sends what is no frame', async () => {
    const path = socketPath();
    const { frames } = await open(stream(path, true));
    const bad = await client(path);
    bad.resume();
    bad.write(Buffer.concat([message('good'), Buffer.of(0x7f, 0xff, 0xff, 0xff), Buffer.alloc(100)]));
    await once(bad, 'close');
    expect(frames).toEqual(['good']);
    const good = await client(path);
    good.write(message('again'));
    await vi.waitFor(() => expect(frames).toEqual(['good', 'again']));
  });

  it('connects to a program such as passt', async () => {
    const path = socketPath();
    const server = createServer((socket) => socket.pipe(socket)).listen(path);
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { netdev, frames } = await open(stream(path, false));
    netdev.send(Buffer.from('echo'));
    await vi.waitFor(() => expect(frames).toEqual(['echo']));
  });

  it('that cannot be had is an error', async () => {
    await expect(open(stream('/nosuch/s', false))).rejects.toThrow(
      "-netdev x: Failed to connect to '/nosuch/s': No such file or directory",
    );
    await expect(open(stream('/nosuch/s', true))).rejects.toThrow(
      '-netdev x: Failed to bind socket to /nosuch/s: No such file or directory',
    );
  });
});

describe('datagrams', () => {
  it('carry a frame each', async () => {
    const ports = [40_000 + (process.pid % 10_000), 50_000 + (process.pid % 10_000)];
    const [here, there] = ports.map((port) => ({ host: '127.0.0.1', port })) as [
      { host: string; port: number },
      { host: string; port: number },
    ];
    const one = await open({ type: 'dgram', local: here, remote: there });
    const other = await open({ type: 'dgram', local: there, remote: here }, 1);
    await vi.waitFor(() => {
      other.netdev.send(Buffer.from('hello'));
      expect(one.frames).toContain('hello');
    });
    one.netdev.send(Buffer.from('back'));
    await vi.waitFor(() => expect(other.frames).toEqual(['back']));
    one.netdev.send(Buffer.from('no room'));
    await expect(open({ type: 'dgram', local: here, remote: there })).rejects.toThrow(
      `-netdev x: can't bind ip=127.0.0.1:${here.port} to socket: Address already in use`,
    );
    expect(other.frames).toEqual(['back']);
  });
});
