import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serveGdb } from '../../../monitor/gdb/serve.ts';
import { Chardev } from '../../../server/chardev/chardev.ts';
import { parseDevice } from '../../../server/chardev/spec.ts';
import { GdbServer } from '../../../server/gdb-server.ts';
import { FakeMachine } from '../../support/fakes/fake-machine.ts';
import { GdbClient } from '../../support/gdb-client.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { daemon } from '../monitor/session.ts';

/** A server of debuggers, with the devices that the command line has made: of each, its id and itself. */
async function server(devices: Readonly<Record<string, string>> = {}) {
  const environment = {
    stdio: { input: new PassThrough(), output: new PassThrough() },
    report() {},
    mux: { focus: 0, exit() {}, now: () => new Date(0) },
  };
  const chardevs = new Map<string, Chardev>();
  for (const [id, device] of Object.entries(devices)) {
    const chardev = new Chardev(parseDevice(device, id, `-chardev ${id}`).chardev, environment);
    await chardev.open();
    chardevs.set(id, chardev);
  }
  const machine = new FakeMachine();
  const { context } = daemon(machine);
  const made = new GdbServer(chardevs, environment, (stream) => serveGdb(stream, context));
  onTestFinished(() => made.close());
  onTestFinished(async () => {
    await Promise.all(Array.from(chardevs.values(), (chardev) => chardev.close()));
  });
  return { machine, server: made, chardevs };
}

async function debuggerAt(path: string): Promise<GdbClient> {
  const client = await GdbClient.connect(path);
  onTestFinished(() => client.close());
  return client;
}

const paths = (): ((name: string) => string) => {
  const directory = temporaryDirectory();
  return (name) => join(directory, name);
};
const listening = (path: string): string => `unix:${path},server=on`;

describe('a server of debuggers', () => {
  it('serves one after the other', async () => {
    const path = paths()('g');
    const { server: made, machine } = await server();
    await made.use(listening(path));
    for (let round = 0; round < 3; round++) {
      const client = await debuggerAt(path);
      expect(await client.ask('?')).toBe('T05thread:01;');
      expect(machine.runState).toBe('paused');
      expect(await client.ask('D')).toBe('OK');
      expect(machine.runState).toBe('running');
      client.close();
    }
    const first = await debuggerAt(path);
    expect(await first.ask('qC')).toBe('QC01');
    const second = await debuggerAt(path);
    second.send('qC');
    let isAnswered = false;
    const answer = second.next().then((reply) => {
      isAnswered = true;
      return reply;
    });
    expect(await first.ask('Hg2')).toBe('OK');
    expect(isAnswered).toBe(false);
    first.close();
    expect(await answer).toBe('QC01');
  });

  it('moves to another device, and ends whom it serves', async () => {
    const path = paths();
    const { server: made } = await server();
    await made.use(listening(path('a')));
    const client = await debuggerAt(path('a'));
    expect(await client.ask('qC')).toBe('QC01');
    await made.use(listening(path('b')));
    expect(await client.next()).toBe('(closed)');
    expect(existsSync(path('a'))).toBe(false);
    expect(await (await debuggerAt(path('b'))).ask('qC')).toBe('QC01');
    await made.use('none');
    expect(existsSync(path('b'))).toBe(false);
    await made.use('none');
  });

  it('shares devices of the command line with nobody', async () => {
    const path = paths();
    const { server: made, chardevs } = await server({ a: `${listening(path('a'))},wait=off`, b: 'null' });
    made.connect({ chardev: 'a', own: false, option: '-gdb chardev:a' });
    chardevs.get('a')!.start();
    const client = await debuggerAt(path('a'));
    expect(await client.ask('qC')).toBe('QC01');
    chardevs.get('b')!.connect({ kind: 'serial', attach() {} }, '-serial chardev:b');
    await expect(made.use('chardev:b')).rejects.toThrow(
      "Could not open gdbserver on device 'chardev:b': chardev:b: Device 'b' is in use",
    );
    expect(await client.ask('qC')).toBe('QC01');
    await made.use('none');
    expect(await client.next()).toBe('(closed)');
    // The device is there as before, and may be chosen again.
    expect(existsSync(path('a'))).toBe(true);
    await made.use('chardev:a');
    expect(await (await debuggerAt(path('a'))).ask('qC')).toBe('QC01');
  });

  it('stays where it is if the other device cannot be had', async () => {
    const path = paths();
    const { server: made } = await server();
    await made.use(listening(path('a')));
    for (const [device, reason] of [
      [listening(path('nosuch/b')), /: Failed to bind socket to .*nosuch\/b: No such file or directory$/],
      ['nosuch', /^Could not open gdbserver on device 'nosuch': 'nosuch' is not a valid char driver$/],
      ['chardev:nosuch', /: no such character device, or one with mux=on$/],
      ['mon:stdio', /a debugger shares its device with nobody$/],
    ] as const)
      await expect(made.use(device)).rejects.toThrow(reason);
    expect(await (await debuggerAt(path('a'))).ask('qC')).toBe('QC01');
  });
});
