import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { virtioBlock } from '../../../../core/devices/virtio/block.ts';
import { FakeDisk } from '../../../support/fakes/fake-disk.ts';
import { qtestBoard } from '../../../support/qtest.ts';
import { requireTool } from '../../../support/tools.ts';
import { type Answer, type DriverQueue, FEATURE, REG, STATUS, VirtioDriver } from '../../../support/virtio-driver.ts';
import { LAST_SLOT, virtioBoard } from './board.ts';

const SECTOR = 512;
const SECTORS = 512;
const IN = 0;
const OUT = 1;
const FLUSH = 4;
const GET_ID = 8;
const DISCARD = 11;
const WRITE_ZEROES = 13;
const [OK, IO_ERROR, UNSUPPORTED] = [0, 1, 2];
const READ_ONLY = 1n << 5n;

function header(type: number, sector: number): Uint8Array {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32LE(type);
  bytes.writeBigUInt64LE(BigInt(sector), 8);
  return bytes;
}

const statusOf = ({ bytes }: Answer): number => bytes.at(-1)!;

function pattern(bytes: number, seed: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  for (let n = 0; n < bytes; n++) buffer[n] = n * seed;
  return buffer;
}

interface Setting {
  readonly driver: VirtioDriver;
  /** What the disk holds once everything has been flushed. */
  contents(): Buffer;
}

