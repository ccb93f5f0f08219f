/**
 * What is done to fragments must not change what they mean: the meanings of all encodings, with random operands on random
 * registers, run before and after by the oracle.
 */
import { describe, expect, test } from 'vitest';
import { Builder } from '../../../core/ir/builder.ts';
import { type EvaluationTarget, evaluate, type Outcome } from '../../../core/ir/eval.ts';
import { becomesNarrow, narrow, narrowWrites } from '../../../core/ir/narrow.ts';
import { type Fragment, isField } from '../../../core/ir/ops.ts';
import { fill, PASSES, runPasses } from '../../../core/ir/passes.ts';
import { print } from '../../../core/ir/print.ts';
import { type KnownOnes, settle } from '../../../core/ir/settle.ts';
import { verify } from '../../../core/ir/verify.ts';
import { assemble } from '../../../core/riscv/assemble.ts';
import { type Decoded, decode } from '../../../core/riscv/decode.ts';
import { isFloatRegister } from '../../../core/riscv/encoding.ts';
import { meaningAt } from '../../../core/riscv/meaning.ts';
import { decodeAs, FORMS, meaningOf, randomBits } from '../../support/forms.ts';
import { Random, SEED } from '../../support/random.ts';

const PC = 0x8000_0040n;
const ROUNDS = 12;

interface Effects {
  readonly outcome: Outcome | string;
  readonly registers: ReadonlyMap<number, bigint>;
  readonly log: readonly string[];
}

/**
 * What the fragments do, one behind the other as long as control goes on at the next, given registers that hold what
 * `initial` says; memory reads as a hash of the address.
 */
function run(fragments: readonly Fragment[], initial: (register: number) => bigint, length: number): Effects {
  const registers = new Map<number, bigint>();
  const log: string[] = [];
  const note = (...words: unknown[]): void => void log.push(words.join(' '));
  const memory = (address: bigint, bytes: number): bigint =>
    BigInt.asUintN(bytes * 8, (address ^ 0x1234_5678_9abc_def1n) * 0x9e37_79b9_7f4a_7c15n);
  const target: EvaluationTarget = {
    pc: PC,
    next: PC + BigInt(length),
    get: (register) => registers.get(register) ?? initial(register),
    set: (register, value) => void registers.set(register, value),
    load: (address, bytes) => {
      note('load', address, bytes);
      return memory(address, bytes);
    },
    store: (address, bytes, value) => note('store', address, bytes, value),
    amo: (address, bytes, update) => {
      const old = memory(address, bytes);
      note('amo', address, bytes, update(old));
      return old;
    },
    loadReserved: (address, bytes) => {
      note('reserve', address, bytes);
      return memory(address, bytes);
    },
    storeConditional: (address, bytes, value) => {
      note('conditional', address, bytes, value);
      return (value & 1n) === 1n;
    },
    touch: (address, bytes) => note('touch', address, bytes),
    raise: (flags) => note('raise', flags),
  };
  let outcome: Outcome | string = { pc: target.next };
  for (const fragment of fragments) {
    if (typeof outcome === 'string' || !('pc' in outcome) || outcome.pc !== target.next) break;
    try {
      outcome = evaluate(fragment, target);
    } catch (error) {
      outcome = String(error);
    }
  }
  return { outcome, registers, log };
}

/** The meaning as it is stated, with nothing done to it but what x0 is. */
function stated(decoded: Decoded): Fragment {
  const builder = new Builder({ pc: PC, length: decoded.length });
  decoded.instruction.meaning(builder, decoded.operands);
  return builder.finish();
}

/** Values at which sign extension matters come often. */
function randomRegister(random: Random): bigint {
  if (random.chance(20)) return random.pick([0n, 1n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, (1n << 64n) - 1n]);
  return random.chance(30) ? BigInt.asUintN(64, BigInt(random.word() | 0)) : random.double();
}

const isSignExtended = (value: bigint): boolean => BigInt.asUintN(64, BigInt.asIntN(32, value)) === value;

function forEachDraw(visit: (decoded: Decoded, values: (register: number) => bigint, random: Random) => void): void {
  const random = new Random(SEED);
  for (const form of FORMS)
    for (let round = 0; round < ROUNDS; round++) {
      const decoded = decodeAs(form, randomBits(form, random));
      if (!decoded) continue;
      const registers = new Map<number, bigint>();
      const values = (register: number): bigint => {
        if (register === 0) return 0n;
        if (!registers.has(register)) registers.set(register, randomRegister(random));
        return registers.get(register)!;
      };
      visit(decoded, values, random);
    }
}

const named = (decoded: Decoded): string => `SEED=${SEED}: ${decoded.instruction.name} 0x${decoded.raw.toString(16)}`;

/** Writes of x0 go nowhere. */
const seen = ({ outcome, registers, log }: Effects): unknown => ({
  outcome,
  registers: [...registers].filter(([register]) => register !== 0).sort(([x], [y]) => x - y),
  log,
});

test(`passes keep the meaning, SEED=${SEED}`, () => {
  forEachDraw((decoded, values) => {
    const before = stated(decoded);
    const expected = seen(run([before], values, decoded.length));
    runPasses(before, ({ name }, after) => {
      verify(after);
      expect(seen(run([after], values, decoded.length)), `${named(decoded)} after ${name}`).toEqual(expected);
    });
    const meaning = meaningAt(decoded, PC);
    verify(meaning);
    expect(seen(run([meaning], values, decoded.length)), named(decoded)).toEqual(expected);
  });
});

