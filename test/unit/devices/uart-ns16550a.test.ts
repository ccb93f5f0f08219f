import { describe, expect, test } from 'vitest';
import { ByteRing, ringBytes } from '../../../core/base/ring.ts';
import { FIFO_BYTES, uartNs16550a } from '../../../core/devices/uart-ns16550a.ts';
import { onBench } from './bench.ts';

const RBR = 0;
const THR = 0;
const DLL = 0;
const IER = 1;
const DLM = 1;
const IIR = 2;
const FCR = 2;
const LCR = 3;
const MCR = 4;
const LSR = 5;
const MSR = 6;
const SCR = 7;

const THRE = 0x20;
const TEMT = 0x40;
const DR = 0x01;
const OE = 0x02;

function bench(capacity = 64) {
  const ring = (): ByteRing => new ByteRing(new SharedArrayBuffer(ringBytes(capacity)), 0, capacity);
  const output = ring();
  const input = ring();
  const line = { level: false, kicks: 0 };
  const device = onBench(uartNs16550a, {
    irq: (level) => {
      line.level = level;
    },
    kick: () => {
      line.kicks++;
    },
    output,
    input,
  });
  return {
    ...device,
    output,
    input,
    line,
    get: (offset: number) => device.get(offset, 1),
    set: (offset: number, value: number) => device.set(offset, value, 1),
    /** The host sends bytes. Returns how many went into the ring. */
    arrive(...bytes: number[]) {
      const count = input.write(Uint8Array.from(bytes));
      device.operations.received();
      return count;
    },
    /** The host takes what has been sent. */
    drain() {
      const bytes = [...output.read()];
      device.operations.drained();
      return bytes;
    },
  };
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

test('after reset nothing is enabled and the transmitter is empty', () => {
  const { get, line } = bench();
  expect([IER, IIR, LCR, MCR, LSR, MSR].map(get)).toEqual([0, 0x01, 0, 0, THRE | TEMT, 0xb0]);
  expect(line.level).toBe(false);
});

test('the divisor latch lies over the data and interrupt enable registers', () => {
  const { get, set, output } = bench();
  set(LCR, 0x83);
  set(DLL, 0x34);
  set(DLM, 0x12);
  expect([get(DLL), get(DLM)]).toEqual([0x34, 0x12]);
  set(LCR, 0x03);
  expect([get(RBR), get(IER), get(LCR)]).toEqual([0, 0, 3]);
  expect(output.used).toBe(0);
});

test('registers keep the bits that they have', () => {
  const { get, set } = bench();
  for (const register of [IER, MCR, SCR, LSR, MSR]) set(register, 0xff);
  set(IER, 0xff);
  expect([get(IER), get(MCR), get(SCR), get(LSR)]).toEqual([0x0f, 0x1f, 0xff, THRE | TEMT]);
});

describe('transmitter', () => {
  test('bytes come out in order, and the host is told when there are new ones', () => {
    const { set, drain, line } = bench();
    for (const byte of [1, 2, 3]) set(THR, byte);
    expect(line.kicks).toBe(1);
    expect(drain()).toEqual([1, 2, 3]);
    set(THR, 4);
    expect(line.kicks).toBe(2);
    expect(drain()).toEqual([4]);
  });

  test('a driver that fills the FIFO when THRE is set loses nothing to a slow host', () => {
    const { get, set, drain } = bench(64);
    const sent = numbers(200);
    const arrived: number[] = [];
    let next = 0;
    while (next < sent.length) {
      if (get(LSR) & THRE) {
        for (let free = FIFO_BYTES; free > 0 && next < sent.length; free--) set(THR, sent[next++]!);
      } else {
        expect(get(LSR) & TEMT).toBe(0);
        arrived.push(...drain());
      }
    }
    arrived.push(...drain());
    expect(arrived).toEqual(sent);
  });

  test('its interrupt: at once when enabled, silenced by reading IIR or by writing, again when empty', () => {
    const { get, set, line } = bench();
    set(IER, 0x02);
    expect(line.level).toBe(true);
    expect(get(IIR)).toBe(0x02);
    expect(line.level).toBe(false);
    expect(get(IIR)).toBe(0x01);
    set(THR, 65);
    expect(line.level).toBe(true);
    expect(get(IIR)).toBe(0x02);
    expect(line.level).toBe(false);
  });

  test('its interrupt comes anew when it is disabled and enabled, which drivers test for', () => {
    const { get, set } = bench();
    set(IER, 0x02);
    expect(get(IIR)).toBe(0x02);
    set(IER, 0x00);
    set(IER, 0x02);
    expect(get(IIR)).toBe(0x02);
    set(IER, 0x02);
    expect(get(IIR)).toBe(0x01);
  });

  test('its interrupt waits for the host while the ring is full', () => {
    const { get, set, drain, line } = bench(16);
    set(IER, 0x02);
    set(THR, 65);
    expect(line.level).toBe(false);
    expect(get(LSR)).toBe(0);
    drain();
    expect(line.level).toBe(true);
    expect(get(LSR)).toBe(THRE | TEMT);
    expect(get(IIR)).toBe(0x02);
    drain();
    expect(line.level).toBe(false);
  });

  test('the interrupt that was not yet told goes when it is disabled', () => {
    const { set, line } = bench();
    set(IER, 0x02);
    set(IER, 0x00);
    expect(line.level).toBe(false);
  });
});

describe('receiver', () => {
  test('without FIFO: one byte at a time, the rest waits outside', () => {
    const { get, set, arrive, line } = bench();
    set(IER, 0x01);
    arrive(1, 2);
    expect(line.level).toBe(true);
    expect([get(IIR), get(LSR) & DR, get(RBR)]).toEqual([0x04, DR, 1]);
    expect(line.level).toBe(true);
    expect([get(RBR), get(LSR) & (DR | OE)]).toEqual([2, 0]);
    expect(line.level).toBe(false);
  });

  test.each([
    [0x00, 1],
    [0x40, 4],
    [0x80, 8],
    [0xc0, 14],
  ])('with trigger bits 0x%x data is available from %i bytes on, fewer time out', (bits, trigger) => {
    const { get, set, arrive, line } = bench();
    set(FCR, 0x01 | bits);
    set(IER, 0x01);
    arrive(...numbers(trigger));
    expect(get(IIR)).toBe(0xc4);
    expect(get(RBR)).toBe(1);
    expect(get(IIR)).toBe(trigger === 1 ? 0xc1 : 0xcc);
    for (const expected of numbers(trigger).slice(1)) expect(get(RBR)).toBe(expected);
    expect(get(IIR)).toBe(0xc1);
    expect(line.level).toBe(false);
  });

  test('more than the FIFO holds is not lost, and the host is told of room', () => {
    const { get, set, arrive, line } = bench(32);
    set(FCR, 0x01);
    expect(arrive(...numbers(60))).toBe(32);
    expect(line.kicks).toBe(1);
    expect(arrive(...numbers(60).slice(32))).toBe(16);
    const received: number[] = [];
    while (get(LSR) & DR) received.push(get(RBR));
    expect(received).toEqual(numbers(48));
    expect(line.kicks).toBe(2);
    expect(get(LSR) & OE).toBe(0);
  });

  test('its FIFO is emptied by reset and by switching it', () => {
    const { get, set, arrive } = bench();
    set(FCR, 0x01);
    arrive(1, 2);
    set(FCR, 0x03);
    expect(get(LSR) & DR).toBe(0);
    arrive(3, 4);
    set(FCR, 0x00);
    expect(get(LSR) & DR).toBe(0);
    expect(get(IIR)).toBe(0x01);
    arrive(5);
    set(FCR, 0x06);
    expect(get(RBR)).toBe(5);
  });

  test('received data goes before an empty transmitter', () => {
    const { get, set, arrive } = bench();
    set(IER, 0x03);
    arrive(1);
    expect(get(IIR)).toBe(0x04);
    get(RBR);
    expect(get(IIR)).toBe(0x02);
  });
});

describe('loopback', () => {
  test('what is sent comes back, and neither way leaves the chip', () => {
    const { get, set, arrive, output } = bench();
    set(FCR, 0x01);
    set(MCR, 0x10);
    arrive(99);
    for (const byte of [1, 2]) set(THR, byte);
    expect([get(RBR), get(RBR), get(LSR) & DR, output.used]).toEqual([1, 2, 0, 0]);
    set(MCR, 0x00);
    expect(get(RBR)).toBe(99);
  });

  test('an overrun is told once, with the highest priority', () => {
    const { get, set, line } = bench();
    set(MCR, 0x10);
    set(IER, 0x05);
    set(THR, 1);
    set(THR, 2);
    expect(get(IIR)).toBe(0x06);
    expect(get(LSR)).toBe(DR | OE | THRE | TEMT);
    expect(get(IIR)).toBe(0x04);
    expect([get(RBR), get(LSR) & (DR | OE)]).toEqual([1, 0]);
    expect(line.level).toBe(false);
  });

  test('modem control shows in modem status, as drivers probe for', () => {
    const { get, set } = bench();
    set(MCR, 0x1a);
    expect(get(MSR) & 0xf0).toBe(0x90);
    set(MCR, 0x15);
    expect(get(MSR) & 0xf0).toBe(0x60);
  });

  test('changes of modem lines are told until read; of RI only that it fell', () => {
    const { get, set, line } = bench();
    set(IER, 0x08);
    set(MCR, 0x1f);
    expect(get(MSR)).toBe(0xf0);
    set(MCR, 0x1d);
    expect(line.level).toBe(true);
    expect(get(IIR)).toBe(0x00);
    expect(get(MSR)).toBe(0xe1);
    expect(line.level).toBe(false);
    set(MCR, 0x19);
    expect(get(MSR)).toBe(0xa4);
  });
});

test('reset forgets everything but what waits outside', () => {
  const { get, set, arrive, reset, line } = bench();
  set(FCR, 0x01);
  set(IER, 0x0f);
  set(MCR, 0x1f);
  set(SCR, 1);
  arrive(...numbers(20));
  reset();
  expect(line.level).toBe(false);
  expect([IER, IIR, LCR, MCR, SCR, MSR].map(get)).toEqual([0, 0x01, 0, 0, 0, 0xb0]);
});
