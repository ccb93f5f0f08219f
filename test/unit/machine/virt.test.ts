import { describe, expect, test } from 'vitest';
import { memoryRanges } from '../../../core/machine/virt.ts';
import { RAM_BYTES, watchedBoard } from './wires.ts';

const TEST = 0x10_0000;
const CLINT = 0x200_0000;
const PLIC = 0xc00_0000;
const UART = 0x1000_0000;

test('the memory map is that of QEMU', () => {
  const ranges = memoryRanges(watchedBoard(1).bus, RAM_BYTES);
  expect(
    ranges.map(({ start, end, kind, name }) => `${start.toString(16)}-${end.toString(16)} ${kind} ${name}`),
  ).toEqual([
    '1000-ffff rom riscv_virt_board.mrom',
    '100000-100fff i/o riscv.sifive.test',
    '101000-101023 i/o goldfish_rtc',
    '2000000-2003fff i/o riscv.aclint.swi',
    '2004000-200bfff i/o riscv.aclint.mtimer',
    'c000000-c5fffff i/o riscv.sifive.plic',
    '10000000-10000007 i/o serial',
    '10001000-100011ff i/o virtio-mmio',
    '10002000-100021ff i/o virtio-mmio',
    '10003000-100031ff i/o virtio-mmio',
    '10004000-100041ff i/o virtio-mmio',
    '10005000-100051ff i/o virtio-mmio',
    '10006000-100061ff i/o virtio-mmio',
    '10007000-100071ff i/o virtio-mmio',
    '10008000-100081ff i/o virtio-mmio',
    '10100000-10100007 i/o fwcfg.data',
    '10100008-10100009 i/o fwcfg.ctl',
    '10100010-10100017 i/o fwcfg.dma',
    '20000000-21ffffff romd virt.flash0',
    '22000000-23ffffff romd virt.flash1',
    '80000000-803fffff ram riscv_virt_board.ram',
  ]);
});

describe('the bus', () => {
  test.each([
    ['below the first device', 0x0f_fff8, 8],
    ['between devices', 0x10_2000, 4],
    ['behind the last device', UART + 8, 1],
    ['across the end of a device', UART + 6, 4],
    ['far away', 2 ** 63, 8],
  ])('finds nothing %s', (_, address, bytes) => {
    const { bus } = watchedBoard(1);
    expect(bus.read(address, bytes)).toBeUndefined();
    expect(bus.write(address, bytes, 0n)).toBe(false);
  });

  test('shows each access to whoever watches', () => {
    const { bus } = watchedBoard(1);
    const seen: unknown[] = [];
    bus.trace = (...access) => seen.push(access);
    bus.write(UART + 7, 1, 0x5an);
    bus.read(UART + 7, 1);
    bus.read(0, 1);
    bus.trace = undefined;
    bus.read(UART + 7, 1);
    expect(seen).toEqual([
      ['write', 'serial', UART + 7, 1, 0x5an],
      ['read', 'serial', UART + 7, 1, 0x5an],
    ]);
  });
});

describe('wiring', () => {
  test('software interrupts', () => {
    const { bus, high } = watchedBoard(2);
    bus.write(CLINT + 4, 4, 1n);
    expect([...high]).toEqual(['1.3']);
    bus.write(CLINT + 4, 4, 0n);
    expect(high.size).toBe(0);
  });

  test('the serial port reaches a hart through the interrupt controller', () => {
    const { bus, serial, high } = watchedBoard(2);
    bus.write(PLIC + 4 * 10, 4, 1n);
    bus.write(PLIC + 0x2000 + 0x80 * 2, 4, 1n << 10n);
    bus.write(UART + 1, 1, 1n);
    serial.input.write(Uint8Array.of(0x41));
    serial.received();
    expect([...high]).toEqual(['1.11']);
    expect(bus.read(PLIC + 0x20_0004 + 0x1000 * 2, 4)).toBe(10n);
    expect(high.size).toBe(0);
    expect(bus.read(UART, 1)).toBe(0x41n);
    bus.write(PLIC + 0x20_0004 + 0x1000 * 2, 4, 10n);
    expect(high.size).toBe(0);
  });

  test('the second context of a hart is that of supervisor mode', () => {
    const { bus, high } = watchedBoard(2);
    bus.write(PLIC + 4 * 10, 4, 1n);
    bus.write(PLIC + 0x2000 + 0x80 * 3, 4, 1n << 10n);
    bus.write(UART + 1, 1, 2n);
    expect([...high]).toEqual(['1.9']);
    expect(bus.read(PLIC + 0x20_0004 + 0x1000 * 3, 4)).toBe(10n);
    expect(high.size).toBe(0);
  });

  test('the serial port calls for the host when there is output', () => {
    const { bus, serial, host } = watchedBoard(1);
    bus.write(UART, 1, 0x42n);
    expect(host.kicks).toBe(1);
    expect([...serial.output.read()]).toEqual([0x42]);
    serial.drained();
  });

  test('the test finisher', () => {
    const { bus, finishes } = watchedBoard(1);
    bus.write(TEST, 4, 0x7_3333n);
    expect(finishes).toEqual([{ kind: 'fail', code: 7 }]);
  });

  test('mistakes are reported once', () => {
    const { bus, reports } = watchedBoard(1);
    bus.read(TEST + 4, 4);
    bus.read(TEST + 4, 4);
    expect(reports).toEqual(['riscv.sifive.test: no register for a read of size 4 at offset 0x4']);
  });
});

