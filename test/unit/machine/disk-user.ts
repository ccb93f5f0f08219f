/** A thread that, like a vCPU, drives the registers of a disk, and moves sectors back and forth. */
import { parentPort, workerData } from 'node:worker_threads';
import { timeOfDay } from '../../../core/machine/clock.ts';
import type { Equipment } from '../../../core/machine/equipment.ts';
import { attachDevices } from '../../../core/machine/virt.ts';
import { layoutOf } from '../../../core/memory/layout.ts';
import { Random } from '../../support/random.ts';
import { VirtioDriver } from '../../support/virtio-driver.ts';

export interface DiskUserData {
  readonly buffer: SharedArrayBuffer;
  readonly harts: number;
  readonly ramBytes: number;
  readonly equipment: Equipment;
  readonly slot: number;
  readonly rounds: number;
  readonly seed: number;
}

const DRAM = 0x8000_0000;
const SECTOR = 512;
const SECTORS = 16;

const { buffer, harts, ramBytes, equipment, slot, rounds, seed } = workerData as DiskUserData;
const layout = layoutOf(harts, ramBytes);
const { bus } = attachDevices(buffer, layout, {
  equipment,
  hostNow: process.hrtime.bigint,
  timeOfDay,
  raise: () => {},
  finish: () => {},
  serialKick: () => {},
  virtioKick: (kicked) => parentPort!.postMessage(kicked),
  flashKick: () => {},
  storeInPage: (_, store) => store(),
  report: (sentence) => {
    throw new Error(sentence);
  },
});
const place = (address: number): number => layout.ram + address - DRAM;
const memory = new Uint8Array(buffer);
const driver = new VirtioDriver(
  {
    read: async (address, bytes) => bus.read(address, bytes)!,
    async write(address, bytes, value) {
      bus.write(address, bytes, value);
    },
    readMemory: async (address, bytes) => memory.slice(place(address), place(address) + bytes),
    async writeMemory(address, bytes) {
      memory.set(bytes, place(address));
    },
  },
  slot,
  // Each has its part of RAM.
  DRAM + (slot % 2) * (ramBytes / 2),
);

const random = new Random(seed);
const [queue] = await driver.start(1, 32);
const disk = Buffer.alloc(SECTORS * SECTOR);
for (let round = 0; round < rounds; round++) {
  const sector = random.below(SECTORS);
  const header = Buffer.alloc(16);
  header.writeUInt32LE(sector, 8);
  driver.release();
  if (random.chance(50)) {
    header.writeUInt32LE(1);
    const data = Buffer.alloc(SECTOR, random.word() & 0xff);
    data.copy(disk, sector * SECTOR);
    const { bytes } = await queue!.request([header, data, 1]);
    if (bytes[0] !== 0) throw new Error(`round ${round}: writing sector ${sector} ended with ${bytes[0]}`);
  } else {
    const { bytes } = await queue!.request([header, SECTOR, 1]);
    const expected = disk.subarray(sector * SECTOR, (sector + 1) * SECTOR);
    if (!bytes.subarray(0, SECTOR).equals(expected)) throw new Error(`round ${round}: sector ${sector} has changed`);
  }
}
