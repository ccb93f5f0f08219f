import { describe, expect, test } from 'vitest';
import { rtcGoldfish } from '../../../core/devices/rtc-goldfish.ts';
import { onBench } from './bench.ts';

const TIME_LOW = 0x00;
const TIME_HIGH = 0x04;
const ALARM_LOW = 0x08;
const ALARM_HIGH = 0x0c;
const IRQ_ENABLED = 0x10;
const CLEAR_ALARM = 0x14;
const ALARM_STATUS = 0x18;
const CLEAR_INTERRUPT = 0x1c;

function bench(timeOfDay = 0x1122_3344_5566_7788n) {
  const host = { timeOfDay, irq: false, changes: 0 };
  const board = onBench(rtcGoldfish, {
    timeOfDay: () => host.timeOfDay,
    irq: (level) => {
      host.irq = level;
    },
    deadlineChanged: () => host.changes++,
  });
  const time = (): bigint => {
    const low = BigInt(board.get(TIME_LOW));
    return (BigInt(board.get(TIME_HIGH)) << 32n) | low;
  };
  const setAlarm = (at: bigint): void => {
    board.set(ALARM_HIGH, Number(at >> 32n));
    board.set(ALARM_LOW, Number(at & 0xffff_ffffn));
  };
  return { ...board, host, time, setAlarm };
}

describe('the time', () => {
  test('is that of the host', () => {
    expect(bench().time()).toBe(0x1122_3344_5566_7788n);
  });

  test('is read in one piece: the lower half holds on to the upper one', () => {
    const { get, host } = bench(0x1_ffff_ffffn);
    expect(get(TIME_LOW)).toBe(0xffff_ffff);
    host.timeOfDay += 1n;
    expect(get(TIME_HIGH)).toBe(1);
    expect([get(TIME_LOW), get(TIME_HIGH)]).toEqual([0, 2]);
  });

  test('can be set, and goes on from there', () => {
    const { set, time, host } = bench();
    set(TIME_HIGH, 7);
    set(TIME_LOW, 9);
    host.timeOfDay += 100n;
    expect(time()).toBe((7n << 32n) + 109n);
  });

  test('is that of the host again after a reset', () => {
    const { set, time, reset } = bench();
    set(TIME_HIGH, 0);
    reset();
    expect(time()).toBe(0x1122_3344_5566_7788n);
  });
});

describe('the alarm', () => {
  test('goes off at its time, and interrupts until that is cleared', () => {
    const { set, get, setAlarm, host, operations } = bench(1000n);
    set(IRQ_ENABLED, 1);
    setAlarm(1500n);
    expect([get(ALARM_STATUS), host.irq, host.changes]).toEqual([1, false, 1]);
    expect(operations.nextDeadline()).toBe(500n);
    host.timeOfDay = 1499n;
    expect([operations.nextDeadline(), host.irq]).toEqual([1n, false]);
    host.timeOfDay = 1500n;
    expect([operations.nextDeadline(), host.irq, get(ALARM_STATUS)]).toEqual([undefined, true, 0]);
    set(CLEAR_INTERRUPT, 0);
    expect(host.irq).toBe(false);
  });

  test('whose time has passed goes off at once', () => {
    const { setAlarm, set, host } = bench(1000n);
    setAlarm(999n);
    expect(host.irq).toBe(false);
    set(IRQ_ENABLED, 1);
    expect(host.irq).toBe(true);
  });

  test('can be cleared', () => {
    const { set, get, setAlarm, host, operations } = bench(1000n);
    set(IRQ_ENABLED, 1);
    setAlarm(1500n);
    set(CLEAR_ALARM, 1);
    host.timeOfDay = 2000n;
    expect([operations.nextDeadline(), host.irq, get(ALARM_STATUS)]).toEqual([undefined, false, 0]);
  });

  test('moves when the clock is set', () => {
    const { set, setAlarm, host, operations } = bench(1000n);
    setAlarm(1500n);
    set(TIME_LOW, 1400);
    expect([operations.nextDeadline(), host.changes]).toEqual([100n, 2]);
  });

  test('can be read back', () => {
    const { get, setAlarm } = bench();
    setAlarm(0x2222_0000_1111_0000n);
    expect([get(ALARM_LOW), get(ALARM_HIGH), get(IRQ_ENABLED)]).toEqual([0x1111_0000, 0x2222_0000, 0]);
  });
});