describe('time', () => {
  const MTIME = CLINT + 0xbff8;
  const MTIMECMP = CLINT + 0x4000;

  test('passes in ticks of 100 ns, only while it is let', () => {
    const { bus, time, host, setTimeRunning, clock } = watchedBoard(1);
    expect(clock.isRunning).toBe(false);
    host.now += 1000n;
    expect(time()).toBe(0n);
    setTimeRunning(true);
    host.now += 1234n;
    expect([time(), bus.read(MTIME, 8), clock.nanoseconds()]).toEqual([12n, 12n, 1234n]);
    setTimeRunning(false);
    host.now += 1_000_000n;
    expect(time()).toBe(12n);
    setTimeRunning(true);
    setTimeRunning(true);
    host.now += 66n;
    expect([time(), clock.nanoseconds()]).toEqual([13n, 1300n]);
  });

  test('a timer is raised when it is due, and awaited only while time passes', () => {
    const { bus, high, host, setTimeRunning, expireTimers } = watchedBoard(2);
    bus.write(MTIMECMP + 8, 8, 20n);
    expect(expireTimers()).toBeUndefined();
    setTimeRunning(true);
    expect(expireTimers()).toBe(20n);
    host.now += 1_999n;
    expect(expireTimers()).toBe(1n);
    expect(high.size).toBe(0);
    host.now += 1n;
    expect(expireTimers()).toBeUndefined();
    expect([...high]).toEqual(['1.7']);
  });

  test('the supervisor timer of a hart is one of those that are awaited', () => {
    const { bus, high, host, setTimeRunning, setSupervisorTimer, expireTimers } = watchedBoard(2);
    setTimeRunning(true);
    bus.write(MTIMECMP, 8, 50n);
    setSupervisorTimer(1, 20n);
    expect(expireTimers()).toBe(20n);
    host.now += 2_000n;
    expect(expireTimers()).toBe(30n);
    expect([...high]).toEqual(['1.5']);
    setSupervisorTimer(1, 21n);
    expect(high.size).toBe(0);
  });

  test('what the guest writes to MTIME is what the time CSR shows', () => {
    const { bus, time, setTimeRunning, host } = watchedBoard(1);
    setTimeRunning(true);
    bus.write(MTIME, 8, 1000n);
    host.now += 500n;
    expect(time()).toBe(1005n);
  });
});

test('reset lowers every line and keeps what waits for the host', () => {
  const { bus, high, reset, serial, setTimeRunning, host, time } = watchedBoard(2);
  setTimeRunning(true);
  host.now += 1_000_000n;
  bus.write(UART, 1, 0x42n);
  bus.write(CLINT, 4, 1n);
  bus.write(CLINT + 0x4000, 8, 0n);
  bus.write(PLIC + 4 * 10, 4, 1n);
  bus.write(PLIC + 0x2000, 4, 1n << 10n);
  bus.write(UART + 1, 1, 2n);
  expect([...high].sort()).toEqual(['0.11', '0.3', '0.7']);
  reset();
  expect([high.size, time(), serial.output.used]).toEqual([0, 0n, 1]);
  expect(bus.read(PLIC + 0x1000, 4)).toBe(0n);
});
