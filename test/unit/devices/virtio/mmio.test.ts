import { describe, expect, test } from 'vitest';
import { DESCRIPTOR, descriptor, FEATURE, REG, STATUS, VirtioDriver } from '../../../support/virtio-driver.ts';
import { LAST_SLOT, virtioBoard } from './board.ts';
import { echo } from './echo.ts';

const PLIC = 0xc00_0000;
const RAM = 0x8000_0000;
const text = (content: string): Uint8Array => Buffer.from(content);

async function echoing() {
  const board = await virtioBoard(echo);
  return { ...board, driver: new VirtioDriver(board, LAST_SLOT) };
}

describe('a slot', () => {
  test('says what is in it', async () => {
    const { driver } = await echoing();
    const registers = [REG.MagicValue, REG.Version, REG.DeviceID, REG.VendorID];
    expect(await Promise.all(registers.map((register) => driver.get(register)))).toEqual([
      0x7472_6976, 2, 42, 0x554d_4551,
    ]);
  });

  test('that is empty says so, and bears a driver that does not look', async () => {
    const board = await virtioBoard(echo);
    const driver = new VirtioDriver(board, 0);
    expect([await driver.get(REG.MagicValue), await driver.get(REG.Version), await driver.get(REG.DeviceID)]).toEqual([
      0x7472_6976, 2, 0,
    ]);
    await driver.set(REG.Status, 1);
    await driver.set(REG.QueueNotify, 0);
    expect(await driver.get(REG.Status)).toBe(0);
  });

  test('shows the configuration in any width, and ones behind it', async () => {
    const { driver } = await echoing();
    expect([await driver.get(REG.Config + 1, 1), await driver.get(REG.Config + 2, 2)]).toEqual([2, 0x0403]);
    expect([await driver.get(REG.Config), await driver.get(REG.Config + 4)]).toEqual([0x0403_0201, 0xffff_0605]);
    await driver.set(REG.Config, 0x7777_7777);
    expect(await driver.get(REG.Config)).toBe(0x0403_0201);
    expect(await driver.get(REG.ConfigGeneration)).toBe(0);
  });
});

describe('features', () => {
  test('are those of the device and of the transport', async () => {
    const { driver } = await echoing();
    expect(await driver.offered()).toBe(0b101n | FEATURE.indirect | FEATURE.events | FEATURE.version1);
    await driver.set(REG.DeviceFeaturesSel, 2);
    expect(await driver.get(REG.DeviceFeatures)).toBe(0);
  });

  test.each([
    ['those that it offers', 0b1n | FEATURE.version1, true],
    ['no more than it must', FEATURE.version1, true],
    ['one that it does not offer', 0b10n | FEATURE.version1, false],
    ['the legacy interface', 0b1n, false],
  ])('a driver that accepts %s', async (_, accepted, good) => {
    const { driver } = await echoing();
    for (const [select, features] of [accepted & 0xffff_ffffn, accepted >> 32n].entries()) {
      await driver.set(REG.DriverFeaturesSel, select);
      await driver.set(REG.DriverFeatures, Number(features));
    }
    await driver.set(REG.Status, STATUS.acknowledge | STATUS.driver | STATUS.featuresOk);
    expect(((await driver.get(REG.Status)) & STATUS.featuresOk) !== 0).toBe(good);
  });

  test('stay as they were accepted', async () => {
    const { driver } = await echoing();
    await driver.negotiate(FEATURE.version1);
    await driver.set(REG.DriverFeaturesSel, 0);
    await driver.set(REG.DriverFeatures, 0b10);
    const queue = await driver.queue(0, 4);
    await driver.run();
    expect((await queue.request([text('still'), 5])).bytes.toString()).toBe('still');
  });
});

