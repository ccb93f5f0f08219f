import { describe, expect, test } from 'vitest';
import { FLASH_BLOCK_BYTES, FLASH_BYTES, flashCfi } from '../../../core/devices/flash-cfi.ts';
import { onBench } from './bench.ts';

const READY = 0x0080_0080;
const ERASE_ERROR = 0x0020_0020;
const PROGRAM_ERROR = 0x0010_0010;
const both = (byte: number): number => byte * 0x1_0001;

function bench(readOnly = false) {
  const contents = new Uint8Array(new SharedArrayBuffer(FLASH_BYTES));
  const host = { changes: 0 };
  const board = onBench(flashCfi('flash', readOnly), { contents, changed: () => host.changes++ });
  const command = (offset: number, ...values: number[]): void => {
    for (const value of values) board.set(offset, both(value));
  };
  const erase = (offset: number): void => command(offset, 0x20, 0xd0);
  const status = (): number => {
    command(0, 0x70);
    const found = board.get(0);
    command(0, 0xff);
    return found;
  };
  return { ...board, contents, host, command, erase, status };
}

test('shows its contents at any offset and width', () => {
  const { contents, get, read } = bench();
  contents.set([1, 2, 3, 4, 5, 6, 7, 8], 0x1fff);
  expect([get(0x1fff, 1), get(0x2000, 2), get(0x1fff)]).toEqual([1, 0x0302, 0x0403_0201]);
  expect(read(0x1fff, 8)).toBe(0x0807_0605_0403_0201n);
  expect(get(FLASH_BYTES - 4)).toBe(0);
});

describe('says of itself', () => {
  test('who made it', () => {
    const { command, get } = bench();
    command(0, 0x90);
    expect([get(0), get(4), get(8)]).toEqual([both(0x89), both(0x18), 0]);
    command(0, 0xff);
    expect(get(0)).toBe(0);
  });

  test('how it is organized', () => {
    const { command, get } = bench();
    command(0x55 * 4, 0x98);
    const query = (index: number): number => get(index * 4) & 0xffff;
    expect(String.fromCharCode(query(0x10), query(0x11), query(0x12))).toBe('QRY');
    const chips = 2;
    expect(2 ** query(0x27) * chips).toBe(FLASH_BYTES);
    expect((query(0x2d) + 1) * query(0x30) * 256 * 256 * chips).toBe(FLASH_BYTES);
    const table = query(0x15);
    expect(String.fromCharCode(query(table), query(table + 1), query(table + 2))).toBe('PRI');
  });
});

describe('programs', () => {
  test('a word, and reports the change once until it is asked for', () => {
    const { command, set, get, host, operations } = bench();
    command(0x100, 0x40);
    set(0x100, 0x1234_5678);
    expect(get(0x100)).toBe(READY);
    command(0x200, 0x10);
    set(0x200, 0xffff, 2);
    command(0, 0xff);
    expect([get(0x100), get(0x200)]).toEqual([0x1234_5678, 0xffff]);
    expect(host.changes).toBe(1);
    expect(operations.takeChanged()).toEqual({ start: 0x100, end: 0x202 });
    expect(operations.takeChanged()).toBeUndefined();
    command(0x100, 0x40, 0);
    expect(host.changes).toBe(2);
  });

  test('a buffer of words, in any order, once it is confirmed', () => {
    const { command, set, get, status } = bench();
    command(0x1000, 0xe8);
    expect(get(0x1000)).toBe(READY);
    set(0x1000, both(2));
    set(0x1000, 0xa);
    set(0x1008, 0xc);
    set(0x1004, 0xb);
    command(0x1000, 0xd0);
    expect(status()).toBe(READY);
    expect([get(0x1000), get(0x1004), get(0x1008), get(0x100c)]).toEqual([0xa, 0xb, 0xc, 0]);
  });

  test.each([
    ['is not confirmed', 2, [0x1000, 0x1004], 0xff, ERASE_ERROR | PROGRAM_ERROR],
    ['leaves its range', 2, [0x1000, 0x2000], 0xd0, PROGRAM_ERROR],
    ['leaves what the chips program at once', 2, [0x1ffc, 0x2000], 0xd0, PROGRAM_ERROR],
    [
      'is larger than the chips hold',
      1025,
      Array.from({ length: 1025 }, (_, n) => 0x1000 + 4 * n),
      0xd0,
      PROGRAM_ERROR,
    ],
    ['leaves the flash', 2, [FLASH_BYTES - 4, FLASH_BYTES - 4], 0xd0, PROGRAM_ERROR],
  ])('nothing of a buffer that %s', (_, count, offsets, last, errors) => {
    const { command, set, status, contents, host } = bench();
    command(0x1000, 0xe8, count - 1);
    for (const offset of offsets) set(offset, 0x2020_2020);
    command(0x1000, last);
    expect(status()).toBe(READY | errors);
    expect([host.changes, contents[0x1000], contents[0x1ffc]]).toEqual([0, 0, 0]);
    command(0, 0x50);
    expect(status()).toBe(READY);
  });
});

describe('erases', () => {
  test('the block and no more', () => {
    const { erase, get, status, operations } = bench();
    erase(FLASH_BLOCK_BYTES + 0x1234);
    expect(status()).toBe(READY);
    expect([get(FLASH_BLOCK_BYTES - 4), get(FLASH_BLOCK_BYTES), get(2 * FLASH_BLOCK_BYTES)]).toEqual([
      0, 0xffff_ffff, 0,
    ]);
    expect(operations.takeChanged()).toEqual({ start: FLASH_BLOCK_BYTES, end: 2 * FLASH_BLOCK_BYTES });
  });

  test('nothing without being told twice', () => {
    const { command, status, get } = bench();
    command(0, 0x20, 0xff);
    expect(status()).toBe(READY | ERASE_ERROR | PROGRAM_ERROR);
    expect(get(0)).toBe(0);
  });
});

test('a bank that is read only refuses, and says so', () => {
  const { command, erase, status, host, contents } = bench(true);
  command(0, 0x40, 0x77);
  expect(status()).toBe(READY | PROGRAM_ERROR);
  command(0, 0x50);
  erase(0);
  expect(status()).toBe(READY | ERASE_ERROR);
  expect([host.changes, contents[0]]).toEqual([0, 0]);
});

test('blocks can be unlocked, as drivers do before they erase', () => {
  const { command, status } = bench();
  command(0, 0x60, 0xd0);
  command(0, 0x60, 0x01);
  expect(status()).toBe(READY);
});

test('probes for other command sets end with the contents', () => {
  const { command, set, get } = bench();
  set(0x555, 0xaa, 1);
  set(0x2aa, 0x55, 1);
  command(0, 0x90);
  set(0, 0xf0, 1);
  expect(get(0)).toBe(0);
});

test('a reset ends what was begun and keeps the contents', () => {
  const { command, set, reset, get } = bench();
  command(0x100, 0x40);
  set(0x100, 0x1234_5678);
  command(0x100, 0x40);
  reset();
  expect(get(0x100)).toBe(0x1234_5678);
  command(0, 0x70);
  expect(get(0x100)).toBe(READY);
});
