import { describe, expect, test } from 'vitest';
import { plic, SOURCES } from '../../../core/devices/plic.ts';
import { onBench } from './bench.ts';

const PENDING = 0x1000;
const priorityOf = (source: number): number => 4 * source;
const enableOf = (context: number, word: number): number => 0x2000 + 0x80 * context + 4 * word;
const thresholdOf = (context: number): number => 0x20_0000 + 0x1000 * context;
const claimOf = (context: number): number => 0x20_0004 + 0x1000 * context;

function bench(contexts = 2) {
  const external: boolean[] = [];
  const device = onBench(plic(contexts), {
    external: (context, level) => {
      external[context] = level;
    },
  });
  return {
    ...device,
    external,
    /** Lets `source` reach `context` with `priority`. */
    route(source: number, context: number, priority: number) {
      device.set(priorityOf(source), priority);
      const word = enableOf(context, source >> 5);
      device.set(word, (device.get(word) | (1 << (source & 31))) >>> 0);
    },
    raise: (source: number) => device.operations.source(source, true),
    lower: (source: number) => device.operations.source(source, false),
    claim: (context: number) => device.get(claimOf(context)),
    complete: (context: number, source: number) => device.set(claimOf(context), source),
  };
}

describe('claim and complete', () => {
  test('a source is claimed once, and again after it was completed while still high', () => {
    const { route, raise, claim, complete, external, get } = bench();
    route(10, 0, 1);
    raise(10);
    expect(external[0]).toBe(true);
    expect(get(PENDING)).toBe(1 << 10);
    expect(claim(0)).toBe(10);
    expect(external[0]).toBe(false);
    expect(get(PENDING)).toBe(0);
    expect(claim(0)).toBe(0);
    complete(0, 10);
    expect(external[0]).toBe(true);
    expect(claim(0)).toBe(10);
  });

  test('nothing comes back when the source was low before it was completed', () => {
    const { route, raise, lower, claim, complete, external } = bench();
    route(10, 0, 1);
    raise(10);
    expect(claim(0)).toBe(10);
    lower(10);
    complete(0, 10);
    expect(external[0]).toBe(false);
    expect(claim(0)).toBe(0);
  });

  test('a request stays pending when its source falls before the claim', () => {
    const { route, raise, lower, claim } = bench();
    route(10, 0, 1);
    raise(10);
    lower(10);
    expect(claim(0)).toBe(10);
  });

  test('a source that rises again in service waits for completion', () => {
    const { route, raise, lower, claim, complete, external } = bench();
    route(10, 0, 1);
    raise(10);
    claim(0);
    lower(10);
    raise(10);
    expect(external[0]).toBe(false);
    complete(0, 10);
    expect(external[0]).toBe(true);
  });

  test('completion by a context that has not enabled the source is ignored', () => {
    const { route, raise, claim, complete, external } = bench();
    route(10, 0, 1);
    raise(10);
    claim(0);
    complete(1, 10);
    expect(external[0]).toBe(false);
    complete(0, 11);
    complete(0, 5000);
    expect(external[0]).toBe(false);
    complete(0, 10);
    expect(external[0]).toBe(true);
  });

  test('only one of two contexts gets a source', () => {
    const { route, raise, claim, external } = bench();
    route(10, 0, 1);
    route(10, 1, 1);
    raise(10);
    expect(external).toEqual([true, true]);
    expect(claim(1)).toBe(10);
    expect(external).toEqual([false, false]);
    expect(claim(0)).toBe(0);
  });
});

describe('ranking', () => {
  test('the highest priority first, of equal ones the lowest source', () => {
    const { route, raise, claim } = bench();
    for (const [source, priority] of [
      [3, 2],
      [40, 7],
      [64, 2],
      [SOURCES, 7],
      [2, 1],
    ] as const) {
      route(source, 0, priority);
      raise(source);
    }
    expect([claim(0), claim(0), claim(0), claim(0), claim(0), claim(0)]).toEqual([40, SOURCES, 3, 64, 2, 0]);
  });

  test('priority zero never interrupts', () => {
    const { route, raise, claim, external } = bench();
    route(10, 0, 0);
    raise(10);
    expect(external[0]).toBe(false);
    expect(claim(0)).toBe(0);
  });

  test('the threshold holds back what is not above it, but not a claim', () => {
    const { route, raise, set, claim, external } = bench();
    route(10, 0, 3);
    set(thresholdOf(0), 3);
    raise(10);
    expect(external[0]).toBe(false);
    set(thresholdOf(0), 2);
    expect(external[0]).toBe(true);
    set(thresholdOf(0), 7);
    expect(claim(0)).toBe(10);
  });
});

describe('registers', () => {
  test('keep only the bits that they have', () => {
    const { get, set } = bench();
    set(priorityOf(SOURCES), 0xff);
    set(thresholdOf(1), 0xff);
    set(enableOf(1, 0), 0xffff_ffff);
    set(enableOf(1, 2), 0xffff_ffff);
    set(enableOf(1, 3), 0xffff_ffff);
    set(enableOf(1, 4), 0xffff_ffff);
    expect(get(priorityOf(SOURCES))).toBe(7);
    expect(get(thresholdOf(1))).toBe(7);
    expect([0, 1, 2, 3, 4].map((word) => get(enableOf(1, word)))).toEqual([0xffff_fffe, 0, 0xffff_ffff, 1, 0]);
    expect(get(enableOf(0, 0))).toBe(0);
  });

  test('of contexts that are not there are not there', () => {
    const { get, reports } = bench(2);
    expect(get(claimOf(2))).toBe(0);
    expect(reports).toEqual(['riscv.sifive.plic: no register for a read of size 4 at offset 0x202004']);
  });

  test('are empty after reset', () => {
    const { route, raise, reset, claim, external, get } = bench();
    route(10, 0, 1);
    raise(10);
    reset();
    expect([external[0], claim(0), get(priorityOf(10)), get(enableOf(0, 0)), get(PENDING)]).toEqual([
      false,
      0,
      0,
      0,
      0,
    ]);
  });
});