describe.each([
  ['plain', 0n],
  ['with indirect descriptors', FEATURE.indirect],
  ['with event indices', FEATURE.events],
  ['with both', FEATURE.indirect | FEATURE.events],
])('queues %s', (_, features) => {
  const start = async (size = 16) => {
    const made = await echoing();
    const queues = await made.driver.start(2, size, FEATURE.version1 | features);
    return { ...made, queues, queue: queues[0]! };
  };

  test('carry requests in one buffer and in several', async () => {
    const { queue } = await start();
    expect(await queue.request([text('hello'), 5])).toEqual({ written: 5, bytes: Buffer.from('hello') });
    const { written, bytes } = await queue.request([text('one '), text('two '), text('three'), 3, 20]);
    expect([written, bytes.toString('latin1', 0, 13)]).toEqual([13, 'one two three']);
  });

  test('go round', async () => {
    const { queue } = await start(4);
    for (let round = 0; round < 20; round++) {
      const word = `round ${round}`;
      expect((await queue.request([text(word), word.length])).bytes.toString()).toBe(word);
    }
  });

  test('take everything that one notification is about', async () => {
    const { queue } = await start();
    const heads: number[] = [];
    for (const word of ['a', 'b', 'c', 'd']) heads.push(await queue.add([text(word), 1]));
    await queue.notify();
    const words: string[] = [];
    for (const head of heads) words.push((await queue.answer(head)).bytes.toString());
    expect(words).toEqual(['a', 'b', 'c', 'd']);
    expect(queue.notifications).toBe(1);
  });

  test('are apart from each other', async () => {
    const { queues } = await start();
    const [one, other] = queues;
    // Both have been looked at since DRIVER_OK.
    for (const queue of [one!, other!]) await queue.request([text('x'), 1]);
    const [head, otherHead] = [await one!.add([text('one'), 3]), await other!.add([text('other'), 5])];
    await other!.notify();
    expect((await other!.answer(otherHead)).bytes.toString()).toBe('other');
    expect(await one!.returned()).toEqual([]);
    await one!.notify();
    expect((await one!.answer(head)).bytes.toString()).toBe('one');
  });

  test('interrupt when the driver wants to know, until it acknowledges', async () => {
    const { queue, driver, board } = await start();
    board.bus.write(PLIC + 4 * 8, 4, 1n);
    board.bus.write(PLIC + 0x2000, 4, 1n << 8n);
    await queue.interruptAfter('never');
    await queue.request([text('x'), 1]);
    expect([await driver.get(REG.InterruptStatus), board.high.size]).toEqual([0, 0]);
    await queue.interruptAfter(0);
    await queue.request([text('x'), 1]);
    expect([await driver.get(REG.InterruptStatus), [...board.high]]).toEqual([1, ['0.11']]);
    await driver.set(REG.InterruptACK, 1);
    expect(board.bus.read(PLIC + 0x20_0004, 4)).toBe(8n);
    board.bus.write(PLIC + 0x20_0004, 4, 8n);
    expect([await driver.get(REG.InterruptStatus), board.high.size]).toEqual([0, 0]);
  });

  test('are worked on only while the machine runs', async () => {
    const { queue, backEnds } = await start();
    await backEnds.setRunning(false);
    const head = await queue.add([text('later'), 5]);
    await queue.notify();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await queue.returned()).toEqual([]);
    await backEnds.setRunning(true);
    expect((await queue.answer(head)).bytes.toString()).toBe('later');
  });

  test('what was added before DRIVER_OK is looked at then', async () => {
    const { driver, board } = await echoing();
    await driver.negotiate(FEATURE.version1 | features);
    const queue = await driver.queue(0, 8);
    const head = await queue.add([text('early'), 5]);
    await queue.notify();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await queue.returned()).toEqual([]);
    await driver.run();
    expect((await queue.answer(head)).bytes.toString()).toBe('early');
    expect(board.reports).toEqual(['echo: queue 0 is notified while the device is not in operation']);
  });
});

test('with event indices, one interrupt tells of several requests', async () => {
  const { driver } = await echoing();
  const [queue] = await driver.start(1);
  await queue!.interruptAfter(2);
  const seen: number[] = [];
  for (const word of ['a', 'b', 'c']) {
    await queue!.request([text(word), 1]);
    seen.push(await driver.get(REG.InterruptStatus));
  }
  expect(seen).toEqual([0, 0, 1]);
});

