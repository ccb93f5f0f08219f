/** Drivers that do anything: whatever they write where, the board and its services survive, and work after a reset. */
import { expect, test } from 'vitest';
import { virtioBlock } from '../../../../core/devices/virtio/block.ts';
import { virtioConsole } from '../../../../core/devices/virtio/console.ts';
import type { VirtioDevice } from '../../../../core/devices/virtio/device.ts';
import { virtioNet } from '../../../../core/devices/virtio/net.ts';
import { virtioRng } from '../../../../core/devices/virtio/rng.ts';
import { FakeCharacter } from '../../../support/fakes/fake-character.ts';
import { FakeDisk } from '../../../support/fakes/fake-disk.ts';
import { FakeNetwork } from '../../../support/fakes/fake-network.ts';
import { Random, SEED } from '../../../support/random.ts';
import { DESCRIPTOR, descriptor, type Part, REG, VirtioDriver } from '../../../support/virtio-driver.ts';
import { RAM_BYTES } from '../../machine/wires.ts';
import { virtioBoard } from './board.ts';
import { echo } from './echo.ts';

const RAM = 0x8000_0000;
const STEPS = 1500;

interface Subject {
  readonly device: VirtioDevice;
  readonly queues: number;
  /** Queue and parts of a request that is good. */
  readonly good: readonly [number, readonly Part[]];
  /** Something happens on the host's side. */
  disturb(random: Random): void;
}

const SUBJECTS: Record<string, () => Subject> = {
  echo: () => ({ device: echo, queues: 2, good: [0, [Uint8Array.of(1), 1]], disturb: () => {} }),
  block() {
    const disk = new FakeDisk(1 << 16);
    return {
      device: virtioBlock({ backend: disk }),
      queues: 1,
      good: [0, [new Uint8Array(16), 512, 1]],
      disturb: (random) => {
        disk.refusal = random.chance(20) ? 'refused' : undefined;
      },
    };
  },
  rng: () => ({
    device: virtioRng({ take: async (bytes) => new Uint8Array(Math.min(bytes, 1000)) }),
    queues: 1,
    good: [0, [8]],
    disturb: () => {},
  }),
  console() {
    const line = new FakeCharacter();
    return {
      device: virtioConsole(line),
      queues: 2,
      good: [1, [Uint8Array.of(1)]],
      disturb: (random) => {
        line.send('input');
        line.full = random.chance(50);
        if (!line.full) line.drain();
      },
    };
  },
  net() {
    const cable = new FakeNetwork();
    return {
      device: virtioNet({ backend: cable, mac: new Uint8Array(6) }),
      queues: 2,
      good: [1, [new Uint8Array(12), new Uint8Array(60)]],
      disturb: (random) => {
        cable.deliver(new Uint8Array(random.below(200)));
        cable.full = random.chance(50);
        if (!cable.full) cable.drain();
      },
    };
  },
};

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test.each(Object.keys(SUBJECTS))(`%s (seed ${SEED})`, async (name) => {
  const random = new Random(SEED);
  const { device, queues, good, disturb } = SUBJECTS[name]!();
  const made = await virtioBoard(device);
  const { board } = made;
  const driver = new VirtioDriver(made, 7);

  const address = (): number =>
    random.chance(90) ? RAM + random.below(RAM_BYTES) : random.pick([0, 0x1000, RAM - 8, RAM + RAM_BYTES - 4, 2 ** 52]);
  const length = (): number =>
    random.chance(90) ? random.pick([1, 2, 12, 16, 17, 32, 512, 513, 1024, 4096]) : random.word();
  const anyDescriptor = (size: number): Uint8Array =>
    descriptor(address(), length(), random.chance(95) ? random.below(4) : random.below(8), random.below(size + 1));

  for (let step = 0; step < STEPS; ) {
    // Sets the device up, more or less.
    await driver.negotiate(random.chance(50) ? ~0n : 1n << 32n);
    const ready = [];
    const size = 2 ** random.below(6);
    for (let index = 0; index < queues; index++) ready.push(await driver.queue(index, size));
    if (random.chance(90)) await driver.run();

    for (let steps = random.between(1, 40); steps > 0; steps--, step++) {
      const queue = random.pick(ready);
      switch (random.below(8)) {
        case 0:
          await driver.set(random.pick(Object.values(REG)), random.chance(70) ? random.below(20) : random.word());
          break;
        case 1:
          disturb(random);
          break;
        case 2:
          await made.writeMemory(
            queue.available + 2,
            Uint8Array.of(random.word(), random.chance(80) ? 0 : random.word()),
          );
          break;
        case 3:
          await made.writeMemory(RAM + 16 * random.below(RAM_BYTES / 16), anyDescriptor(64));
          break;
        case 4:
          await tick();
          break;
        default:
          for (let count = random.between(1, 4); count > 0; count--)
            await made.writeMemory(queue.descriptors + 16 * random.below(size), anyDescriptor(size));
          // A request whose beginning is good reaches further.
          if (random.chance(50)) {
            await made.writeMemory(
              RAM,
              new Uint8Array(16).map((_, n) => (n % 8 === 0 ? random.below(16) : 0)),
            );
            await made.writeMemory(queue.descriptors, descriptor(RAM, 16, DESCRIPTOR.next, random.below(size)));
          }
          await queue.offer(random.chance(95) ? random.below(size) : random.below(0x1_0000));
          await driver.set(REG.QueueNotify, queue.index);
      }
    }
    await tick();
  }

  // It works again, and nothing but RAM has been written.
  const again = await driver.start(queues);
  const [index, parts] = good;
  disturb(new Random(1));
  await again[index]!.request(parts);
  const beside = board.memory.subarray(board.layout.devicesEnd, board.layout.ram);
  expect(beside.every((byte) => byte === 0)).toBe(true);
  expect(board.reports.length).toBeGreaterThan(0);
});
