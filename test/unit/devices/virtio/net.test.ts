import { describe, expect, test } from 'vitest';
import { virtioNet } from '../../../../core/devices/virtio/net.ts';
import { FakeNetwork } from '../../../support/fakes/fake-network.ts';
import { REG, STATUS, VirtioDriver } from '../../../support/virtio-driver.ts';
import { LAST_SLOT, virtioBoard } from './board.ts';

const MAC = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56);
const HEADER = Buffer.alloc(12);

async function start() {
  const cable = new FakeNetwork();
  const made = await virtioBoard(virtioNet({ backend: cable, mac: MAC }));
  const driver = new VirtioDriver(made, LAST_SLOT);
  const [receive, transmit] = await driver.start(2);
  return { ...made, cable, driver, receive: receive!, transmit: transmit! };
}
const frame = (bytes: number, fill: string): Buffer => Buffer.alloc(bytes, fill);
const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));

test('it has an address and a link', async () => {
  const { driver } = await start();
  expect([await driver.get(REG.DeviceID), (await driver.offered()) & 0xff_ffffn]).toEqual([
    1,
    (1n << 5n) | (1n << 16n),
  ]);
  expect([...(await driver.config(8))]).toEqual([...MAC, 1, 0]);
});

test('its link goes down and up with the cable, and the driver is told, whatever it does in between', async () => {
  const { driver, cable } = await start();
  const link = async (): Promise<number> => (await driver.config(8))[6]!;
  cable.plug(false);
  expect([await link(), await driver.get(REG.InterruptStatus), await driver.get(REG.ConfigGeneration)]).toEqual([
    0, 2, 1,
  ]);
  await driver.set(REG.Status, 0);
  expect([await link(), await driver.get(REG.InterruptStatus)]).toEqual([0, 0]);
  cable.plug(true);
  // A device that is not in operation interrupts nobody.
  expect([await link(), await driver.get(REG.InterruptStatus)]).toEqual([1, 0]);
  expect([...(await driver.config(8))]).toEqual([...MAC, 1, 0]);
});

describe('transmission', () => {
  test('takes the header off', async () => {
    const { transmit, cable } = await start();
    expect((await transmit.request([HEADER, frame(60, 'a')])).written).toBe(0);
    await transmit.request([Buffer.concat([HEADER, frame(1514, 'b')])]);
    await transmit.request([HEADER.subarray(0, 5), Buffer.concat([HEADER.subarray(5), frame(14, 'c')])]);
    expect(cable.sent).toEqual([frame(60, 'a'), frame(1514, 'b'), frame(14, 'c')]);
  });

  test('waits while the cable is full', async () => {
    const { transmit, cable } = await start();
    cable.full = true;
    const heads: number[] = [];
    for (const fill of ['a', 'b']) heads.push(await transmit.add([HEADER, frame(60, fill)]));
    await transmit.notify();
    await transmit.answer(heads[0]!);
    expect(cable.sent).toHaveLength(1);
    cable.drain();
    await transmit.answer(heads[1]!);
    expect(cable.sent).toHaveLength(2);
  });

  test('of what is no frame is lost', async () => {
    const { transmit, cable } = await start();
    await transmit.request([HEADER, frame(13, 'a')]);
    await transmit.request([HEADER, frame(0x1_0000 + 15, 'b')]);
    await transmit.request([HEADER, 4]);
    expect(cable.sent).toEqual([]);
  });

  test('needs a header', async () => {
    const { transmit, driver, board } = await start();
    await transmit.add([HEADER.subarray(1)]);
    await transmit.notify();
    await tick();
    expect((await driver.get(REG.Status)) & STATUS.needsReset).toBe(STATUS.needsReset);
    expect(board.reports).toEqual(['virtio-net: a frame to transmit has 11 bytes: too few for a header']);
  });
});

describe('reception', () => {
  test('puts a header in front, which counts one buffer', async () => {
    const { receive, cable } = await start();
    const head = await receive.add([1526]);
    await receive.notify();
    await tick();
    cable.deliver(frame(100, 'x'));
    const { written, bytes } = await receive.answer(head);
    expect(written).toBe(112);
    expect([...bytes.subarray(0, 12)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
    expect(bytes.subarray(12, 112)).toEqual(frame(100, 'x'));
  });

  test('waits for buffers, in order', async () => {
    const { receive, cable } = await start();
    for (const fill of ['a', 'b', 'c']) cable.deliver(frame(20, fill));
    expect(cable.waiting).toBe(3);
    for (const fill of ['a', 'b', 'c']) {
      const { bytes } = await receive.request([12, 20]);
      expect(bytes.subarray(12)).toEqual(frame(20, fill));
    }
    expect(cable.waiting).toBe(0);
  });

  test('loses what a buffer does not hold, and what is no frame', async () => {
    const { receive, cable } = await start();
    cable.deliver(frame(13, 'x'));
    expect(cable.waiting).toBe(0);
    cable.deliver(frame(100, 'a'));
    expect((await receive.request([60])).written).toBe(0);
    expect(cable.waiting).toBe(0);
  });

  test('waits while the machine is stopped', async () => {
    const { receive, cable, backEnds } = await start();
    const head = await receive.add([100]);
    await receive.notify();
    await tick();
    await backEnds.setRunning(false);
    cable.deliver(frame(20, 'a'));
    expect([cable.waiting, await receive.returned()]).toEqual([1, []]);
    await backEnds.setRunning(true);
    expect((await receive.answer(head)).written).toBe(32);
  });
});
