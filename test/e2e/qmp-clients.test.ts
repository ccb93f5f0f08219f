/** QMP clients that other people have written for QEMU. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { QMPClient } from 'node-qemu';
import { expect, test } from 'vitest';
import { type DaemonProcess, qmpClient, startDaemon } from '../support/daemon.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { requireTool } from '../support/tools.ts';

interface Served {
  readonly daemon: DaemonProcess;
  readonly path: string;
}

/** A daemon with QMP on the socket at `path`, which takes clients. */
async function serve(): Promise<Served> {
  const path = join(temporaryDirectory(), 'qmp');
  const daemon = startDaemon(['-display', 'none', '-nodefaults', '-S', '-qmp', `unix:${path},server=on,wait=off`]);
  (await qmpClient(path)).close();
  return { daemon, path };
}

test('node-qemu', async () => {
  const { daemon, path } = await serve();
  const client = new QMPClient({ socketPath: path });
  await client.connect();
  expect(await client.queryStatus()).toEqual({ running: false, status: 'prelaunch' });
  expect(await client.queryQmpSchema()).toContainEqual(expect.objectContaining({ name: 'query-status' }));
  const seen: string[] = [];
  for (const name of ['RESUME', 'STOP'] as const) client.on(name, () => seen.push(name));
  await client.cont();
  await client.stop();
  expect(seen).toEqual(['RESUME', 'STOP']);
  await expect(client.execute('nosuch' as never)).rejects.toMatchObject({ qmpClass: 'CommandNotFound' });
  await client.quit();
  expect(await daemon.ended).toBe(0);
});

/** What `qemu-qmp` exports: it has no types. */
interface OldClient extends NodeJS.EventEmitter {
  connect(path: string, connected: (error: Error | null) => void): void;
  execute(command: string, answered: (error: Error | null, result: unknown) => void): void;
}

test('qemu-qmp', async () => {
  const { daemon, path } = await serve();
  const Client = createRequire(import.meta.url)('qemu-qmp') as new () => OldClient;
  const client = new Client();
  await new Promise<void>((resolve, reject) => client.connect(path, (error) => (error ? reject(error) : resolve())));
  const execute = (command: string): Promise<unknown> =>
    new Promise((resolve, reject) =>
      client.execute(command, (error, result) => (error ? reject(error) : resolve(result))),
    );
  expect(await execute('query-status')).toEqual({ running: false, status: 'prelaunch' });
  await expect(execute('nosuch')).rejects.toThrow('The command nosuch has not been found');
  const resumed = once(client, 'resume');
  await execute('cont');
  await resumed;
  await execute('quit');
  expect(await daemon.ended).toBe(0);
});

test.skipIf(!requireTool('socat', 'socat'))('socat, whose input ends before it is answered', async () => {
  const { path } = await serve();
  const { stdout } = spawnSync('socat', ['-t', '60', '-', `UNIX-CONNECT:${path}`], {
    input: '{"execute": "qmp_capabilities"}\n{"execute": "query-status"}\n',
    encoding: 'utf8',
  });
  expect(stdout.split('\r\n').slice(1)).toEqual([
    '{"return": {}}',
    '{"return": {"running": false, "status": "prelaunch"}}',
    '',
  ]);
});
