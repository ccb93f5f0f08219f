import { describe, expect, test } from 'vitest';
import { csrName, csrNumber } from '../../../core/riscv/csr/numbers.ts';
import { accessible, CSRS } from '../../../core/riscv/csr/table.ts';
import { type Hart, MACHINE, MSTATUS, USER } from '../../../core/riscv/hart.ts';
import { createOracle } from '../../support/oracle.ts';

const ONES = 0xffff_ffff_ffff_ffffn;

const newHart = (hartId = 0): Hart =>
  createOracle({ ramBytes: 4096, code: new Uint8Array(), hartId, time: () => 77n }).hart;
const read = (hart: Hart, name: string): bigint => CSRS.get(csrNumber(name)!)!.read(hart);
const write = (hart: Hart, name: string, value: bigint): void => CSRS.get(csrNumber(name)!)!.write?.(hart, value);

describe('a write keeps what is legal', () => {
  test.each<[name: string, value: bigint, legal: bigint]>([
    ['mstatus', ONES, 0x8000_0002_0022_7888n],
    ['mstatus', 0x8000_0000_0000_4000n, 0x2_0000_4000n],
    ['fflags', ONES, 0x1fn],
    ['frm', ONES, 7n],
    ['fcsr', ONES, 0xffn],
    ['misa', 0n, 0x8000_0000_0010_112fn],
    ['mie', ONES, 0x888n],
    ['mip', ONES, 0n],
    ['mtvec', 0x8000_0101n, 0x8000_0101n],
    ['mtvec', 0x8000_0102n, 0n],
    ['mtvec', ONES, 0n],
    ['mcounteren', ONES, 7n],
    ['mcountinhibit', ONES, 0n],
    ['menvcfg', ONES, 0xf1n],
    ['menvcfg', 0x20n, 0n],
    ['menvcfg', 0x10n, 0x10n],
    ['mscratch', ONES, ONES],
    ['mepc', ONES, 0xffff_ffff_ffff_fffen],
    ['mcause', ONES, ONES],
    ['mtval', ONES, ONES],
    ['pmpcfg0', ONES, 0n],
    ['pmpaddr63', ONES, 0n],
    ['mhpmcounter31', ONES, 0n],
    ['mhpmevent3', ONES, 0n],
  ])('%s = %s', (name, value, legal) => {
    const hart = newHart();
    write(hart, name, value);
    expect(read(hart, name)).toBe(legal);
  });

  test('mstatus.MPP stays where the mode does not exist', () => {
    const hart = newHart();
    for (const before of [0n, MSTATUS.MPP]) {
      write(hart, 'mstatus', before);
      for (const illegal of [1n << 11n, 2n << 11n]) {
        write(hart, 'mstatus', illegal | MSTATUS.MIE);
        expect(read(hart, 'mstatus')).toBe(MSTATUS.UXL | before | MSTATUS.MIE);
      }
    }
  });

  test('everything else in mtvec stays where its mode is reserved', () => {
    const hart = newHart();
    write(hart, 'mtvec', 0x8000_0000n);
    write(hart, 'mtvec', 0x9000_0003n);
    expect(read(hart, 'mtvec')).toBe(0x8000_0000n);
  });
});

describe('counters', () => {
  test('mcycle and minstret are written apart, to be read by the next instruction', () => {
    const hart = newHart();
    const retire = (count: bigint): void => {
      hart.state.minstret += count;
    };
    retire(10n);
    write(hart, 'minstret', 1000n);
    retire(1n);
    expect(read(hart, 'minstret')).toBe(1000n);
    expect(read(hart, 'mcycle')).toBe(11n);
    write(hart, 'mcycle', 5n);
    retire(1n);
    expect(read(hart, 'mcycle')).toBe(5n);
    expect(read(hart, 'cycle')).toBe(5n);
    expect(read(hart, 'instret')).toBe(1001n);
  });

  test.each(['minstret', 'mcycle'])('%s wraps around', (name) => {
    const hart = newHart();
    for (const value of [0n, ONES]) {
      write(hart, name, value);
      hart.state.minstret++;
      expect(read(hart, name)).toBe(value);
      hart.state.minstret++;
      expect(read(hart, name)).toBe(BigInt.asUintN(64, value + 1n));
    }
  });

  test('time is what the environment says', () => {
    expect(read(newHart(), 'time')).toBe(77n);
  });
});

test('mhartid is the index of the hart', () => {
  expect(read(newHart(5), 'mhartid')).toBe(5n);
});

test('names and numbers lead to each other', () => {
  for (const [number, { name }] of CSRS) expect([csrNumber(name), csrName(number)]).toEqual([number, name]);
  expect(csrNumber('nosuch')).toBeUndefined();
  expect(csrName(0x8ff)).toBeUndefined();
});

describe('access', () => {
  const may = (name: string, privilege: number, writes: boolean, mcounteren = 0n): boolean => {
    const hart = newHart();
    Object.assign(hart.state, { privilege, mcounteren });
    return accessible(hart, csrNumber(name)!, writes) !== undefined;
  };

  test('follows from the number', () => {
    expect(may('mstatus', MACHINE, true)).toBe(true);
    expect(may('mstatus', USER, false)).toBe(false);
    expect(may('mhartid', MACHINE, false)).toBe(true);
    expect(may('mhartid', MACHINE, true)).toBe(false);
    expect(may('mhartid', USER, false)).toBe(false);
  });

  test('is refused where the hart has no such CSR', () => {
    // Supervisor mode, floating point, and the odd ones that only RV32 has.
    const absent = ['satp', 'sstatus', 'medeleg', 'mideleg', 'fcsr', 'fflags', 'pmpcfg1', 'stimecmp'];
    for (const name of absent) expect([name, may(name, MACHINE, false)]).toEqual([name, false]);
    expect(accessible(newHart(), 0x8ff, false)).toBeUndefined();
  });

  test.each([
    ['cycle', 1n],
    ['time', 2n],
    ['instret', 4n],
  ])('of user mode to %s follows from mcounteren', (name, bit) => {
    expect(may(name, USER, false, bit)).toBe(true);
    expect(may(name, USER, false, 7n & ~bit)).toBe(false);
    expect(may(name, USER, true, 7n)).toBe(false);
    expect(may(name, MACHINE, false, 0n)).toBe(true);
    expect(may(name, MACHINE, true, 7n)).toBe(false);
  });

  test('of user mode to the other counters is never granted', () => {
    expect(may('hpmcounter3', MACHINE, false)).toBe(true);
    expect(may('hpmcounter3', USER, false, 7n)).toBe(false);
  });
});
