/** Every op of the oracle on the arguments that matter, against values worked out by hand. */
import { describe, expect, test } from 'vitest';
import { Builder } from '../../../core/ir/builder.ts';
import { AMO, type EvaluationTarget, evaluate } from '../../../core/ir/eval.ts';
import { type AmoKind, OPS, type OpName } from '../../../core/ir/ops.ts';
import { BINARY, MIN, ONES, UNARY } from '../../support/op-cases.ts';

/** A machine with registers and nothing else. */
function target(parts: Partial<EvaluationTarget> = {}): EvaluationTarget & { readonly x: bigint[] } {
  const x = Array.from({ length: 32 }, () => 0n);
  const nothing = (): never => {
    throw new Error('no memory');
  };
  return {
    x,
    pc: 0x1000n,
    next: 0x1004n,
    get: (register) => x[register]!,
    set: (register, value) => {
      x[register] = value;
    },
    load: nothing,
    store: nothing,
    amo: nothing,
    loadReserved: nothing,
    touch: nothing,
    raise: nothing,
    storeConditional: nothing,
    ...parts,
  };
}

/** The result of the op on what is in registers 1 and 2; truth values as 0 and 1. */
function compute(name: OpName, x: bigint, y: bigint): bigint {
  const b = new Builder();
  const args = OPS[name].args.map((_, index) => b.get(index + 1));
  const value = (b[name as 'add'] as (...args: number[]) => number)(...args);
  b.set(3, OPS[name].result === 'bool' ? b.number(value) : value);
  const machine = target();
  machine.x[1] = x;
  machine.x[2] = y;
  expect(evaluate(b.finish(), machine)).toEqual({ pc: 0x1004n });
  return machine.x[3]!;
}

describe('pure ops', () => {
  test('are all here', () => {
    const others: OpName[] = ['constant', 'pc', 'next', 'number', 'select'];
    const takes = (name: OpName): string[] => [...OPS[name].args, OPS[name].result];
    // Those of 32-bit values are made by `narrow` alone, and tested with it.
    const all = (Object.keys(OPS) as OpName[]).filter(
      (name) => OPS[name].effect === 'pure' && !takes(name).includes('i32'),
    );
    expect([...Object.keys(BINARY), ...Object.keys(UNARY), ...others].toSorted()).toEqual(all.toSorted());
  });

  test.each(Object.entries(BINARY))('%s', (name, cases) => {
    for (const [x, y, result] of cases) expect([x, y, compute(name as OpName, x, y)]).toEqual([x, y, result]);
  });

  test.each(Object.entries(UNARY))('%s', (name, cases) => {
    for (const [x, result] of cases) expect([x, compute(name as OpName, x, 0n)]).toEqual([x, result]);
  });

  test('constant, pc and next', () => {
    const b = new Builder();
    b.set(1, b.constant(-1n));
    b.set(2, b.pc());
    b.set(3, b.next());
    const machine = target();
    evaluate(b.finish(), machine);
    expect(machine.x.slice(1, 4)).toEqual([ONES, 0x1000n, 0x1004n]);
  });

  test.each([
    [1n, 10n],
    [0n, 20n],
  ])('select and number of %s', (x, chosen) => {
    const b = new Builder();
    const truth = b.ne(b.get(1), b.constant(0n));
    b.set(2, b.select(truth, b.constant(10n), b.constant(20n)));
    b.set(3, b.number(truth));
    const machine = target();
    machine.x[1] = x;
    evaluate(b.finish(), machine);
    expect(machine.x.slice(2, 4)).toEqual([chosen, x]);
  });
});

