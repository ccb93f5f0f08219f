import { expect, test } from 'vitest';
import { setInterruptLine } from '../../../core/hart/lines.ts';
import { HART_STATE_OFFSET } from '../../../core/hart/state.ts';
import { timeOfDay } from '../../../core/machine/clock.ts';
import type { ClockWorkerData } from '../../../core/machine/clock-worker.ts';
import { attachDevices } from '../../../core/machine/virt.ts';
import { createMemory, layoutOf } from '../../../core/memory/layout.ts';
import { HartState } from '../../../core/riscv/state.ts';
import { startThread } from '../../support/threads.ts';
import { bare } from './wires.ts';

const MTIMECMP = 0x200_4000;
const RTC = 0x10_1000;
const PLIC = 0xc00_0000;
const MTIP = 1 << 7;
const MEIP = 1 << 11;
const VCPUS = 3;
const RAM_BYTES = 1 << 20;

/** A machine without vCPU threads, whose clock worker is at work. */
function start() {
  const layout = layoutOf(VCPUS, RAM_BYTES);
  const { buffer } = createMemory(layout);
  const board = attachDevices(buffer, layout, {
    equipment: bare,
    hostNow: process.hrtime.bigint,
    timeOfDay,
    raise: (hart, bit, level) => setInterruptLine(buffer, layout, hart, bit, level),
    finish: () => {},
    serialKick: () => {},
    virtioKick: () => {},
    flashKick: () => {},
    storeInPage: (_, store) => store(),
    report: () => {},
  });
  board.reset();
  const mips = layout.vcpus.map(
    ({ state }) => new Int32Array(buffer, state + HART_STATE_OFFSET + HartState.offset.mip, 1),
  );
  const data: ClockWorkerData = { buffer, vcpus: VCPUS, ramBytes: RAM_BYTES, equipment: bare };
  const ended = startThread(new URL('../../../core/machine/clock-worker.ts', import.meta.url), data);
  return {
    board,
    /** Sets the timer of a hart to `milliseconds` of guest time from now. */
    arm: (hart: number, milliseconds: number) =>
      board.bus.write(MTIMECMP + 8 * hart, 8, board.time() + BigInt(milliseconds * 10_000)),
    /** Sets the alarm of the clock to `milliseconds` from now, and has it interrupt hart 0. */
    setAlarm(milliseconds: number) {
      const { bus } = board;
      bus.write(PLIC + 4 * 11, 4, 1n);
      bus.write(PLIC + 0x2000, 4, 1n << 11n);
      bus.write(RTC + 0x10, 4, 1n);
      const alarm = timeOfDay() + BigInt(milliseconds) * 1_000_000n;
      bus.write(RTC + 0x0c, 4, alarm >> 32n);
      bus.write(RTC + 0x08, 4, alarm & 0xffff_ffffn);
    },
    hasAlarm: () => (Atomics.load(mips[0]!, 0) & MEIP) !== 0,
    isDue: (hart: number) => (Atomics.load(mips[hart]!, 0) & MTIP) !== 0,
    async end() {
      board.clock.end();
      await ended;
    },
  };
}

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(1);
}

test('timers are raised in the order of their times, none early', async () => {
  const { board, arm, isDue, end } = start();
  board.setTimeRunning(true);
  arm(0, 300);
  arm(1, 100);
  arm(2, 200);
  const last = board.bus.read(MTIMECMP, 8)!;
  const looks = new Set<string>();
  // The latest is looked at first: when it is due, then so are those that are looked at after it.
  await until(() => {
    const look = [0, 2, 1].map(isDue);
    looks.add(look.map(Number).join(''));
    return look[0]!;
  });
  expect(board.time()).toBeGreaterThanOrEqual(last);
  for (const look of looks) expect(['000', '001', '011', '111']).toContain(look);
  await end();
});

test('a timer that is set while the worker waits for a later one is not missed', async () => {
  const { board, arm, isDue, end } = start();
  board.setTimeRunning(true);
  arm(0, 3_600_000);
  await sleep(50);
  arm(1, 50);
  await until(() => isDue(1));
  expect(isDue(0)).toBe(false);
  await end();
});

test('the alarm of the clock goes off too', async () => {
  const { board, arm, isDue, setAlarm, hasAlarm, end } = start();
  board.setTimeRunning(true);
  arm(0, 3_600_000);
  await sleep(20);
  setAlarm(50);
  expect(hasAlarm()).toBe(false);
  await until(hasAlarm);
  expect(isDue(0)).toBe(false);
  await end();
});

test('nothing is raised while time stands, and what is due comes when it goes on', async () => {
  const { board, arm, isDue, end } = start();
  for (let hart = 0; hart < VCPUS; hart++) arm(hart, 20);
  await sleep(100);
  expect([0, 1, 2].map(isDue)).toEqual([false, false, false]);
  board.setTimeRunning(true);
  await until(() => [0, 1, 2].every(isDue));
  await end();
});

test('it leaves when asked, whatever it waits for', async () => {
  const { board, arm, end } = start();
  board.setTimeRunning(true);
  arm(0, 3_600_000);
  await sleep(50);
  await end();
});
