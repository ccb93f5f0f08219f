import { describe, expect, test } from 'vitest';
import { aclintMswi, aclintMtimer } from '../../../core/devices/aclint.ts';
import { onBench } from './bench.ts';

describe('MSWI', () => {
  const bench = (harts: number) => {
    const lines: boolean[] = [];
    const device = onBench(aclintMswi(harts), {
      software: (hart, level) => {
        lines[hart] = level;
      },
    });
    return { ...device, lines };
  };

  test('the lowest bit of a word is the line of its hart', () => {
    const { get, set, lines } = bench(3);
    set(4, 0xffff_ffff);
    expect(lines).toEqual([false, true, false]);
    expect([get(0), get(4), get(8)]).toEqual([0, 1, 0]);
    set(4, 0xffff_fffe);
    expect(lines).toEqual([false, false, false]);
  });

  test('there is no word for a hart that is not there', () => {
    const { set, lines, reports } = bench(1);
    set(4, 1);
    expect(lines).toEqual([false]);
    expect(reports).toHaveLength(1);
  });
});

describe('MTIMER', () => {
  const MTIME = 0x7ff8;
  const bench = (harts: number) => {
    const lines: boolean[] = [];
    const supervisors: boolean[] = [];
    const clock = { now: 1000n, changes: 0 };
    const device = onBench(aclintMtimer(harts), {
      timer: (hart, level) => {
        lines[hart] = level;
      },
      supervisorTimer: (hart, level) => {
        supervisors[hart] = level;
      },
      now: () => clock.now,
      deadlineChanged: () => {
        clock.changes++;
      },
    });
    return { ...device, lines, supervisors, clock };
  };

  test('MTIME counts from reset, and can be set', () => {
    const { read, write, clock } = bench(1);
    expect(read(MTIME, 8)).toBe(0n);
    clock.now += 0x1_0000_0005n;
    expect([read(MTIME, 8), read(MTIME, 4), read(MTIME + 4, 4)]).toEqual([0x1_0000_0005n, 5n, 1n]);
    write(MTIME, 8, 77n);
    clock.now += 3n;
    expect(read(MTIME, 8)).toBe(80n);
    expect(clock.changes).toBe(1);
  });

  test('the line is high from MTIMECMP on, until a later time is written', () => {
    const { write, operations, lines, clock } = bench(2);
    write(8, 8, 50n);
    expect(lines).toEqual([false, false]);
    clock.now += 49n;
    operations.nextDeadline();
    expect(lines).toEqual([false, false]);
    clock.now += 1n;
    operations.nextDeadline();
    expect(lines).toEqual([false, true]);
    write(8, 8, 51n);
    expect(lines).toEqual([false, false]);
    write(0, 8, 0n);
    expect(lines).toEqual([true, false]);
  });

  test('supervisor timers have times of their own', () => {
    const { write, operations, lines, supervisors, clock, reset } = bench(2);
    write(0, 8, 60n);
    operations.setSupervisorTimer(0, 50n);
    expect(clock.changes).toBe(2);
    expect(operations.nextDeadline()).toBe(50n);
    operations.setSupervisorTimer(1, 51n);
    expect(clock.changes).toBe(2);
    clock.now += 50n;
    expect(operations.nextDeadline()).toBe(1n);
    expect([lines, supervisors]).toEqual([
      [false, false],
      [true, false],
    ]);
    operations.setSupervisorTimer(0, 0xffff_ffff_ffff_ffffn);
    expect(supervisors).toEqual([false, false]);
    operations.setSupervisorTimer(0, 0n);
    expect(supervisors).toEqual([true, false]);
    reset();
    expect(supervisors).toEqual([false, false]);
  });

  test('times are unsigned, and all ones after reset', () => {
    const { read, write, lines, reset } = bench(1);
    write(MTIME, 8, 0x8000_0000_0000_0000n);
    expect(lines).toEqual([false]);
    write(0, 8, 0x7fff_ffff_ffff_ffffn);
    expect(lines).toEqual([true]);
    reset();
    expect(lines).toEqual([false]);
    expect(read(0, 8)).toBe(0xffff_ffff_ffff_ffffn);
  });

  test('the next deadline is that of the earliest timer which is not due', () => {
    const { write, operations, clock } = bench(3);
    expect(operations.nextDeadline()).toBeUndefined();
    write(0, 8, 300n);
    write(8, 8, 200n);
    write(16, 8, 0n);
    expect(operations.nextDeadline()).toBe(200n);
    clock.now += 150n;
    expect(operations.nextDeadline()).toBe(50n);
    clock.now += 50n;
    expect(operations.nextDeadline()).toBe(100n);
    clock.now += 100n;
    expect(operations.nextDeadline()).toBeUndefined();
  });

  test('only what may come earlier than promised is announced', () => {
    const { write, operations, clock } = bench(2);
    write(0, 8, 300n);
    expect(clock.changes).toBe(1);
    operations.nextDeadline();
    write(0, 8, 400n);
    write(8, 8, 300n);
    expect(clock.changes).toBe(1);
    write(8, 8, 299n);
    expect(clock.changes).toBe(2);
  });
});
