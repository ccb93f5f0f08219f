import { describe, expect, test } from 'vitest';
import { fwCfg, fwCfgItems } from '../../../core/devices/fw-cfg.ts';
import { onBench } from './bench.ts';
import { benchRam, RAM_ADDRESS, RAM_BYTES } from './ram.ts';

const DATA = 0x00;
const SELECTOR = 0x08;
const DMA = 0x10;
const FILE_DIR = 0x19;
const REQUEST = 0x100;

const text = (content: string): Uint8Array => Uint8Array.from(Buffer.from(content));

function bench() {
  const files = [
    { name: 'opt/seed', bytes: text('a seed of some length') },
    { name: 'etc/one', bytes: text('1') },
  ];
  const ram = benchRam();
  const board = onBench(fwCfg(fwCfgItems(3, files)), { dma: ram.dma });
  const swap = (value: number, bytes: number): number => Number.parseInt(bytesOf(value, bytes), 16);
  const bytesOf = (value: number, bytes: number): string =>
    Buffer.from(value.toString(16).padStart(bytes * 2, '0'), 'hex')
      .reverse()
      .toString('hex');
  const select = (key: number): void => board.set(SELECTOR, swap(key, 2), 2);
  const take = (count: number): Buffer => Buffer.from(Array.from({ length: count }, () => board.get(DATA, 1)));
  /** Serves a request, and returns its control word afterwards. */
  function request(control: number, length: number, address = RAM_ADDRESS + 0x200, at = RAM_ADDRESS + REQUEST): number {
    ram.view.setUint32(REQUEST, control);
    ram.view.setUint32(REQUEST + 4, length);
    ram.view.setBigUint64(REQUEST + 8, BigInt(address));
    board.set(DMA, 0);
    board.set(DMA + 4, swap(at, 4));
    return ram.view.getUint32(REQUEST);
  }
  return { ...board, ram, select, take, request };
}

describe('the data register', () => {
  test('gives an item byte by byte, then zeros', () => {
    const { select, take } = bench();
    select(0);
    expect(take(6).toString('latin1')).toBe('QEMU\0\0');
    select(5);
    expect([...take(2)]).toEqual([3, 0]);
    select(0);
    expect(take(4).toString()).toBe('QEMU');
  });

  test('gives bytes in their order, whatever the width', () => {
    const { select, read } = bench();
    select(0);
    expect([read(DATA, 2), read(DATA, 2)]).toEqual([0x4551n, 0x554dn]);
    select(0);
    expect(read(DATA, 8)).toBe(0x554d_4551n);
  });

  test('knows nothing of other keys, and is not written', () => {
    const { select, take, set } = bench();
    select(0x1234);
    expect([...take(2)]).toEqual([0, 0]);
    select(0);
    set(DATA, 0x77, 1);
    expect(take(4).toString()).toBe('QEMU');
  });
});

test('the directory lists files in the order of their names', () => {
  const { select, take } = bench();
  select(FILE_DIR);
  expect(take(4).readUInt32BE()).toBe(2);
  for (const [name, size, key] of [
    ['etc/one', 1, 0x20],
    ['opt/seed', 21, 0x21],
  ] as const) {
    const entry = take(64);
    expect([entry.readUInt32BE(0), entry.readUInt16BE(4), entry.toString('latin1', 8).replace(/\0+$/, '')]).toEqual([
      size,
      key,
      name,
    ]);
  }
  select(0x21);
  expect(take(6).toString()).toBe('a seed');
});

describe('DMA', () => {
  const SELECT = 8;
  const READ = 2;
  const SKIP = 4;
  const WRITE = 16;
  const ERROR = 1;

  test('can be recognized', () => {
    const { read, select, take } = bench();
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(read(DMA, 8));
    expect(bytes.toString()).toBe('QEMU CFG');
    select(1);
    expect(take(1)[0]).toBe(3);
  });

  test('selects, skips and reads; behind the end there are zeros', () => {
    const { request, ram } = bench();
    ram.bytes.fill(0xee, 0x200, 0x300);
    expect(request((0x21 << 16) | SELECT | SKIP, 2)).toBe(0);
    expect(request(READ, 4)).toBe(0);
    expect(Buffer.from(ram.bytes.subarray(0x200, 0x205)).toString('latin1')).toBe('seed\xee');
    expect(request(READ, 20)).toBe(0);
    expect(Buffer.from(ram.bytes.subarray(0x200, 0x215)).toString('latin1')).toBe(' of some length\0\0\0\0\0\xee');
  });

  test('serves an address written at once', () => {
    const { ram, write } = bench();
    ram.view.setUint32(REQUEST, (0 << 16) | SELECT | READ);
    ram.view.setUint32(REQUEST + 4, 4);
    ram.view.setBigUint64(REQUEST + 8, BigInt(RAM_ADDRESS + 0x400));
    const address = Buffer.alloc(8);
    address.writeBigUInt64BE(BigInt(RAM_ADDRESS + REQUEST));
    write(DMA, 8, address.readBigUInt64LE());
    expect(Buffer.from(ram.bytes.subarray(0x400, 0x404)).toString()).toBe('QEMU');
  });

  test('does not write items', () => {
    expect(bench().request((0x21 << 16) | SELECT | WRITE, 4)).toBe(ERROR);
  });

  test.each([
    ['outside RAM', 0x1000, 4],
    ['across the end of RAM', RAM_ADDRESS + RAM_BYTES - 2, 4],
    ['as much as can be asked for', RAM_ADDRESS + 0x1000, 0xffff_ffff],
    ['where no address is', 2 ** 63, 1],
  ])('%s fails', (_, address, length) => {
    expect(bench().request(READ, length, address) & ERROR).toBe(ERROR);
  });

  test('a request that is not in RAM is not answered', () => {
    const { request, ram } = bench();
    expect(request((0 << 16) | SELECT | READ, 4, RAM_ADDRESS + 0x200, 0x1000)).toBe(SELECT | READ);
    expect(ram.pages).toEqual([]);
  });

  test('says which pages it stores to', () => {
    const { request, ram } = bench();
    request((0 << 16) | SELECT | READ, 0x1800, RAM_ADDRESS + 0x2800);
    expect(ram.pages.map((page) => page - RAM_ADDRESS)).toEqual([0x2000, 0x3000, 0x0000]);
  });
});
