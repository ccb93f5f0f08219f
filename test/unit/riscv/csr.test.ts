import { describe, expect, test } from 'vitest';
import { csrName, csrNumber } from '../../../core/riscv/csr/numbers.ts';
import { accessible, CSRS } from '../../../core/riscv/csr/table.ts';
import { type Hart, MACHINE, MENVCFG, MSTATUS, SUPERVISOR, USER } from '../../../core/riscv/hart.ts';
import type { HartView } from '../../../core/riscv/state.ts';
import { createOracle } from '../../support/oracle.ts';

const ONES = 0xffff_ffff_ffff_ffffn;

const newHart = (hartId = 0): Hart =>
  createOracle({ ramBytes: 4096, code: new Uint8Array(), hartId, time: () => 77n }).hart;
const read = (hart: Hart, name: string): bigint => CSRS.get(csrNumber(name)!)!.read(hart);
const write = (hart: Hart, name: string, value: bigint): void => CSRS.get(csrNumber(name)!)!.write?.(hart, value);

describe('a write keeps what is legal', () => {
  test.each<[name: string, value: bigint, legal: bigint]>([
    ['mstatus', ONES, 0x8000_000a_007e_79aan],
    ['mstatus', 0x8000_0000_0000_4000n, 0xa_0000_4000n],
    ['fflags', ONES, 0x1fn],
    ['frm', ONES, 7n],
    ['fcsr', ONES, 0xffn],
    ['misa', 0n, 0x8000_0000_0014_112fn],
    ['medeleg', ONES, 0xb3fen],
    ['mideleg', ONES, 0x222n],
    ['mie', ONES, 0xaaan],
    ['mip', ONES, 0x222n],
    ['mtvec', 0x8000_0101n, 0x8000_0101n],
    ['mtvec', 0x8000_0102n, 0n],
    ['mtvec', ONES, 0n],
    ['mcounteren', ONES, 7n],
    ['mcountinhibit', ONES, 0n],
    ['menvcfg', ONES, 0xe000_0000_0000_00f1n],
    ['menvcfg', 0x20n, 0n],
    ['menvcfg', 0x10n, 0x10n],
    ['mscratch', ONES, ONES],
    ['mepc', ONES, 0xffff_ffff_ffff_fffen],
    ['mcause', ONES, ONES],
    ['mtval', ONES, ONES],
    ['pmpcfg4', ONES, 0n],
    ['pmpaddr16', ONES, 0n],
    ['mhpmcounter31', ONES, 0n],
    ['mhpmevent3', ONES, 0n],
    ['sstatus', ONES, 0x8000_0002_000c_6122n],
    ['sie', ONES, 0n],
    ['sip', ONES, 0n],
    ['stvec', 0x8000_0101n, 0x8000_0101n],
    ['stvec', ONES, 0n],
    ['scounteren', ONES, 7n],
    ['senvcfg', ONES, 0xf1n],
    ['senvcfg', 0x20n, 0n],
    ['sscratch', ONES, ONES],
    ['sepc', ONES, 0xffff_ffff_ffff_fffen],
    ['scause', ONES, ONES],
    ['stval', ONES, ONES],
    ['stimecmp', 5n, 5n],
  ])('%s = %s', (name, value, legal) => {
    const hart = newHart();
    write(hart, name, value);
    expect(read(hart, name)).toBe(legal);
  });

  test('mstatus.MPP stays where the mode does not exist', () => {
    const hart = newHart();
    for (const before of [0n, 1n << 11n, MSTATUS.MPP]) {
      write(hart, 'mstatus', before);
      write(hart, 'mstatus', (2n << 11n) | MSTATUS.MIE);
      expect(read(hart, 'mstatus')).toBe(MSTATUS.UXL | MSTATUS.SXL | before | MSTATUS.MIE);
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
  const may = (name: string, privilege: number, writes: boolean, state: Partial<HartView> = {}): boolean => {
    const hart = newHart();
    Object.assign(hart.state, { privilege, ...state });
    return accessible(hart, csrNumber(name)!, writes) !== undefined;
  };

  test('follows from the number', () => {
    expect(may('mstatus', MACHINE, true)).toBe(true);
    expect(may('mstatus', USER, false)).toBe(false);
    expect(may('mhartid', MACHINE, false)).toBe(true);
    expect(may('mhartid', MACHINE, true)).toBe(false);
    expect(may('mhartid', SUPERVISOR, false)).toBe(false);
    expect(may('sscratch', SUPERVISOR, true)).toBe(true);
    expect(may('sscratch', USER, false)).toBe(false);
  });

  test('is refused where the hart has no such CSR', () => {
    // Floating point, the hypervisor's, the security configuration, and the odd ones that only RV32 has.
    const absent = ['fcsr', 'fflags', 'pmpcfg1'].map((name) => csrNumber(name)!);
    for (const number of [...absent, 0x600, 0x680, 0x747, 0x8ff])
      expect([number, accessible(newHart(), number, false)]).toEqual([number, undefined]);
  });

  test.each([
    ['cycle', 1n],
    ['time', 2n],
    ['instret', 4n],
  ])('to %s by the lower modes follows from mcounteren and scounteren', (name, bit) => {
    const others = 7n & ~bit;
    expect(may(name, USER, false, { mcounteren: bit, scounteren: bit })).toBe(true);
    expect(may(name, USER, false, { mcounteren: others, scounteren: 7n })).toBe(false);
    expect(may(name, USER, false, { mcounteren: 7n, scounteren: others })).toBe(false);
    expect(may(name, USER, true, { mcounteren: 7n, scounteren: 7n })).toBe(false);
    expect(may(name, SUPERVISOR, false, { mcounteren: bit })).toBe(true);
    expect(may(name, SUPERVISOR, false, { mcounteren: others, scounteren: 7n })).toBe(false);
    expect(may(name, MACHINE, false)).toBe(true);
    expect(may(name, MACHINE, true, { mcounteren: 7n })).toBe(false);
  });

  test('to the other counters is never granted to the lower modes', () => {
    expect(may('hpmcounter3', MACHINE, false)).toBe(true);
    expect(may('hpmcounter3', SUPERVISOR, false, { mcounteren: 7n })).toBe(false);
  });

  test('to satp by supervisor mode is for TVM to grant', () => {
    for (const writes of [false, true]) {
      expect(may('satp', SUPERVISOR, writes)).toBe(true);
      expect(may('satp', SUPERVISOR, writes, { mstatus: MSTATUS.TVM })).toBe(false);
      expect(may('satp', MACHINE, writes, { mstatus: MSTATUS.TVM })).toBe(true);
      expect(may('satp', USER, writes)).toBe(false);
    }
  });

  test('to stimecmp by supervisor mode is for mcounteren.TM and menvcfg.STCE to grant', () => {
    const granted = { mcounteren: 2n, menvcfg: MENVCFG.STCE };
    expect(may('stimecmp', SUPERVISOR, true, granted)).toBe(true);
    expect(may('stimecmp', SUPERVISOR, true, { ...granted, menvcfg: 0n })).toBe(false);
    expect(may('stimecmp', SUPERVISOR, true, { ...granted, mcounteren: 5n })).toBe(false);
    expect(may('stimecmp', MACHINE, true, { menvcfg: 0n })).toBe(true);
  });
});

describe('sstatus', () => {
  test('is part of mstatus, and leaves the rest alone', () => {
    const hart = newHart();
    write(hart, 'mstatus', ONES);
    write(hart, 'sstatus', 0n);
    expect(read(hart, 'mstatus')).toBe(0xa_0072_1888n);
    write(hart, 'mstatus', 0n);
    write(hart, 'sstatus', MSTATUS.SUM | MSTATUS.SPP | MSTATUS.TSR);
    expect(read(hart, 'mstatus')).toBe(MSTATUS.UXL | MSTATUS.SXL | MSTATUS.SUM | MSTATUS.SPP);
  });
});

describe('interrupts', () => {
  test('show in sie and sip where they are delegated', () => {
    const hart = newHart();
    write(hart, 'mie', ONES);
    hart.state.mip = 0xaaa;
    write(hart, 'mideleg', 0x202n);
    expect([read(hart, 'sie'), read(hart, 'sip')]).toEqual([0x202n, 0x202n]);
    write(hart, 'sie', 0x200n);
    expect(read(hart, 'mie')).toBe(0xaa8n);
    write(hart, 'mideleg', 0n);
    expect([read(hart, 'sie'), read(hart, 'sip')]).toEqual([0n, 0n]);
  });

  test('of supervisor mode are raised by software through mip; through sip only its own', () => {
    const hart = newHart();
    write(hart, 'mideleg', 0x222n);
    write(hart, 'mip', 0x220n);
    write(hart, 'sip', 2n);
    expect(read(hart, 'mip')).toBe(0x222n);
    write(hart, 'sip', 0n);
    expect(read(hart, 'mip')).toBe(0x220n);
    write(hart, 'mideleg', 0n);
    write(hart, 'sip', 2n);
    expect(read(hart, 'mip')).toBe(0x220n);
  });

  test('of a device stay when software takes its own away', () => {
    const hart = newHart();
    hart.state.mip = 0x200;
    write(hart, 'mip', 0x200n);
    write(hart, 'mip', 0n);
    expect(read(hart, 'mip')).toBe(0x200n);
    expect(CSRS.get(csrNumber('mip')!)!.held!(hart)).toBe(0n);
  });

  test('of the timer are no longer for software once Sstc is on', () => {
    const hart = newHart();
    write(hart, 'mip', 0x20n);
    write(hart, 'menvcfg', MENVCFG.STCE);
    expect(read(hart, 'mip')).toBe(0n);
    write(hart, 'mip', 0x222n);
    expect(read(hart, 'mip')).toBe(0x202n);
  });
});

test('the timer is set to stimecmp while Sstc is on', () => {
  const deadlines: bigint[] = [];
  const { hart } = createOracle({
    ramBytes: 4096,
    code: new Uint8Array(),
    setSupervisorTimer: (deadline) => deadlines.push(deadline),
  });
  write(hart, 'stimecmp', 100n);
  write(hart, 'menvcfg', MENVCFG.STCE);
  write(hart, 'stimecmp', 200n);
  write(hart, 'menvcfg', 0n);
  expect(deadlines).toEqual([ONES, 100n, 200n, ONES]);
});

describe('satp', () => {
  test.each([0n, 8n, 9n, 10n])('takes mode %i, all of the number of the address space and of the root', (mode) => {
    const hart = newHart();
    const value = (mode << 60n) | 0xfff_ffff_ffff_ffffn;
    write(hart, 'satp', value);
    expect(read(hart, 'satp')).toBe(value);
  });

  test.each([1n, 7n, 11n, 15n])('ignores a write with mode %i', (mode) => {
    const hart = newHart();
    write(hart, 'satp', (8n << 60n) | 5n);
    write(hart, 'satp', (mode << 60n) | 6n);
    expect(read(hart, 'satp')).toBe((8n << 60n) | 5n);
  });
});
