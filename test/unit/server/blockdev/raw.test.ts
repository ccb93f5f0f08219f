import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openDrive } from '../../../../server/blockdev/open.ts';
import type { DriveSpec } from '../../../../server/config/drives.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const bytes = (count: number, seed = 1): Buffer => Buffer.from(Array.from({ length: count }, (_, n) => n * seed));

/** A drive on a new file with these contents. */
async function drive(contents: Uint8Array, options: Partial<DriveSpec> = {}) {
  const path = join(temporaryDirectory(), 'disk.img');
  writeFileSync(path, contents);
  const spec: DriveSpec = {
    id: 'd',
    option: '-drive x',
    path,
    raw: true,
    readOnly: false,
    snapshot: false,
    cache: 'writeback',
    ...options,
  };
  const opened = await openDrive(spec);
  onTestFinished(() => opened.close());
  return { drive: opened, path, file: () => readFileSync(path) };
}

describe('an image', () => {
  it('is read and written where it should be', async () => {
    const { drive: disk, file } = await drive(bytes(4096));
    expect([disk.bytes, disk.readOnly]).toEqual([4096, false]);
    expect(Buffer.from(await disk.read(512, 1024))).toEqual(bytes(4096).subarray(512, 1536));
    await disk.write(1024, bytes(512, 3));
    await disk.flush();
    const expected = bytes(4096);
    expected.set(bytes(512, 3), 1024);
    expect(file()).toEqual(expected);
  });

  it('whose last sector is not whole is filled up with zeros, and grows only when that is written', async () => {
    const { drive: disk, file } = await drive(bytes(700));
    expect(disk.bytes).toBe(1024);
    expect(Buffer.from(await disk.read(512, 512))).toEqual(
      Buffer.concat([bytes(700).subarray(512), Buffer.alloc(324)]),
    );
    expect(file()).toHaveLength(700);
    await disk.write(512, bytes(512, 5));
    expect(file()).toEqual(Buffer.concat([bytes(512), bytes(512, 5)]));
  });

  it('that becomes shorter reads as zeros', async () => {
    const { drive: disk, path } = await drive(bytes(2048));
    truncateSync(path, 512);
    expect(Buffer.from(await disk.read(1024, 512))).toEqual(Buffer.alloc(512));
  });

  it.each(['writethrough', 'unsafe'] as const)('is written with cache=%s', async (cache) => {
    const { drive: disk, file } = await drive(bytes(1024), { cache });
    await disk.write(0, bytes(512, 7));
    await disk.flush();
    expect(file().subarray(0, 512)).toEqual(bytes(512, 7));
  });

  it('that is read only is not opened for writing', async () => {
    const { drive: disk } = await drive(bytes(512), { readOnly: true });
    expect(disk.readOnly).toBe(true);
    await expect(disk.write(0, bytes(512))).rejects.toThrow(/disk.img: Bad file descriptor$/);
    await disk.flush();
  });
});

describe('what cannot be opened', () => {
  it.each([
    ['QFI\xfb', 'qcow2'],
    ['KDMV', 'vmdk'],
    ['vhdxfile', 'vhdx'],
    ['QED\0', 'qed'],
    ['conectix', 'vpc'],
  ])('%j is the beginning of %s, unless the user says that it is raw', async (signature, format) => {
    const contents = Buffer.concat([Buffer.from(signature, 'latin1'), Buffer.alloc(1024)]);
    await expect(drive(contents, { raw: false })).rejects.toMatchObject({
      message: expect.stringMatching(
        new RegExp(`^-drive x: Could not open '.*': ${format} images are not supported: only raw ones are$`),
      ),
      hint: expect.stringContaining('qemu-img convert -O raw'),
    });
    expect((await drive(contents)).drive.bytes).toBe(1536);
  });

  it('is a file that is not there, and a directory', async () => {
    await expect(drive(bytes(1), { path: '/nosuch/a' })).rejects.toThrow(
      "-drive x: Could not open '/nosuch/a': No such file or directory",
    );
    const directory = join(temporaryDirectory(), 'd');
    mkdirSync(directory);
    for (const readOnly of [false, true])
      await expect(drive(bytes(1), { path: directory, readOnly })).rejects.toThrow(
        `-drive x: 'file' driver requires '${directory}' to be a regular file`,
      );
  });

  it('of no known format is raw', async () => {
    expect((await drive(bytes(10), { raw: false })).drive.bytes).toBe(512);
  });
});

describe('a snapshot', () => {
  const CLUSTER = 65536;

  it('takes what is written, and the image stays as it is', async () => {
    const size = 3 * CLUSTER + 512;
    const { drive: disk, file } = await drive(bytes(size), { snapshot: true });
    expect([disk.bytes, disk.readOnly]).toEqual([size, false]);
    const expected = bytes(size);
    for (const [offset, length] of [
      [512, 512],
      [CLUSTER - 512, 1024],
      [3 * CLUSTER, 512],
      [1024, 2 * CLUSTER],
    ] as const) {
      const data = bytes(length, offset + 3);
      expected.set(data, offset);
      await disk.write(offset, data);
      expect(Buffer.from(await disk.read(0, size)).equals(expected)).toBe(true);
    }
    await disk.flush();
    expect(file().equals(bytes(size))).toBe(true);
  });

  it('is consistent when much is asked of it at once', async () => {
    const { drive: disk } = await drive(bytes(CLUSTER), { snapshot: true });
    const expected = bytes(CLUSTER);
    const writes = Array.from({ length: 100 }, (_, n) => {
      const data = bytes(512, n + 2);
      expected.set(data, 512 * n);
      return disk.write(512 * n, data);
    });
    await Promise.all(writes);
    expect(Buffer.from(await disk.read(0, CLUSTER)).equals(expected)).toBe(true);
  });

  it('works on an image that the user may not write', async () => {
    const { drive: disk } = await drive(bytes(512), { snapshot: true, readOnly: true });
    await disk.write(0, bytes(512, 9));
    expect(Buffer.from(await disk.read(0, 512))).toEqual(bytes(512, 9));
  });
});