/** Disks of SECTORS sectors, filled with `contents`. */
const BOARDS: Record<string, (contents: Buffer, readOnly: boolean) => Promise<Setting>> = {
  async ours(contents, readOnly) {
    const disk = new FakeDisk(SECTORS * SECTOR, readOnly);
    disk.contents.set(contents);
    const board = await virtioBoard(virtioBlock({ backend: disk, serial: 'disk-0001' }));
    return { driver: new VirtioDriver(board, LAST_SLOT), contents: () => disk.contents };
  },
  async "QEMU's"(contents, readOnly) {
    const folder = mkdtempSync(join(tmpdir(), 'vivarium-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'disk');
    writeFileSync(path, contents);
    const drive = `if=none,id=d,format=raw,file=${path},readonly=${readOnly ? 'on' : 'off'}`;
    const board = qtestBoard('-drive', drive, '-device', 'virtio-blk-device,drive=d,serial=disk-0001');
    return { driver: new VirtioDriver(board, LAST_SLOT), contents: () => readFileSync(path) };
  },
};
if (!requireTool('qemu-system-riscv64', 'qemu-system-misc')) delete BOARDS["QEMU's"];

describe.each(Object.keys(BOARDS))('a disk on %s board', (name) => {
  async function start(readOnly = false, features = ~0n) {
    const initial = pattern(SECTORS * SECTOR, 7);
    const setting = await BOARDS[name]!(initial, readOnly);
    const [queue] = await setting.driver.start(1, 16, features);
    return { ...setting, initial, queue: queue! };
  }
  const readSectors = (queue: DriverQueue, sector: number, count: number): Promise<Answer> =>
    queue.request([header(IN, sector), count * SECTOR, 1]);

  test('says how large it is', async () => {
    const { driver } = await start();
    expect(await driver.get(REG.DeviceID)).toBe(2);
    const config = await driver.config(60);
    expect([config.readBigUInt64LE(0), config.readUInt32LE(20)]).toEqual([BigInt(SECTORS), SECTOR]);
    const required = (1n << 2n) | (1n << 6n) | (1n << 9n) | (1n << 14n) | FEATURE.version1;
    expect((await driver.offered()) & (required | READ_ONLY)).toBe(required);
  });

  test.each([
    ['plain', FEATURE.version1],
    ['indirect', FEATURE.version1 | FEATURE.indirect],
    ['with everything', ~0n],
  ])('is read and written (%s)', async (_, features) => {
    const { queue, contents, initial } = await start(false, features);
    const one = await readSectors(queue, 3, 2);
    expect([statusOf(one), one.written]).toEqual([OK, 2 * SECTOR + 1]);
    expect(one.bytes.subarray(0, -1)).toEqual(initial.subarray(3 * SECTOR, 5 * SECTOR));

    const data = pattern(2 * SECTOR, 11);
    const write = await queue.request([header(OUT, 4), data.subarray(0, 100), data.subarray(100), 1]);
    expect([statusOf(write), write.written]).toEqual([OK, 1]);
    expect(statusOf(await queue.request([header(FLUSH, 0), 1]))).toBe(OK);
    expect(contents().subarray(4 * SECTOR, 6 * SECTOR)).toEqual(data);
    expect(contents().subarray(6 * SECTOR)).toEqual(initial.subarray(6 * SECTOR));

    const scattered = await queue.request([header(IN, 4), 1, SECTOR, SECTOR - 1, 1]);
    expect(scattered.bytes).toEqual(Buffer.concat([data, Buffer.of(OK)]));
  });

  test('is read to its last sector, and not beyond', async () => {
    const { queue, initial } = await start();
    const last = await readSectors(queue, SECTORS - 1, 1);
    expect(last.bytes).toEqual(Buffer.concat([initial.subarray(-SECTOR), Buffer.of(OK)]));
    for (const sector of [SECTORS, SECTORS * 1e9, 2 ** 52])
      expect([sector, statusOf(await readSectors(queue, sector, 1))]).toEqual([sector, IO_ERROR]);
    expect(statusOf(await readSectors(queue, SECTORS - 1, 2))).toBe(IO_ERROR);
    expect(statusOf(await queue.request([header(OUT, SECTORS), pattern(SECTOR, 1), 1]))).toBe(IO_ERROR);
  });

  test('transfers whole sectors only', async () => {
    const { queue } = await start();
    expect(statusOf(await queue.request([header(IN, 0), 100, 1]))).toBe(IO_ERROR);
    expect(statusOf(await queue.request([header(OUT, 0), pattern(100, 1), 1]))).toBe(IO_ERROR);
  });

  test('takes many requests at once', async () => {
    const { queue, initial } = await start();
    const heads: [number, number][] = [];
    for (let sector = 0; sector < 5; sector++)
      heads.push([sector, await queue.add([header(IN, sector * 100), SECTOR, 1])]);
    await queue.notify();
    for (const [sector, head] of heads.reverse()) {
      const { bytes } = await queue.answer(head);
      expect(bytes.subarray(0, SECTOR)).toEqual(initial.subarray(sector * 100 * SECTOR, (sector * 100 + 1) * SECTOR));
    }
  });

  test('has a serial number', async () => {
    const { queue } = await start();
    const id = await queue.request([header(GET_ID, 0), 20, 1]);
    expect(id.bytes.toString('latin1')).toBe(`${'disk-0001'.padEnd(20, '\0')}\0`);
  });

  test('writes zeros', async () => {
    const { queue, contents, initial, driver } = await start();
    const config = await driver.config(60);
    expect(config.readUInt32LE(48)).toBeGreaterThanOrEqual(300);
    const zeroes = (sector: number, count: number, flags: number): Uint8Array => {
      const bytes = Buffer.alloc(16);
      bytes.writeBigUInt64LE(BigInt(sector));
      bytes.writeUInt32LE(count, 8);
      bytes.writeUInt32LE(flags, 12);
      return bytes;
    };
    expect(statusOf(await queue.request([header(WRITE_ZEROES, 0), zeroes(8, 300, 1), 1]))).toBe(OK);
    expect(statusOf(await queue.request([header(FLUSH, 0), 1]))).toBe(OK);
    expect(
      contents()
        .subarray(8 * SECTOR, 308 * SECTOR)
        .every((byte) => byte === 0),
    ).toBe(true);
    expect(contents().subarray(0, 8 * SECTOR)).toEqual(initial.subarray(0, 8 * SECTOR));
    expect(contents().subarray(308 * SECTOR)).toEqual(initial.subarray(308 * SECTOR));
    expect(statusOf(await queue.request([header(WRITE_ZEROES, 0), zeroes(SECTORS, 1, 0), 1]))).toBe(IO_ERROR);
    expect(statusOf(await queue.request([header(WRITE_ZEROES, 0), zeroes(0, 1, 2), 1]))).toBe(UNSUPPORTED);
  });

  test('does not know other requests', async () => {
    const { queue } = await start();
    expect(statusOf(await queue.request([header(77, 0), 1]))).toBe(UNSUPPORTED);
  });

  test('that is read only says so and is not written', async () => {
    const { queue, driver, contents, initial } = await start(true);
    expect((await driver.offered()) & READ_ONLY).toBe(READ_ONLY);
    expect(statusOf(await readSectors(queue, 0, 1))).toBe(OK);
    expect(statusOf(await queue.request([header(OUT, 0), pattern(SECTOR, 3), 1]))).toBe(IO_ERROR);
    expect(contents()).toEqual(initial);
  });

  test.each([
    ['without a status', [header(IN, 0)]],
    ['without a header', [SECTOR, 1]],
    ['with half a header', [header(IN, 0).subarray(0, 8), 1]],
  ])('needs a reset after a request %s, and works again after it', async (_, parts) => {
    const { queue, driver, initial } = await start();
    await queue.add(parts);
    await queue.notify();
    while (((await driver.get(REG.Status)) & STATUS.needsReset) === 0)
      await new Promise<void>((resolve) => setImmediate(resolve));
    const [again] = await driver.start(1);
    expect((await readSectors(again!, 1, 1)).bytes.subarray(0, -1)).toEqual(initial.subarray(SECTOR, 2 * SECTOR));
  });
});

describe('a disk of ours', () => {
  async function start(size = 16) {
    const disk = new FakeDisk(4096 * SECTOR);
    disk.contents.set(pattern(disk.bytes, 13));
    const made = await virtioBoard(virtioBlock({ backend: disk }));
    const driver = new VirtioDriver(made, LAST_SLOT);
    const [queue] = await driver.start(1, size);
    return { ...made, disk, driver, queue: queue! };
  }
  const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));

  test('moves large requests in pieces', async () => {
    const { queue, disk } = await start();
    const bytes = (1 << 20) + SECTOR;
    const answer = await queue.request([header(IN, 8), bytes, 1]);
    expect(answer.bytes.subarray(0, -1).equals(disk.contents.subarray(8 * SECTOR, 8 * SECTOR + bytes))).toBe(true);
    expect(disk.calls).toEqual([`read ${8 * SECTOR}+${1 << 20}`, `read ${8 * SECTOR + (1 << 20)}+${SECTOR}`]);
  });

  test('discards nothing, as it does not offer to', async () => {
    const { queue, driver } = await start();
    expect((await driver.offered()) & (1n << 13n)).toBe(0n);
    expect(statusOf(await queue.request([header(DISCARD, 0), new Uint8Array(16), 1]))).toBe(UNSUPPORTED);
  });

  test('tells the driver that the host has refused, and the user why', async () => {
    const { queue, disk, complaints } = await start();
    disk.refusal = 'disk.img: No space left on device';
    for (const type of [FLUSH, FLUSH]) expect(statusOf(await queue.request([header(type, 0), 1]))).toBe(IO_ERROR);
    expect(statusOf(await queue.request([header(IN, 0), SECTOR, 1]))).toBe(IO_ERROR);
    expect(complaints).toEqual(['virtio-blk: disk: disk.img: No space left on device']);
  });

  test('works on no more than 16 requests at once', async () => {
    const { queue, disk } = await start(128);
    disk.hold();
    const heads: number[] = [];
    for (let n = 0; n < 20; n++) heads.push(await queue.add([header(IN, n), SECTOR, 1]));
    await queue.notify();
    await tick();
    expect(disk.calls).toHaveLength(16);
    disk.release();
    for (const head of heads) expect(statusOf(await queue.answer(head))).toBe(OK);
  });

  test('does not touch memory for a request that the driver has given up by a reset', async () => {
    const { queue, disk, driver, board } = await start();
    disk.hold();
    await queue.request([header(GET_ID, 0), 20, 1]);
    await queue.add([header(IN, 0), SECTOR, 1]);
    await queue.notify();
    await tick();
    expect(disk.calls).toHaveLength(1);
    await driver.set(REG.Status, 0);
    const before = Buffer.from(board.ram);
    disk.release();
    await tick();
    expect(before.equals(board.ram)).toBe(true);
    const [again] = await driver.start(1);
    expect(statusOf(await again!.request([header(IN, 0), SECTOR, 1]))).toBe(OK);
  });

  test('has done with everything when the machine has stopped', async () => {
    const { queue, disk, backEnds } = await start();
    disk.hold();
    const head = await queue.add([header(OUT, 9), pattern(SECTOR, 3), 1]);
    await queue.notify();
    await tick();
    let stopped = false;
    const stop = backEnds.setRunning(false).then(() => {
      stopped = true;
    });
    await tick();
    expect(stopped).toBe(false);
    disk.release();
    await stop;
    expect(await queue.returned()).toEqual([head]);
    expect(disk.contents.subarray(9 * SECTOR, 10 * SECTOR)).toEqual(pattern(SECTOR, 3));
  });
});
