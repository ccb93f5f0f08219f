import { describe, expect, test } from 'vitest';
import { virtioConsole } from '../../../../core/devices/virtio/console.ts';
import { connectBackEnds } from '../../../../core/machine/back-ends.ts';
import { equip } from '../../../../core/machine/equipment.ts';
import { FakeCharacter } from '../../../support/fakes/fake-character.ts';
import { REG, STATUS, VirtioDriver } from '../../../support/virtio-driver.ts';
import { LAST_SLOT, virtioBoard } from './board.ts';

async function start() {
  const line = new FakeCharacter();
  const made = await virtioBoard(virtioConsole(line));
  const driver = new VirtioDriver(made, LAST_SLOT);
  const [receive, transmit] = await driver.start(2);
  return { ...made, line, driver, receive: receive!, transmit: transmit! };
}
const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));

test('it is a console without anything special', async () => {
  const { driver } = await start();
  expect([await driver.get(REG.DeviceID), (await driver.offered()) & 0xff_ffffn]).toEqual([3, 0n]);
});

describe('output', () => {
  test('reaches the host in order', async () => {
    const { transmit, line } = await start();
    expect((await transmit.request([Buffer.from('hello '), Buffer.from('world')])).written).toBe(0);
    await transmit.request([Buffer.from('!')]);
    expect(line.output).toBe('hello world!');
  });

  test('waits while the host takes nothing, even in the middle of a buffer', async () => {
    const { transmit, line } = await start();
    line.full = true;
    const heads = [await transmit.add([Buffer.alloc(5000, 'a')]), await transmit.add([Buffer.from('b')])];
    await transmit.notify();
    await tick();
    expect([line.output.length, await transmit.returned()]).toEqual([4096, []]);
    line.drain();
    for (const head of heads) await transmit.answer(head);
    expect(line.output).toBe(`${'a'.repeat(5000)}b`);
  });

  test('that waits is in the queue as if nobody had begun with it, but for what has been sent', async () => {
    const { transmit, line, board } = await start();
    line.full = true;
    const heads = [await transmit.add([Buffer.alloc(5000, 'a')]), await transmit.add([Buffer.from('b')])];
    await transmit.notify();
    await tick();
    // A service that knows nothing of the one before: the machine has been restored elsewhere.
    const other = new FakeCharacter();
    const device = virtioConsole(other);
    const fitting = { virtio: [...Array.from({ length: LAST_SLOT }, () => undefined), device] };
    const elsewhere = connectBackEnds(board, await equip(fitting), fitting, () => {});
    await elsewhere.setRunning(true);
    for (const head of heads) await transmit.answer(head);
    expect(line.output + other.output).toBe(`${'a'.repeat(5000)}b`);
    expect(other.output.length).toBe(905);
  });

  test('of a driver that has reset the device ends there', async () => {
    const { transmit, line, driver } = await start();
    line.full = true;
    await transmit.add([Buffer.alloc(5000, 'a')]);
    await transmit.notify();
    await tick();
    const [, again] = await driver.start(2);
    line.drain();
    await again!.request([Buffer.from('new')]);
    expect(line.output).toBe(`${'a'.repeat(4096)}new`);
  });
});

describe('input', () => {
  test('waits for buffers, fills them and says how far', async () => {
    const { receive, line } = await start();
    line.send('hello');
    expect(line.waiting).toBe(5);
    const heads = [await receive.add([3]), await receive.add([1, 10])];
    await receive.notify();
    const one = await receive.answer(heads[0]!);
    const other = await receive.answer(heads[1]!);
    expect([one.written, one.bytes.toString()]).toEqual([3, 'hel']);
    expect([other.written, other.bytes.toString('latin1', 0, 2)]).toEqual([2, 'lo']);
    expect(line.waiting).toBe(0);
  });

  test('goes into buffers that wait for it', async () => {
    const { receive, line } = await start();
    const head = await receive.add([16]);
    await receive.notify();
    await tick();
    line.send('x');
    expect((await receive.answer(head)).bytes.toString('latin1', 0, 1)).toBe('x');
  });

  test('needs buffers that can be written', async () => {
    const { receive, line, driver, board } = await start();
    line.send('x');
    await receive.add([Buffer.from('not for you')]);
    await receive.notify();
    await tick();
    expect((await driver.get(REG.Status)) & STATUS.needsReset).toBe(STATUS.needsReset);
    expect(board.reports).toEqual(['virtio-serial: a buffer to receive has no bytes to be written']);
    const [again] = await driver.start(2);
    expect((await again!.request([1])).bytes.toString()).toBe('x');
  });
});