describe('accesses', () => {
  test('a load is extended as it says', () => {
    const b = new Builder();
    const address = b.constant(0x10n);
    for (const [index, bytes] of ([1, 2, 4, 8] as const).entries()) {
      b.set(index + 1, b.load(bytes, true, address));
      b.set(index + 11, b.load(bytes, false, address));
    }
    const machine = target({ load: (_, bytes) => (1n << BigInt(bytes * 8 - 1)) + 1n });
    evaluate(b.finish(), machine);
    expect(machine.x.slice(1, 5)).toEqual([
      0xffff_ffff_ffff_ff81n,
      0xffff_ffff_ffff_8001n,
      0xffff_ffff_8000_0001n,
      0x8000_0000_0000_0001n,
    ]);
    expect(machine.x.slice(11, 15)).toEqual([0x81n, 0x8001n, 0x8000_0001n, 0x8000_0000_0000_0001n]);
  });

  test('a store is given the low bytes', () => {
    const b = new Builder();
    for (const bytes of [1, 2, 4, 8] as const) b.store(bytes, b.constant(0x10n), b.constant(0x1122_3344_5566_7788n));
    const stored: unknown[] = [];
    evaluate(b.finish(), target({ store: (...access) => stored.push(access) }));
    expect(stored).toEqual([
      [0x10n, 1, 0x88n],
      [0x10n, 2, 0x7788n],
      [0x10n, 4, 0x5566_7788n],
      [0x10n, 8, 0x1122_3344_5566_7788n],
    ]);
  });

  test('cache blocks are zeroed and touched', () => {
    const b = new Builder();
    b.zero(64, b.constant(0x40n));
    b.touch(64, b.constant(0x80n));
    const seen: unknown[] = [];
    const note = (...access: readonly unknown[]): void => void seen.push(access);
    evaluate(b.finish(), target({ store: note, touch: note }));
    expect(seen).toEqual([
      [0x40n, 64, 0n],
      [0x80n, 64],
    ]);
  });

  test('a reservation and a conditional store give what they should', () => {
    const b = new Builder();
    b.set(1, b.loadReserved(4, b.constant(0x10n)));
    b.set(2, b.storeConditional(4, b.constant(0x10n), b.constant(-1n)));
    b.set(3, b.storeConditional(8, b.constant(0x20n), b.constant(-1n)));
    const stored: unknown[] = [];
    const machine = target({
      loadReserved: () => 0x8000_0000n,
      storeConditional: (address, bytes, value) => {
        stored.push([address, bytes, value]);
        return bytes === 4;
      },
    });
    evaluate(b.finish(), machine);
    expect(machine.x.slice(1, 4)).toEqual([0xffff_ffff_8000_0000n, 0n, 1n]);
    expect(stored).toEqual([
      [0x10n, 4, 0xffff_ffffn],
      [0x20n, 8, ONES],
    ]);
  });

  test.each<[AmoKind, found: bigint, operand: bigint, stored: bigint]>([
    ['swap', 1n, 2n, 2n],
    ['add', 0xffff_ffffn, 2n, 1n],
    ['xor', 0b1100n, 0b1010n, 0b0110n],
    ['and', 0b1100n, 0b1010n, 0b1000n],
    ['or', 0b1100n, 0b1010n, 0b1110n],
    ['mins', 0x8000_0000n, 1n, 0x8000_0000n],
    ['mins', 1n, 0xffff_ffffn, 0xffff_ffffn],
    ['maxs', 0x8000_0000n, 1n, 1n],
    ['minu', 0x8000_0000n, 1n, 1n],
    ['maxu', 0x8000_0000n, 1n, 0x8000_0000n],
  ])('amo %s of 4 bytes: %s and %s store %s', (kind, found, operand, stored) => {
    const b = new Builder();
    // What is above the low 32 bits of the operand must not count.
    b.set(1, b.amo(kind, 4, b.constant(0x10n), b.constant(operand | (0x1234n << 32n))));
    let now: bigint | undefined;
    const machine = target({
      amo: (_address, _bytes, update) => {
        now = update(found);
        return found;
      },
    });
    evaluate(b.finish(), machine);
    expect(now).toBe(stored);
    expect(machine.x[1]).toBe(BigInt.asUintN(64, BigInt.asIntN(32, found)));
  });

  test('every kind of amo takes 64 bits', () => {
    const stored = Object.fromEntries(
      Object.entries(AMO).map(([kind, update]) => [kind, BigInt.asUintN(64, update(MIN, 3n, 64))]),
    );
    expect(stored).toEqual({
      ...{ swap: 3n, add: MIN + 3n, xor: MIN + 3n, and: 0n, or: MIN + 3n },
      ...{ mins: MIN, maxs: 3n, minu: 3n, maxu: MIN },
    });
  });

  test('an access that throws leaves what follows undone', () => {
    const b = new Builder();
    b.set(1, b.load(4, true, b.constant(0n)));
    const machine = target();
    machine.x[1] = 5n;
    expect(() => evaluate(b.finish(), machine)).toThrow('no memory');
    expect(machine.x[1]).toBe(5n);
  });
});