test(`narrow fragments do the same with the low halves of narrow registers, SEED=${SEED}`, () => {
  forEachDraw((decoded, values, random) => {
    const narrowOnes = new Map<number, boolean>();
    const isNarrow = (register: number): boolean => {
      if (!narrowOnes.has(register)) narrowOnes.set(register, random.chance(50));
      return narrowOnes.get(register)!;
    };
    const extended = (register: number): bigint =>
      isNarrow(register) ? BigInt.asUintN(64, BigInt.asIntN(32, values(register))) : values(register);
    const before = meaningAt(decoded, PC);
    const after = narrow(before, isNarrow);
    verify(after);
    const effects = run([after], extended, decoded.length);
    expect(seen(effects), named(decoded)).toEqual(seen(run([before], extended, decoded.length)));
    for (const { name, register } of after) {
      if (name === 'get') expect(isNarrow(register as number), named(decoded)).toBe(false);
      if (name === 'getLow') expect(isNarrow(register as number), named(decoded)).toBe(true);
    }
    for (const write of narrowWrites(before)) {
      const wrote = after.find(({ name, register }) => name.startsWith('set') && register === write.register)!;
      expect(wrote.name, named(decoded)).toBe(becomesNarrow(write, isNarrow) ? 'setLow' : 'set');
      const value = effects.registers.get(write.register);
      if (value !== undefined && wrote.name === 'setLow') expect(isSignExtended(value), named(decoded)).toBe(true);
    }
  });
});

test(`what is settled is settled, SEED=${SEED}`, () => {
  const random = new Random(SEED);
  const floats = FORMS.filter(({ instruction }) => Object.values(instruction.fields).some(isFloatRegister));
  let dropped = 0;
  for (let round = 0; round < ROUNDS * 25; round++) {
    const drawn = Array.from({ length: 6 }, () => {
      const form = random.pick(random.chance(80) ? floats : FORMS);
      return decodeAs(form, randomBits(form, random));
    }).flatMap((decoded) => decoded ?? []);
    const registers = new Map<number, bigint>();
    const values = (register: number): bigint => {
      if (!registers.has(register)) registers.set(register, randomRegister(random));
      return registers.get(register)!;
    };
    const before = drawn.map((decoded) => meaningAt(decoded, PC));
    const known: KnownOnes = new Map();
    const after = before.map((fragment) => settle(fragment, known));
    for (const fragment of after) verify(fragment);
    const text = drawn.map(({ instruction, raw }) => `${instruction.name} 0x${raw.toString(16)}`).join(', ');
    expect(run(after, values, 4), `SEED=${SEED}: ${text}`).toEqual(run(before, values, 4));
    dropped += before.flat().length - after.flat().length;
  }
  expect(dropped).toBeGreaterThan(ROUNDS);
});

describe('what passes make of', () => {
  /** The meaning as it is stated, and what it is after each pass. */
  function stages(source: string): readonly string[] {
    const word = new DataView(assemble(source, PC).buffer).getUint32(0, true);
    const meaning = stated(decode(word)!);
    const texts = [print(meaning)];
    runPasses(meaning, (_, after) => texts.push(print(after)));
    return texts;
  }

  test('a copy', () => {
    const get = '%0 = get r11\n%1 = constant 0\n';
    expect(stages('addi a0, a1, 0')).toEqual([
      `${get}%2 = add %0 %1\nset r10 %2\n`,
      `${get}set r10 %0\n`,
      '%0 = get r11\nset r10 %0\n',
    ]);
  });

  test('an address that is known', () => {
    const pc = '%0 = constant 2147483712\n%1 = constant 4096\n';
    expect(stages('auipc a0, 1')).toEqual([
      `${pc}%2 = add %0 %1\nset r10 %2\n`,
      `${pc}%2 = constant 2147487808\nset r10 %2\n`,
      '%0 = constant 2147487808\nset r10 %0\n',
    ]);
  });

  test('a result that nobody can see', () => {
    const withZero = (text: string): Fragment =>
      meaningAt(decode(new DataView(assemble(text).buffer).getUint32(0, true))!, PC);
    expect(print(withZero('addi zero, zero, 0'))).toBe('');
    expect(print(withZero('addi a0, zero, 7'))).toBe('%0 = constant 7\nset r10 %0\n');
    // A load may fault.
    expect(print(withZero('lw zero, 8(a0)'))).toBe('%0 = get r10\n%1 = constant 8\n%2 = add %0 %1\n%3 = load.4s %2\n');
  });

  test('each has a name of its own, and a line on what it does', () => {
    expect(new Set(PASSES.map(({ name }) => name)).size).toBe(PASSES.length);
    for (const { doc } of PASSES) expect(doc).not.toBe('');
  });
});

describe('filling in', () => {
  test('gives every operand', () => {
    for (const { instruction } of FORMS) {
      const open = meaningOf(instruction);
      const fields = open.flatMap(({ value, register }) =>
        [value, register].flatMap((f) => (isField(f) ? [f.field] : [])),
      );
      const filled = fill(open, Object.fromEntries(fields.map((field) => [field, 5])));
      verify(filled);
      expect(filled.some(({ value, register }) => isField(value) || isField(register))).toBe(false);
    }
  });

  test('names what is missing', () => {
    const open = meaningOf(FORMS.find(({ name }) => name === 'add')!.instruction);
    expect(() => fill(open, { rs1: 1, rs2: 2 })).toThrow('no value is given for rd');
  });
});