describe('a reset by the driver', () => {
  test('brings everything back to the beginning', async () => {
    const { driver, board } = await echoing();
    const [queue] = await driver.start(1);
    await queue!.request([text('x'), 1]);
    await driver.set(REG.Status, 0);
    await driver.set(REG.QueueSel, 0);
    const registers = [REG.Status, REG.InterruptStatus, REG.QueueReady, REG.QueueDesc];
    expect(await Promise.all(registers.map((register) => driver.get(register)))).toEqual([0, 0, 0, 0]);
    expect(board.high.size).toBe(0);
  });

  test('is followed by a new start', async () => {
    const { driver } = await echoing();
    for (const word of ['first', 'second']) {
      const [queue] = await driver.start(1, 4);
      expect((await queue!.request([text(word), word.length])).bytes.toString()).toBe(word);
    }
  });
});

test('a queue alone can be stopped and started again', async () => {
  const { driver } = await echoing();
  const [, other] = await driver.start(2);
  await driver.set(REG.QueueSel, 0);
  await driver.set(REG.QueueReady, 0);
  expect(await driver.get(REG.QueueReady)).toBe(0);
  const again = await driver.queue(0, 8);
  for (const queue of [again, other!]) expect((await queue.request([text('x'), 1])).bytes.toString()).toBe('x');
});

test('of a queue that is not there, the size is 0, and nothing is set up', async () => {
  const { driver } = await echoing();
  await driver.set(REG.QueueSel, 2);
  await driver.set(REG.QueueNum, 8);
  await driver.set(REG.QueueReady, 1);
  expect([await driver.get(REG.QueueNumMax), await driver.get(REG.QueueReady)]).toEqual([0, 0]);
  await driver.set(REG.QueueSel, 1);
  expect(await driver.get(REG.QueueNumMax)).toBe(1024);
});