describe('ends', () => {
  const outcomeOf = (write: (b: Builder) => void) => {
    const b = new Builder();
    write(b);
    return evaluate(b.finish(), target());
  };

  test('lead where they say', () => {
    expect(outcomeOf((b) => b.jump(b.constant(0x42n)))).toEqual({ pc: 0x42n });
    expect(outcomeOf((b) => b.branch(b.eq(b.pc(), b.pc()), b.constant(0x42n)))).toEqual({ pc: 0x42n });
    expect(outcomeOf((b) => b.branch(b.ne(b.pc(), b.pc()), b.constant(0x42n)))).toEqual({ pc: 0x1004n });
    expect(outcomeOf((b) => b.exit('somewhere'))).toEqual({ door: 'somewhere' });
    expect(outcomeOf((b) => b.fence())).toEqual({ pc: 0x1004n });
  });
});

test.each([
  [1n, { pc: 0x1004n }, 5n],
  [0n, 'illegal', 0n],
])('a guard of %s', (x, outcome, written) => {
  const b = new Builder();
  b.guard(b.eq(b.get(1), b.constant(1n)));
  b.set(2, b.constant(5n));
  const machine = target();
  machine.x[1] = x;
  expect(evaluate(b.finish(), machine)).toEqual(outcome);
  expect(machine.x[2]).toBe(written);
});

test('probes count and call', () => {
  const b = new Builder();
  b.count(1, b.accessValue());
  b.call(4);
  b.callIf(5, b.eq(b.counter(1), b.accessAddress()));
  b.callIf(6, b.eq(b.accessKind(), b.constant(3n)));
  const counters = [0n, 30n];
  const called: number[] = [];
  const probes = {
    accessAddress: 42n,
    accessKind: 2n,
    accessValue: 12n,
    counter: (index: number) => counters[index]!,
    count: (index: number, amount: bigint) => {
      counters[index]! += amount;
    },
    call: (callback: number) => called.push(callback),
    record: () => false,
  };
  evaluate(b.finish(), target({ probes }));
  expect(counters).toEqual([0n, 42n]);
  expect(called).toEqual([4, 5]);
});

test('probes record, and call where that has made the buffer full', () => {
  const b = new Builder();
  b.record({ log: 1, tag: 10, callback: 5 });
  b.recordAccess({ log: 2, tag: 11, callback: 6 });
  b.recordAccessIf({ log: 2, tag: 12, callback: 6 }, b.eq(b.accessKind(), b.constant(3n)));
  b.recordAccessIf({ log: 2, tag: 13, callback: 7 }, b.eq(b.accessKind(), b.constant(2n)));
  const done: string[] = [];
  const probes = {
    ...{ accessAddress: 42n, accessKind: 2n, accessValue: 12n },
    counter: () => 0n,
    count: () => {},
    call: (callback: number) => void done.push(`call ${callback}`),
    record: (log: number, tag: number, access: boolean) => {
      done.push(`${log} ${tag} ${access}`);
      return tag !== 11;
    },
  };
  evaluate(b.finish(), target({ probes }));
  expect(done).toEqual(['1 10 false', 'call 5', '2 11 true', '2 13 true', 'call 7']);
});

test('open operands are refused', () => {
  const b = new Builder();
  b.get({ field: 'rs1' });
  expect(() => evaluate(b.finish(), target())).toThrow('get has an open operand');
});
