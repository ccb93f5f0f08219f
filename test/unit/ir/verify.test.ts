import { expect, test } from 'vitest';
import { Builder } from '../../../core/ir/builder.ts';
import { type Fragment, isAccess, isEnd, OPS, type Op, type OpName } from '../../../core/ir/ops.ts';
import { verify } from '../../../core/ir/verify.ts';
import { INSTRUCTIONS } from '../../../core/riscv/table.ts';
import { meaningOf } from '../../support/forms.ts';

const constant: Op = { name: 'constant', args: [], value: 1n };
const truth: Op = { name: 'eq', args: [0, 0] };

test.each(INSTRUCTIONS)('the meaning of $name is well formed, and ends at most once', (instruction) => {
  const meaning = meaningOf(instruction);
  verify(meaning);
  expect(meaning.filter(isEnd).length).toBeLessThanOrEqual(1);
  // An interpreter's handler leaves its access for probes in one place.
  expect(meaning.filter(isAccess).length).toBeLessThanOrEqual(1);
});

test.each<[string, Fragment, string]>([
  ['too few arguments', [constant, { name: 'add', args: [0] }], 'op 1 (add) takes 2 arguments, has 1'],
  ['too many arguments', [constant, { name: 'sext32', args: [0, 0] }], 'op 1 (sext32) takes 1 arguments, has 2'],
  ['an op that uses itself', [{ name: 'sext32', args: [0] }], 'argument 0 is %0, which is not an earlier op'],
  ['a later op', [{ name: 'sext32', args: [1] }, constant], 'argument 0 is %1, which is not an earlier op'],
  ['no op', [{ name: 'sext32', args: [-1] }], 'argument 0 is %-1, which is not an earlier op'],
  ['a truth value for a number', [constant, truth, { name: 'sext32', args: [1] }], 'argument 0 is bool, expected i64'],
  ['a number for a truth value', [constant, { name: 'number', args: [0] }], 'argument 0 is i64, expected bool'],
  [
    'an op without result',
    [
      { name: 'fence', args: [] },
      { name: 'sext32', args: [0] },
    ],
    'argument 0 is none, expected i64',
  ],
  ['an attribute missing', [{ name: 'get', args: [] }], 'op 0 (get) lacks the attribute register'],
  ['an attribute too many', [{ ...constant, register: 3 }], 'op 0 (constant) has the attribute register'],
  [
    'a load without width',
    [constant, { name: 'load', args: [0], signed: true }],
    'op 1 (load) lacks the attribute bytes',
  ],
  ['a load without signedness', [constant, { name: 'load', args: [0], bytes: 4 }], 'lacks the attribute signed'],
  [
    'an end in the middle',
    [constant, { name: 'jump', args: [0] }, constant],
    'op 1 (jump) ends the fragment before its last op',
  ],
  [
    'a guard behind an effect',
    [constant, truth, { name: 'set', args: [0], register: 1 }, { name: 'guard', args: [1] }],
    'op 3 (guard) guards what already has an effect',
  ],
  ['an exit without a door', [{ name: 'exit', args: [] }], 'op 0 (exit) lacks the attribute door'],
])('%s is refused', (_, fragment, message) => {
  expect(() => verify(fragment)).toThrow(message);
});

/** What the builder makes of an op with arguments of the right types. */
function built(name: OpName): Fragment {
  const b = new Builder();
  const x = b.constant(5n);
  const t = b.eq(x, x);
  const special: Partial<Record<OpName, () => void>> = {
    constant: () => {},
    get: () => void b.get(1),
    set: () => b.set(1, x),
    load: () => void b.load(4, false, x),
    store: () => b.store(2, x, x),
    amo: () => void b.amo('swap', 8, x, x),
    loadReserved: () => void b.loadReserved(4, x),
    storeConditional: () => void b.storeConditional(8, x, x),
    counter: () => void b.counter(0),
    count: () => b.count(0, x),
    call: () => b.call(0),
    callIf: () => b.callIf(0, t),
    record: () => b.record({ log: 0, tag: 0, callback: 0 }),
    recordAccess: () => b.recordAccess({ log: 0, tag: 0, callback: 0 }),
    recordAccessIf: () => b.recordAccessIf({ log: 0, tag: 0, callback: 0 }, t),
    fadd: () => void b.fadd(8, x, x, x),
    fmul: () => void b.fmul(4, x, x, x),
    fdiv: () => void b.fdiv(8, x, x, x),
    fsqrt: () => void b.fsqrt(8, x, x),
    fmadd: () => void b.fmadd(4, x, x, x, x),
    fmin: () => void b.fmin(8, x, x),
    fmax: () => void b.fmax(8, x, x),
    feq: () => void b.feq(8, x, x),
    flt: () => void b.flt(8, x, x),
    fle: () => void b.fle(8, x, x),
    ftoi: () => void b.ftoi(8, 4, true, x, x),
    itof: () => void b.itof(8, true, x, x),
    zero: () => b.zero(64, x),
    touch: () => b.touch(64, x),
    guard: () => b.guard(t),
    branch: () => b.branch(t, x),
    exit: () => b.exit('nowhere'),
    number: () => void b.number(t),
    select: () => void b.select(t, x, x),
  };
  const plain = (): void => {
    const make = b[name as 'add'] as (...args: number[]) => unknown;
    make.apply(
      b,
      OPS[name].args.map(() => x),
    );
  };
  (special[name] ?? plain)();
  return b.finish();
}

/** Ops of 32-bit values are made by `narrow` alone. */
const BUILT = (Object.keys(OPS) as OpName[]).filter(
  (name) => !([...OPS[name].args, OPS[name].result] as string[]).includes('i32'),
);

test.each(BUILT)('the builder makes %s well formed, and last', (name) => {
  const fragment = built(name);
  verify(fragment);
  expect(fragment.some((op) => op.name === name)).toBe(true);
});
