import { expect, test } from 'vitest';
import { Builder } from '../../../core/ir/builder.ts';
import type { Fragment } from '../../../core/ir/ops.ts';
import { print } from '../../../core/ir/print.ts';
import { type KnownOnes, settle } from '../../../core/ir/settle.ts';
import { verify } from '../../../core/ir/verify.ts';

const STATUS = 70;

/** Needs a bit of the register `STATUS`, and afterwards sets bits there. */
function uses(bit: bigint, sets: bigint): Fragment {
  const b = new Builder();
  b.guard(b.ne(b.and(b.get(STATUS), b.constant(bit)), b.constant(0n)));
  b.set(33, b.add(b.get(33), b.constant(1n)));
  b.set(STATUS, b.or(b.get(STATUS), b.constant(sets)));
  return b.finish();
}

/** What becomes of each, one behind the other. */
function settled(...fragments: readonly Fragment[]): readonly string[] {
  const known: KnownOnes = new Map();
  return fragments.map((fragment) => {
    const after = settle(fragment, known);
    verify(after);
    return print(after);
  });
}

const plain = '%0 = get r33\n%1 = constant 1\n%2 = add %0 %1\nset r33 %2\n';

test('what has been asked and set is neither asked nor set again', () => {
  const [first, second] = settled(uses(4n, 12n), uses(4n, 12n));
  expect(first).toBe(print(uses(4n, 12n)));
  expect(second).toBe(plain);
});

test('what is not known is', () => {
  expect(settled(uses(4n, 8n), uses(4n, 8n))[1]).toContain('guard');
  expect(settled(uses(4n, 8n), uses(8n, 4n))[1]).not.toContain('guard');
  expect(settled(uses(4n, 8n), uses(8n, 4n))[1]).toContain(`set r${STATUS}`);
});

test('what is written otherwise is not known any more', () => {
  const b = new Builder();
  b.set(STATUS, b.and(b.get(STATUS), b.constant(8n)));
  const keeps = b.finish();
  const other = new Builder();
  other.set(STATUS, other.get(5));
  const [, , known, , unknown] = settled(uses(4n, 12n), keeps, uses(8n, 8n), other.finish(), uses(8n, 8n));
  expect(known).toBe(plain);
  expect(unknown).toBe(print(uses(8n, 8n)));
});

test('a register is known as it was when it was read', () => {
  const b = new Builder();
  const before = b.get(STATUS);
  b.set(STATUS, b.constant(4n));
  b.set(6, b.or(before, b.constant(4n)));
  b.set(7, b.and(before, b.constant(4n)));
  const known: KnownOnes = new Map();
  settle(b.finish(), known);
  expect(Object.fromEntries(known)).toEqual({ [STATUS]: 4n, 6: 4n, 7: 0n });
});

test('nothing else changes', () => {
  const b = new Builder();
  b.guard(b.ltu(b.get(STATUS), b.constant(5n)));
  b.set(STATUS, b.or(b.constant(8n), b.get(STATUS)));
  const fragment = b.finish();
  expect(settled(uses(4n, 12n), fragment)[1]).toBe(print(fragment));
});
