/** The same accesses to our board and to that of QEMU: what the guest reads is the same. */
import { describe, expect, test } from 'vitest';
import { qtestBoard } from '../support/qtest.ts';
import { Random, SEED } from '../support/random.ts';
import { requireTool } from '../support/tools.ts';
import type { DrivenBoard } from '../support/virtio-driver.ts';
import { watchedBoard } from '../unit/machine/wires.ts';

const hasQemu = requireTool('qemu-system-riscv64', 'qemu-system-misc');

const FLASH = 0x2000_0000;
const FW_CFG = 0x1010_0000;
const VIRTIO = 0x1000_1000;
const DRAM = 0x8000_0000;

interface Access {
  readonly address: number;
  readonly bytes: number;
  /** Undefined for a read. */
  readonly value?: bigint;
}

const read = (address: number, bytes = 4): Access => ({ address, bytes });
const write = (address: number, value: number | bigint, bytes = 4): Access => ({
  address,
  bytes,
  value: BigInt(value),
});

/** Does the accesses on both, and compares what is read. */
async function compare(
  theirs: DrivenBoard,
  ours: ReturnType<typeof watchedBoard>,
  accesses: readonly Access[],
): Promise<void> {
  for (const [index, { address, bytes, value }] of accesses.entries()) {
    const where = `access ${index}, ${bytes} bytes at 0x${address.toString(16)}, seed ${SEED}`;
    if (value === undefined)
      expect([where, ours.bus.read(address, bytes)]).toEqual([where, await theirs.read(address, bytes)]);
    else {
      ours.bus.write(address, bytes, value);
      await theirs.write(address, bytes, value);
    }
  }
}

describe.skipIf(!hasQemu)('compared with QEMU', () => {
  test('flash: what it says of itself', async () => {
    const words = Array.from({ length: 0x60 }, (_, index) => read(FLASH + 4 * index));
    await compare(qtestBoard(), watchedBoard(1), [
      ...words,
      write(FLASH + 0x154, 0x98_0098),
      ...words,
      write(FLASH, 0xff_00ff),
      write(FLASH, 0x90_0090),
      ...words.slice(0, 16),
      write(FLASH, 0xff_00ff),
      read(FLASH),
    ]);
  });

  test('flash: erasing and programming', async () => {
    const random = new Random(SEED);
    const command = (offset: number, ...values: number[]): Access[] =>
      values.map((value) => write(FLASH + offset, value * 0x1_0001));
    const offsets = Array.from({ length: 8 }, () => 64 * random.below(0x4_0000));
    const steps: (() => Access[])[] = [
      () => command(random.pick(offsets), 0x20, 0xd0),
      () => {
        const offset = random.pick(offsets);
        return [...command(offset, random.pick([0x40, 0x10])), write(FLASH + offset, random.word())];
      },
      () => {
        const offset = random.pick(offsets);
        const count = random.between(1, 16);
        const data = Array.from({ length: count }, (_, index) => write(FLASH + offset + 4 * index, random.word()));
        return [...command(offset, 0xe8, count - 1), ...data, ...command(offset, 0xd0)];
      },
      () => [...command(0, 0x70), read(FLASH), read(FLASH + 6, 2)],
      () => [...command(0, 0xff), read(FLASH + random.pick(offsets), 2), read(FLASH + random.pick(offsets), 8)],
      () => [...command(0, 0x60, 0xd0), ...command(0, 0x60, 0x01)],
    ];
    const accesses = Array.from({ length: 300 }, () => random.pick(steps)()).flat();
    const contents = offsets.flatMap((offset) => [read(FLASH + offset), read(FLASH + offset + 8, 1)]);
    await compare(qtestBoard(), watchedBoard(1), [...accesses, ...command(0, 0xff), ...contents]);
  });

  test('slots for virtio devices that are empty', async () => {
    const slots = Array.from({ length: 8 }, (_, slot) => VIRTIO + 0x1000 * slot);
    const accesses = slots.flatMap((slot) => [
      ...Array.from({ length: 0x80 }, (_, index) => read(slot + 4 * index)),
      write(slot + 0x70, 1),
      write(slot + 0x50, 0),
      read(slot + 0x70),
    ]);
    await compare(qtestBoard(), watchedBoard(1), accesses);
  });

  test('firmware configuration: items, directory and files', async () => {
    const keys = [0x00, 0x01, 0x05, 0x19, 0x20, 0x21, 0x22, 0x23, 0x4000, 0x8000];
    const accesses = keys.flatMap((key) => [
      write(FW_CFG + 8, ((key & 0xff) << 8) | (key >> 8), 2),
      ...Array.from({ length: 40 }, () => [read(FW_CFG, 1), read(FW_CFG, 4), read(FW_CFG, 2), read(FW_CFG, 8)]).flat(),
    ]);
    const fixed = [read(FW_CFG + 0x10, 8), read(FW_CFG + 0x10), read(FW_CFG + 0x14), read(FW_CFG + 8, 2)];
    await compare(qtestBoard('-smp', '3'), watchedBoard(3), [...accesses, ...fixed]);
  });

  test('firmware configuration: DMA', async () => {
    const theirs = qtestBoard();
    const ours = watchedBoard(1);
    const random = new Random(SEED);
    const target = DRAM + 0x2000;
    for (let round = 0; round < 60; round++) {
      const request = Buffer.alloc(16);
      request.writeUInt32BE(((random.pick([0, 1, 0x19, 0x22, 0x99]) << 16) | random.below(32)) >>> 0);
      request.writeUInt32BE(random.between(1, 100), 4);
      request.writeBigUInt64BE(BigInt(random.chance(80) ? target : 0x2_0000_0000), 8);
      await theirs.writeMemory(DRAM + 0x1000, request);
      ours.ram.set(request, 0x1000);
      await compare(theirs, ours, [write(FW_CFG + 0x10, 0), write(FW_CFG + 0x14, 0x0010_0080)]);
      const where = `round ${round}, request ${request.toString('hex')}, seed ${SEED}`;
      for (const [offset, bytes] of [
        [0x1000, 16],
        [0x2000, 128],
      ] as const) {
        const found = Buffer.from(ours.ram.slice(offset, offset + bytes)).toString('hex');
        expect([where, found]).toEqual([
          where,
          Buffer.from(await theirs.readMemory(DRAM + offset, bytes)).toString('hex'),
        ]);
      }
    }
  });
});
