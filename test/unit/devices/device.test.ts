import { describe, expect, test } from 'vitest';
import { device } from '../../../core/devices/device.ts';
import { array, struct, u32, u64 } from '../../../core/memory/struct.ts';
import { onBench } from './bench.ts';

const state = struct({ WORDS: array(u32, 3), WIDE: u64, settled: u32 });

interface Pins {
  level(value: number): void;
}

const sample = device<typeof state.fields, Pins, { add(amount: number): number }>('sample', {
  doc: 'A device for this test.',
  size: 0x40,
  state,
  registers: {
    WORDS: {
      at: 0x4,
      count: 3,
      stride: 8,
      read: (state, _, index) => state.WORDS[index]!,
      write: (state, value, _, index) => {
        state.WORDS[index] = value;
      },
    },
    WIDE: {
      at: 0x20,
      width: 8,
      read: (state) => state.WIDE,
      write: (state, value) => {
        state.WIDE = value;
      },
    },
    BYTE: { at: 0x30, width: 1, read: () => 0x1ff },
    STROBE: { at: 0x34, write: (state) => state.WORDS.fill(9) },
  },
  windows: {
    SPACE: {
      at: 0x38,
      size: 6,
      read: (state, _, offset, bytes) => state.WIDE + BigInt(offset * 0x10 + bytes),
      write: (state, value, _, offset, bytes) => {
        state.WIDE = (value << 8n) | BigInt(offset * 0x10 + bytes);
      },
    },
    /** Only to be looked at. */
    GLASS: { at: 0x3e, size: 2, read: () => 0x1_2345n },
  },
  reset: (state) => {
    state.WORDS.fill(0);
    state.WIDE = 0n;
    state.settled = 0;
  },
  operations: {
    add: (state, _, amount) => {
      state.WORDS[0]! += amount;
      return state.WORDS[0]!;
    },
  },
  settle: (state, pins) => {
    state.settled++;
    pins.level(state.WORDS[0]!);
  },
});

const bench = () => {
  const levels: number[] = [];
  return { levels, ...onBench(sample, { level: (value) => levels.push(value) }) };
};

describe('registers', () => {
  test('of an array are told apart', () => {
    const { get, set } = bench();
    for (const [index, value] of [11, 22, 33].entries()) set(0x4 + 8 * index, value);
    expect([get(0x4), get(0xc), get(0x14)]).toEqual([11, 22, 33]);
  });

  test('of 64 bits are read and written whole and by halves', () => {
    const { read, write, reports } = bench();
    write(0x20, 8, 0x1122_3344_5566_7788n);
    expect([read(0x20, 4), read(0x24, 4)]).toEqual([0x5566_7788n, 0x1122_3344n]);
    write(0x24, 4, 0xffff_ffffn);
    expect(read(0x20, 8)).toBe(0xffff_ffff_5566_7788n);
    write(0x20, 4, 1n);
    expect(read(0x20, 8)).toBe(0xffff_ffff_0000_0001n);
    expect(reports).toEqual([]);
  });

  test('give no more than their width', () => {
    expect(bench().read(0x30, 1)).toBe(0xffn);
  });
});

describe('windows', () => {
  test('take accesses of any width at any offset', () => {
    const { read, write, reports } = bench();
    expect([read(0x38, 1), read(0x39, 4), read(0x3c, 2)]).toEqual([0x01n, 0x14n, 0x42n]);
    write(0x3b, 2, 0xabcdn);
    expect(read(0x38, 4)).toBe(0xab_cd32n + 4n);
    expect(reports).toEqual([]);
  });

  test('give no more than the width of the access', () => {
    expect([bench().read(0x3e, 2), bench().read(0x3e, 1)]).toEqual([0x2345n, 0x45n]);
  });

  test('refuse what leaves them, and what they do not do', () => {
    const { read, write, reports } = bench();
    expect(read(0x3c, 4)).toBe(0n);
    write(0x3e, 2, 1n);
    expect(reports).toEqual([
      'sample: no register for a read of size 4 at offset 0x3c',
      'sample: no register for a write of size 2 at offset 0x3e',
    ]);
  });
});

describe('what no register answers to', () => {
  test.each([
    ['an offset where nothing is', 0x0, 4],
    ['between the registers of an array', 0x8, 4],
    ['a narrower access', 0x4, 2],
    ['a wider access', 0x4, 8],
    ['an access within a register', 0x5, 1],
    ['a quarter of a wide register', 0x22, 4],
    ['a register that is only written', 0x34, 4],
  ])('%s reads as zero and is reported once', (_, offset, bytes) => {
    const { read, set, reports } = bench();
    set(0x34, 0);
    expect([read(offset, bytes), read(offset, bytes)]).toEqual([0n, 0n]);
    expect(reports).toEqual([`sample: no register for a read of size ${bytes} at offset 0x${offset.toString(16)}`]);
  });

  test('is not written', () => {
    const { write, get, reports } = bench();
    write(0x4, 8, 0xffff_ffff_ffffn);
    write(0x30, 1, 1n);
    expect(get(0x4)).toBe(0);
    expect(reports).toEqual([
      'sample: no register for a write of size 8 at offset 0x4',
      'sample: no register for a write of size 1 at offset 0x30',
    ]);
  });

  test('does not fill the log', () => {
    const { get, reports } = bench();
    for (let offset = 0x40; offset < 0x1000; offset++) get(offset, 1);
    expect(reports).toHaveLength(64);
  });
});

test('settle follows each access, operation and reset, once', () => {
  const { get, set, operations, reset, levels, state } = bench();
  expect(levels).toEqual([0]);
  set(0x4, 5);
  get(0x4);
  expect(operations.add(2)).toBe(7);
  expect(levels).toEqual([0, 5, 5, 7]);
  expect(state.settled).toBe(4);
  reset();
  expect(levels).toEqual([0, 5, 5, 7, 0]);
});

test('a definition whose parts overlap or do not fit is refused', () => {
  const make = (registers: Record<string, { at: number; width?: 1 | 2 | 4; count?: number }>): unknown =>
    device<typeof state.fields, Pins>('broken', {
      ...sample,
      operations: {},
      size: 0x10,
      registers,
      windows: { SPACE: { at: 0xc, size: 4 } },
    });
  expect(() => make({ ONE: { at: 0 }, OTHER: { at: 3, width: 1 } })).toThrow('broken: ONE and OTHER overlap');
  expect(() => make({ ONE: { at: 0xd, width: 1 } })).toThrow('broken: SPACE and ONE overlap');
  expect(() => make({ LONG: { at: 0x10, count: 1 } })).toThrow('broken: LONG at 0x10 lies beyond its registers');
  expect(() => make({ ONE: { at: 0, count: 3 } })).not.toThrow();
});
