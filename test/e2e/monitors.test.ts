/** The ways in which a monitor can be reached, each with a client at its end. */
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { ReadStream } from 'node:tty';
import { expect, onTestFinished, test } from 'vitest';
import { eventually, MAIN, qmpClient, startDaemon } from '../support/daemon.ts';
import { testFile } from '../support/guest-machine.ts';
import { QmpClient } from '../support/qmp-client.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { requireTool } from '../support/tools.ts';

const STOPPED = ['-display', 'none', '-nodefaults', '-S'];
const PRELAUNCH = { running: false, status: 'prelaunch' };

/** Asks for the state and ends the daemon. */
async function tryOut(client: QmpClient): Promise<void> {
  await client.next();
  await client.execute('qmp_capabilities');
  expect(await client.execute('query-status')).toEqual(PRELAUNCH);
  await client.execute('quit');
}

test('a socket that the parent process has connected, as QEMUMachine hands it over', async () => {
  const argv =
    '-chardev socket,id=mon,fd=3 -mon chardev=mon,mode=control -chardev socket,id=console,fd=4 -serial chardev:console';
  const daemon = startDaemon([...STOPPED, ...argv.split(' ')], { sockets: 2 });
  await tryOut(new QmpClient(daemon.child.stdio[3] as unknown as Socket));
  expect(await daemon.ended).toBe(0);
});

test.skipIf(!requireTool('python3', 'python3'))(
  'a socket on which the parent process listens, as libvirt hands it over',
  async () => {
    const path = join(temporaryDirectory(), 'monitor');
    const listen = `
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
os.dup2(listener.fileno(), 29)
os.execv(sys.argv[2], sys.argv[2:])
`;
    const argv = [
      '-chardev',
      'socket,id=charmonitor,fd=29,server=on,wait=off',
      '-mon',
      'chardev=charmonitor,id=monitor,mode=control',
    ];
    const daemon = startDaemon([...STOPPED, ...argv], {
      command: ['python3', '-c', listen, path, process.execPath, MAIN],
    });
    await tryOut(await qmpClient(path, true));
    expect(await daemon.ended).toBe(0);
  },
);

test('a path at which somebody else listens', async () => {
  const path = join(temporaryDirectory(), 'client');
  const server = createServer().listen(path);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const daemon = startDaemon([...STOPPED, '-qmp', `unix:${path}`]);
  const [socket] = (await once(server, 'connection')) as [Socket];
  await tryOut(new QmpClient(socket));
  expect(await daemon.ended).toBe(0);
});

test.skipIf(!requireTool('script', 'bsdutils'))('a pseudo terminal, with a device described in JSON', async () => {
  const chardev = JSON.stringify({ backend: 'pty', id: 'terminal' });
  const daemon = startDaemon([...STOPPED, '-chardev', chardev, '-mon', 'chardev=terminal,mode=control']);
  await eventually(() => daemon.err().endsWith('\n'));
  const path = /^vivarium: char device redirected to (\S+) \(label terminal\)$/m.exec(daemon.err())?.[1];
  const terminal = new ReadStream(openSync(path!, 'r+'));
  onTestFinished(() => void terminal.destroy());
  await tryOut(new QmpClient(terminal));
  expect(await daemon.ended).toBe(0);
});

test('a socket that is reached several times over, with a megabyte at a time', async () => {
  const path = join(temporaryDirectory(), 'qmp');
  startDaemon([...STOPPED, '-qmp', `unix:${path},server=on,wait=off`]);
  const client = await qmpClient(path);
  const id = 'x'.repeat(1 << 20);
  for (let round = 0; round < 8; round++) client.send(JSON.stringify({ execute: 'query-status', id }));
  for (let round = 0; round < 8; round++) expect(await client.next()).toEqual({ return: PRELAUNCH, id });
});

test('what a guest has printed into memory, and a hanging client that is cut off', async () => {
  const path = join(temporaryDirectory(), 'qmp');
  const guest = ['-display', 'none', '-S', '-no-shutdown', '-kernel', testFile('guests/bin/coremark-like.elf')];
  const ring = ['-chardev', 'ringbuf,id=log,size=4k', '-serial', 'chardev:log'];
  startDaemon([...guest, ...ring, '-qmp', `unix:${path},server=on,wait=off`]);
  const client = await qmpClient(path);
  await client.execute('cont');
  await eventually(() => client.events.some(({ event }) => event === 'SHUTDOWN'));
  const text = await client.execute('ringbuf-read', { device: 'log', size: 4096 });
  expect(text).toContain('checksum');
  expect(await client.execute('query-yank')).toEqual([{ type: 'chardev', id: 'compat_monitor0' }]);
  client.send(
    JSON.stringify({ execute: 'yank', arguments: { instances: [{ type: 'chardev', id: 'compat_monitor0' }] } }),
  );
  await client.closed;
  expect(await (await qmpClient(path)).execute('query-status')).toMatchObject({ status: 'shutdown' });
});
