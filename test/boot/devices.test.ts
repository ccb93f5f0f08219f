/** The devices of the board, as Linux drives them. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Random } from '../support/random.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { checkExt4, makeExt4, readExt4 } from './disk-image.ts';
import { bootLinux, PATIENCE_MS, TROUBLE } from './guest.ts';
import { bootFiles } from './packages.ts';

const WORDS = 1 << 20;

const files = bootFiles()!;

const sum = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function content(seed: number): Buffer {
  const random = new Random(seed);
  return Buffer.from(Uint32Array.from({ length: WORDS }, () => random.word()).buffer);
}

/** Serves `body` by HTTP, on this host only, until the test has finished. @returns the port */
async function serve(body: Buffer): Promise<number> {
  const server = createServer((_, response) => response.end(body));
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe.skipIf(!files)('Linux', { timeout: 2 * PATIENCE_MS }, () => {
  test('keeps files on a disk', async () => {
    const folder = temporaryDirectory();
    const image = join(folder, 'image');
    mkdirSync(join(folder, 'files'));
    const bytes = content(1);
    writeFileSync(join(folder, 'files', 'given'), bytes);
    makeExt4(image, join(folder, 'files'), 48);
    const guest = await bootLinux(
      files,
      ['-smp', '2', '-drive', `file=${image},format=raw,if=virtio`],
      ['virtio_mmio', 'virtio_blk', 'ext4'],
    );
    expect(await guest.type('mount /dev/vda /disk')).toBe('');
    expect(await guest.type('sha256sum /disk/given')).toBe(`${sum(bytes)}  /disk/given`);
    // Two writers at once, and a queue that is never empty.
    expect(await guest.type('cp /disk/given /disk/one & cp /disk/given /disk/two; wait; sync')).not.toMatch(/cp:/);
    await guest.type('echo 3 >/proc/sys/vm/drop_caches');
    for (const name of ['one', 'two'])
      expect(await guest.type(`sha256sum /disk/${name}`)).toBe(`${sum(bytes)}  /disk/${name}`);
    expect(await guest.type('rm /disk/given; umount /disk')).toBe('');
    expect(await guest.type('dmesg')).not.toMatch(TROUBLE);
    expect(await guest.end('poweroff -f')).toBe(0);
    checkExt4(image);
    for (const name of ['one', 'two']) expect(sum(readExt4(image, name))).toBe(sum(bytes));
  });

  test('has a network, randomness and a second console', async () => {
    const output = join(temporaryDirectory(), 'hvc0');
    const bytes = content(2);
    const port = await serve(bytes);
    const guest = await bootLinux(
      files,
      [
        ...['-smp', '2', '-netdev', 'user,id=net', '-device', 'virtio-net-device,netdev=net'],
        ...['-device', 'virtio-rng-device', '-device', 'virtio-serial-device'],
        ...['-chardev', `file,id=second,path=${output}`, '-device', 'virtconsole,chardev=second'],
      ],
      ['virtio_mmio', 'virtio_net', 'virtio_rng'],
    );
    await guest.type('ip address add 10.0.2.15/24 dev eth0; ip link set eth0 up');
    expect(await guest.type('ping -c 1 10.0.2.2')).toContain('1 packets received');
    expect(await guest.type(`wget -q -O - http://10.0.2.2:${port}/ | sha256sum`)).toBe(`${sum(bytes)}  -`);
    expect(await guest.type('cat /sys/class/misc/hw_random/rng_current')).toBe('virtio_rng.0');
    const numbers = [await guest.type('xxd -p -l 16 /dev/hwrng'), await guest.type('xxd -p -l 16 /dev/hwrng')];
    expect(numbers[0]).toMatch(/^[\da-f]{32}$/);
    expect(numbers[1]).not.toBe(numbers[0]);
    expect(await guest.type('echo hello >/dev/hvc0')).toBe('');
    expect(await guest.type('dmesg')).not.toMatch(TROUBLE);
    expect(await guest.end('poweroff -f')).toBe(0);
    expect(readFileSync(output, 'latin1')).toBe('hello\r\n');
  });
});
