/** What monitors do with character devices while the daemon runs. */
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Chardev } from '../../../../server/chardev/chardev.ts';
import { ChardevSet } from '../../../../server/chardev/chardevs.ts';
import { monitorFrontEnd } from '../../../../server/chardev/monitor.ts';
import { SerialLine } from '../../../../server/chardev/serial.ts';
import { parseDevice } from '../../../../server/chardev/spec.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

function devices() {
  const environment = {
    stdio: { input: new PassThrough(), output: new PassThrough() },
    report() {},
    mux: { focus: 0, exit() {}, now: () => new Date(0) },
  };
  const chardevs = new Map<string, Chardev>();
  onTestFinished(async () => {
    for (const chardev of chardevs.values()) await chardev.close();
  });
  const make = (device: string, id: string): Chardev => {
    const made = new Chardev(parseDevice(device, id, `-serial ${device}`).chardev, environment);
    chardevs.set(id, made);
    return made;
  };
  return { set: new ChardevSet(chardevs, environment), make };
}

const RING = { type: 'ringbuf', data: {} } as const;
const listener = (path: string) => ({ type: 'socket', data: { addr: { type: 'unix', data: { path } } } }) as const;

it('a serial line writes to the device that it is given, and not to the one before', async () => {
  const { set, make } = devices();
  const serial = new SerialLine();
  const first = make('null', 'serial0');
  await first.open();
  first.connect(serial, '-serial');
  first.start();
  serial.write(Buffer.from('lost'));
  await set.change('serial0', RING);
  serial.write(Buffer.from('one'));
  const ring = set.ring('serial0');
  await set.change('serial0', RING);
  serial.write(Buffer.from('two'));
  expect(Buffer.from(ring.read(100)).toString()).toBe('one');
  expect(Buffer.from(set.ring('serial0').read(100)).toString()).toBe('two');
  await expect(set.remove('serial0')).rejects.toThrow("Chardev 'serial0' is busy");
});

it('a monitor stays where it is', async () => {
  const { set, make } = devices();
  const chardev = make('null', 'mon');
  chardev.connect(
    monitorFrontEnd(
      () => {},
      () => {},
    ),
    '-mon',
  );
  await expect(set.change('mon', RING)).rejects.toThrow('Chardev user does not support chardev hotswap');
});

describe('a socket', () => {
  it('is there from when it is added until it is removed', async () => {
    const { set } = devices();
    const path = join(temporaryDirectory(), 's');
    expect(await set.add('s', listener(path))).toEqual({});
    expect(set.sockets).toEqual(['s']);
    await expect(set.add('s', RING)).rejects.toThrow("Chardev with id 's' already exists");
    await set.remove('s');
    expect(existsSync(path)).toBe(false);
    expect(set.sockets).toEqual([]);
  });

  it('that cannot be had is not there', async () => {
    const { set } = devices();
    await expect(set.add('s', listener('/nosuch/s'))).rejects.toThrow(
      "Failed to add chardev 's': Failed to bind socket to /nosuch/s: No such file or directory",
    );
    expect(set.sockets).toEqual([]);
  });

  it('loses its client when it is cut, and takes the next one', async () => {
    const { set, make } = devices();
    const path = join(temporaryDirectory(), 's');
    const chardev = make(`unix:${path},server=on,wait=off`, 's');
    await chardev.open();
    const streams: string[] = [];
    chardev.connect(
      monitorFrontEnd(
        (stream) => {
          stream.write('hello');
          stream.onClose(() => streams.push('closed'));
        },
        () => {},
      ),
      '-mon',
    );
    chardev.start();
    for (const gone of [1, 2]) {
      const client = connect({ path });
      const closed = new Promise((resolve) => client.on('close', resolve));
      await new Promise((resolve) => client.once('data', resolve));
      set.cut(['s']);
      await closed;
      expect(streams).toHaveLength(gone);
    }
    expect(() => set.cut(['s', 'nosuch'])).toThrow('Instance not found');
  });
});