describe('a driver that breaks the rules needs to reset the device, and is told once:', () => {
  type Setting = Awaited<ReturnType<typeof echoing>>;

  async function expectFailure({ driver, board }: Setting, sentence: string): Promise<void> {
    while (((await driver.get(REG.Status)) & STATUS.needsReset) === 0)
      await new Promise<void>((resolve) => setImmediate(resolve));
    expect(board.reports).toEqual([sentence]);
    // After a reset everything is good again.
    const [queue] = await driver.start(1);
    expect((await queue!.request([text('good'), 4])).bytes.toString()).toBe('good');
    expect(board.reports).toEqual([sentence]);
  }

  test.each([
    ['a queue of no descriptors', 0, 0, 'its size is 0, which is not a power of two from 1 to 1024'],
    ['a queue of 3', 3, 0, 'its size is 3, which is not a power of two from 1 to 1024'],
    ['a queue that is too large', 2048, 0, 'its size is 2048, which is not a power of two from 1 to 1024'],
    ['a table outside RAM', 8, 0x1000, 'its descriptor table at 0x1000 is not in RAM'],
    ['a table in no alignment', 8, RAM + 8, 'its descriptor table at 0x80000008 is not aligned to 16 bytes'],
    ['a table across the end of RAM', 8, RAM + (4 << 20) - 64, 'its descriptor table at 0x803fffc0 is not in RAM'],
  ])('%s', async (_, size, table, complaint) => {
    const setting = await echoing();
    const { driver } = setting;
    await driver.negotiate(~0n);
    await driver.set(REG.QueueSel, 1);
    await driver.set(REG.QueueNum, size);
    await driver.set(REG.QueueDesc, table);
    await driver.set(REG.QueueReady, 1);
    expect(await driver.get(REG.QueueReady)).toBe(0);
    await expectFailure(setting, `echo: queue 1: ${complaint}`);
  });

  test('a queue that is moved while it is ready', async () => {
    const setting = await echoing();
    const { driver } = setting;
    await driver.start(1);
    await driver.set(REG.QueueSel, 0);
    await driver.set(REG.QueueNum, 8);
    expect(await driver.get(REG.InterruptStatus)).toBe(2);
    await expectFailure(setting, 'echo: queue 0: it is set up while it is ready');
  });

  /** Descriptors by number; requests begin at 0. */
  test.each<[string, bigint, Record<number, Uint8Array>, string]>([
    [
      'a buffer outside RAM',
      0n,
      { 0: descriptor(0x1000, 4, 0) },
      'the chain at 0 has 4 bytes at 0x1000, which are not in RAM',
    ],
    [
      'a buffer that leaves RAM',
      0n,
      { 0: descriptor(RAM, 0xffff_ffff, 0) },
      'the chain at 0 has 4294967295 bytes at 0x80000000, which are not in RAM',
    ],
    [
      'a buffer at the end of all addresses',
      0n,
      { 0: descriptor(Number.MAX_SAFE_INTEGER, 4, 0) },
      'the chain at 0 has 4 bytes at 0x1fffffffffffff, which are not in RAM',
    ],
    ['a buffer of no bytes', 0n, { 0: descriptor(RAM, 0, 0) }, 'the chain at 0 has a buffer of no bytes'],
    [
      'a circle',
      0n,
      { 0: descriptor(RAM, 4, DESCRIPTOR.next, 1), 1: descriptor(RAM, 4, DESCRIPTOR.next, 0) },
      'the chain at 0 does not end within 16 descriptors',
    ],
    [
      'a chain that leaves the table',
      0n,
      { 0: descriptor(RAM, 4, DESCRIPTOR.next, 16) },
      'the chain at 0 goes on at 16 of 16 descriptors',
    ],
    [
      'reading behind writing',
      0n,
      { 0: descriptor(RAM, 4, DESCRIPTOR.next | DESCRIPTOR.write, 1), 1: descriptor(RAM, 4, 0) },
      'the chain at 0 is to be read behind what is to be written',
    ],
    [
      'an indirect table that was not negotiated',
      0n,
      { 0: descriptor(RAM, 16, DESCRIPTOR.indirect) },
      'the chain at 0 has an indirect table, which was not negotiated',
    ],
    [
      'an indirect table of no size',
      FEATURE.indirect,
      { 0: descriptor(RAM, 20, DESCRIPTOR.indirect) },
      'the chain at 0 has an indirect table of 20 bytes',
    ],
    [
      'something behind an indirect table',
      FEATURE.indirect,
      { 0: descriptor(RAM, 16, DESCRIPTOR.indirect | DESCRIPTOR.next, 1) },
      'the chain at 0 goes on behind an indirect table',
    ],
    [
      'a table within a table',
      FEATURE.indirect,
      { 0: descriptor(0x8010_0010, 16, DESCRIPTOR.indirect), 1: descriptor(RAM, 16, DESCRIPTOR.indirect) },
      'the chain at 0 has a table within a table',
    ],
    [
      'a circle in an indirect table',
      FEATURE.indirect,
      { 0: descriptor(0x8010_0010, 16, DESCRIPTOR.indirect), 1: descriptor(RAM, 4, DESCRIPTOR.next, 0) },
      'the chain at 0 does not end within 1 descriptors',
    ],
  ])('%s', async (_, features, descriptors, complaint) => {
    const setting = await echoing();
    const [queue] = await setting.driver.start(1, 16, FEATURE.version1 | features);
    for (const [index, bytes] of Object.entries(descriptors))
      await setting.writeMemory(queue!.descriptors + 16 * Number(index), bytes);
    await queue!.offer(0);
    await queue!.notify();
    await expectFailure(setting, `echo: queue 0: ${complaint}`);
  });

  test('a head that is no descriptor', async () => {
    const setting = await echoing();
    const [queue] = await setting.driver.start(1);
    await queue!.offer(16);
    await queue!.notify();
    await expectFailure(setting, 'echo: queue 0: head 16 is not a descriptor: its size is 16');
  });

  test('an index that runs away', async () => {
    const setting = await echoing();
    const [queue] = await setting.driver.start(1);
    await setting.writeMemory(queue!.available + 2, Uint8Array.of(0x34, 0x12));
    await setting.driver.set(REG.QueueNotify, 0);
    await expectFailure(setting, 'echo: queue 0: its available index has moved ahead by 4660, and its size is 16');
  });

  test('a notification of a queue that is not there changes nothing', async () => {
    const { driver, board } = await echoing();
    const [queue] = await driver.start(1);
    await driver.set(REG.QueueNotify, 9);
    await driver.set(REG.QueueNotify, 0xffff_ffff);
    expect((await queue!.request([text('x'), 1])).bytes.toString()).toBe('x');
    expect(board.reports).toEqual([
      'echo: there is no queue 9 to notify',
      'echo: there is no queue 4294967295 to notify',
    ]);
  });
});
