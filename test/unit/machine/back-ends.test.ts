import { describe, expect, test } from 'vitest';
import { FLASH_BYTES } from '../../../core/devices/flash-cfi.ts';
import { virtioBlock } from '../../../core/devices/virtio/block.ts';
import { connectBackEnds } from '../../../core/machine/back-ends.ts';
import { EquipmentError, equip, type Fitting } from '../../../core/machine/equipment.ts';
import { FakeDisk } from '../../support/fakes/fake-disk.ts';
import { SEED } from '../../support/random.ts';
import { startThread } from '../../support/threads.ts';
import { echo } from '../devices/virtio/echo.ts';
import type { DiskUserData } from './disk-user.ts';
import { RAM_BYTES, watchedBoard } from './wires.ts';

const FLASH = 0x2000_0000;
const BANK_1 = FLASH + FLASH_BYTES;

async function start(fitting: Fitting, harts = 1) {
  const equipment = await equip(fitting);
  const board = watchedBoard(harts, equipment);
  const complaints: string[] = [];
  const backEnds = connectBackEnds(board, equipment, fitting, (sentence) => complaints.push(sentence));
  return { equipment, board, complaints, backEnds };
}

describe('equipment', () => {
  test.each<[string, Fitting, string]>([
    ['nine devices', { virtio: Array(9).fill(echo) }, "9 virtio slots are too many: machine 'virt' has 8"],
    [
      'three flash banks',
      { flash: [undefined, undefined, undefined] },
      "3 flash banks are too many: machine 'virt' has 2",
    ],
    [
      'flash of another size',
      { flash: [new FakeDisk(512)] },
      'flash bank 0 needs 33554432 bytes, and its file has 512',
    ],
  ])('of %s is refused', async (_, fitting, complaint) => {
    await expect(equip(fitting)).rejects.toThrow(new EquipmentError(complaint));
  });
});

describe('flash', () => {
  const program = ({ bus }: ReturnType<typeof watchedBoard>, address: number, value: bigint): void => {
    bus.write(address, 4, 0x40n);
    bus.write(address, 4, value);
    bus.write(address, 4, 0xffn);
  };

  test('has the contents of its file, and what changes is written there', async () => {
    const file = new FakeDisk(FLASH_BYTES);
    file.contents.writeUInt32LE(0x1234_5678, 0x100);
    const { board, backEnds } = await start({ flash: [undefined, file] });
    expect(board.bus.read(BANK_1 + 0x100, 4)).toBe(0x1234_5678n);
    file.calls.length = 0;
    program(board, BANK_1 + 0x200, 0xabcdn);
    program(board, BANK_1 + 0x208, 0xef01n);
    expect(board.host.flashKicks).toEqual([1]);
    backEnds.flashKick(1);
    await backEnds.finished();
    expect(file.calls).toEqual(['write 512+12', 'flush']);
    expect(file.contents.readUInt32LE(0x208)).toBe(0xef01);
  });

  test('is written at the end at the latest', async () => {
    const file = new FakeDisk(FLASH_BYTES);
    const { board, backEnds } = await start({ flash: [file] });
    program(board, FLASH, 7n);
    await backEnds.finished();
    expect(file.contents.readUInt32LE(0)).toBe(7);
  });

  test('that the host does not write is reported', async () => {
    const file = new FakeDisk(FLASH_BYTES);
    const { board, backEnds, complaints } = await start({ flash: [file] });
    file.refusal = 'vars.fd: No space left on device';
    program(board, FLASH, 7n);
    backEnds.flashKick(0);
    await backEnds.finished();
    expect(complaints).toEqual(['flash bank 0: vars.fd: No space left on device']);
  });

  test('that is read only or has no file is not written anywhere', async () => {
    const file = new FakeDisk(FLASH_BYTES, true);
    const { board, backEnds } = await start({ flash: [file] });
    program(board, FLASH, 7n);
    program(board, BANK_1, 8n);
    expect([board.bus.read(FLASH, 4), board.bus.read(BANK_1, 4)]).toEqual([0n, 8n]);
    backEnds.flashKick(1);
    await backEnds.finished();
    expect(file.calls.filter((call) => call.startsWith('write'))).toEqual([]);
  });
});

test(`two threads use their disks at once (seed ${SEED})`, async () => {
  const disks = [new FakeDisk(1 << 16), new FakeDisk(1 << 16)];
  const { equipment, board, backEnds, complaints } = await start(
    { virtio: disks.map((backend) => virtioBlock({ backend })) },
    2,
  );
  await backEnds.setRunning(true);
  const users = [0, 1].map((slot) => {
    const data: DiskUserData = {
      buffer: board.memory.buffer as unknown as SharedArrayBuffer,
      harts: 2,
      ramBytes: RAM_BYTES,
      equipment,
      slot,
      rounds: 400,
      seed: SEED + slot,
    };
    return startThread(new URL('./disk-user.ts', import.meta.url), data, (kicked) =>
      backEnds.virtioKick(kicked as number),
    );
  });
  await Promise.all(users);
  expect(complaints).toEqual([]);
  for (const { calls } of disks) expect(calls).toHaveLength(400);
});
