import { describe, expect, test } from 'vitest';
import { csrNumber } from '../../../../core/riscv/csr/numbers.ts';
import { CSRS } from '../../../../core/riscv/csr/table.ts';
import { type Hart, MACHINE, SUPERVISOR, USER } from '../../../../core/riscv/hart.ts';
import { Protection } from '../../../../core/riscv/memory/protection.ts';
import { createOracle } from '../../../support/oracle.ts';

const ONES = 0xffff_ffff_ffff_ffffn;
const newHart = (): Hart => createOracle({ ramBytes: 4096, code: new Uint8Array() }).hart;
const read = (hart: Hart, name: string): bigint => CSRS.get(csrNumber(name)!)!.read(hart);
const write = (hart: Hart, name: string, value: bigint): void => CSRS.get(csrNumber(name)!)!.write?.(hart, value);

const [R, W, X, TOR, NA4, NAPOT, L] = [1n, 2n, 4n, 1n << 3n, 2n << 3n, 3n << 3n, 1n << 7n];

describe('registers', () => {
  test('pmpcfg0 has entries 0 to 7, pmpcfg2 those from 8 to 15', () => {
    const hart = newHart();
    write(hart, 'pmpcfg0', 0x0807_0605_0403_0201n);
    write(hart, 'pmpcfg2', 0x1f1d_1918_0f0d_0908n);
    // Written and not read, entry 2 and 6, is not legal.
    expect(read(hart, 'pmpcfg0')).toBe(0x0807_0405_0403_0001n);
    expect(read(hart, 'pmpcfg2')).toBe(0x1f1d_1918_0f0d_0908n);
    expect([...hart.state.pmpcfg]).toEqual([1, 0, 3, 4, 5, 4, 7, 8, 8, 9, 13, 15, 24, 25, 29, 31]);
  });

  test('reserved bits stay clear, and NA4 cannot be selected', () => {
    const hart = newHart();
    write(hart, 'pmpcfg0', 0x67n);
    expect(read(hart, 'pmpcfg0')).toBe(7n);
    write(hart, 'pmpcfg0', TOR | R);
    write(hart, 'pmpcfg0', NA4 | X);
    expect(read(hart, 'pmpcfg0')).toBe(TOR | X);
  });

  test('addresses tell the granularity of 4 KiB', () => {
    const hart = newHart();
    write(hart, 'pmpaddr0', ONES);
    expect(read(hart, 'pmpaddr0')).toBe(0x3f_ffff_ffff_fc00n);
    write(hart, 'pmpaddr0', 0n);
    write(hart, 'pmpcfg0', NAPOT);
    expect(read(hart, 'pmpaddr0')).toBe(0x1ffn);
    write(hart, 'pmpaddr0', 0x1234_5678n);
    expect(read(hart, 'pmpaddr0')).toBe(0x1234_57ffn);
    write(hart, 'pmpcfg0', TOR);
    expect(read(hart, 'pmpaddr0')).toBe(0x1234_5400n);
    write(hart, 'pmpcfg0', NAPOT);
    expect(read(hart, 'pmpaddr0')).toBe(0x1234_57ffn);
  });

  test('that are locked ignore writes, and so does the address at which they begin', () => {
    const hart = newHart();
    write(hart, 'pmpaddr0', 0x1000n);
    write(hart, 'pmpaddr1', 0x2000n);
    write(hart, 'pmpcfg0', (L | TOR | R) << 8n);
    for (const name of ['pmpaddr0', 'pmpaddr1', 'pmpcfg0']) write(hart, name, 0x7000n);
    expect(['pmpaddr0', 'pmpaddr1', 'pmpcfg0'].map((name) => read(hart, name))).toEqual([
      0x1000n,
      0x2000n,
      (L | TOR | R) << 8n,
    ]);
    write(hart, 'pmpaddr2', 0x7000n);
    expect(read(hart, 'pmpaddr2')).toBe(0x7000n);
    write(hart, 'pmpcfg0', R);
    expect(read(hart, 'pmpcfg0')).toBe(((L | TOR | R) << 8n) | R);
  });
});

describe('regions', () => {
  /** What supervisor mode may do at `address` under these entries. */
  const permissions = (entries: readonly (readonly [bigint, bigint])[], address: number, privilege = SUPERVISOR) => {
    const { state } = newHart();
    for (const [index, [config, start]] of entries.entries()) {
      state.pmpcfg[index] = Number(config);
      state.pmpaddr[index] = start >> 2n;
    }
    return new Protection(state).permissions(address, privilege);
  };

  test('of a power of two', () => {
    const entries = [[NAPOT | R | X, 0x8000_0000n | 0x7fffn]] as const;
    expect([0x7fff_f000, 0x8000_0000, 0x8000_f000, 0x8001_0000].map((at) => permissions(entries, at))).toEqual([
      0, 5, 5, 0,
    ]);
  });

  test('of all there is', () => {
    expect(permissions([[NAPOT | R | W, (1n << 56n) - 1n]], 2 ** 55)).toBe(3);
    expect(permissions([[NAPOT | R | W, (1n << 55n) - 1n]], 2 ** 55)).toBe(3);
  });

  test('of less than a page are the whole page', () => {
    expect(permissions([[NAPOT | R, 0x8000_0800n]], 0x8000_0000)).toBe(1);
  });

  test('from the address before', () => {
    const entries = [
      [TOR | R, 0x1000n],
      [TOR | W | R, 0x4fffn],
      [TOR | X, 0x3000n],
    ] as const;
    expect([0, 0x1000, 0x3000, 0x4000, 0x5000].map((at) => permissions(entries, at))).toEqual([1, 3, 3, 0, 0]);
  });

  test('that overlap: the first one decides', () => {
    const inner = [NAPOT, 0x8000_0000n | 0x7ffn] as const;
    const outer = [NAPOT | R | W | X, 0x8000_0000n | 0xffffn] as const;
    expect([0x8000_0000, 0x8000_1000].map((at) => permissions([inner, outer], at))).toEqual([0, 7]);
    expect([0x8000_0000, 0x8000_1000].map((at) => permissions([outer, inner], at))).toEqual([7, 7]);
  });

  test('bind machine mode where they are locked; what is in none is for machine mode alone', () => {
    const at = 0x8000_0000;
    expect(permissions([[NAPOT | R, BigInt(at)]], at, MACHINE)).toBe(7);
    expect(permissions([[NAPOT | R | L, BigInt(at)]], at, MACHINE)).toBe(1);
    expect(permissions([[NAPOT | R | L, BigInt(at)]], at, USER)).toBe(1);
    expect([MACHINE, SUPERVISOR, USER].map((privilege) => permissions([], at, privilege))).toEqual([7, 0, 0]);
  });
});
