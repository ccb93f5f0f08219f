/** Floating point as it is lowered, one op a function: against the oracle, and that the slow way is left to what is rare. */
import { describe, expect, test } from 'vitest';
import { Builder } from '../../../core/ir/builder.ts';
import { evaluateFloat } from '../../../core/ir/eval.ts';
import { isField, OPS, type Op, type Value } from '../../../core/ir/ops.ts';
import type { FloatBytes } from '../../../core/ir/softfloat.ts';
import { Code, encodeModule } from '../../../core/wasm/encode.ts';
import { hasFusedMultiplyAdd } from '../../../core/wasm/fused.ts';
import { lower, type Place } from '../../../core/wasm/lower.ts';
import { randomFloats, toBits } from '../../support/floats.ts';
import { Random, SEED } from '../../support/random.ts';

/** Of memory: the flags, then the operands and the result of the slow way. */
const FLAGS = 0;
const OPERANDS = 8;
const RESULT = 40;

interface Compiled {
  readonly op: Op;
  /** @param flags before and, as bits, behind */
  run(args: readonly bigint[], flags: number): { value: bigint; flags: number; slow: boolean };
}

/** A function of the op that `build` makes, whose arguments are guest registers 1 to 4. */
function compile(
  build: (b: Builder, args: readonly Value[]) => Value,
  fusedMultiplyAdd = hasFusedMultiplyAdd(),
): Compiled {
  const builder = new Builder();
  const args = [1, 2, 3, 4].map((register) => builder.get(register));
  const value = build(builder, args);
  const op = builder.finish()[value]!;
  builder.set(0, OPS[op.name].result === 'bool' ? builder.number(value) : value);

  const code = new Code(4);
  const result = code.local('i64');
  const never = (): never => {
    throw new Error('not here');
  };
  const place: Place = {
    ...{ code, fusedMultiplyAdd },
    local: (type) => code.local(type),
    constant: (constant) => void (isField(constant) ? never() : code.i64(constant)),
    get: (register) => void code.get((register as number) - 1),
    set: (_, push) => {
      push();
      code.set(result);
    },
    flags: () => void code.i32(0).memory('i64_load', FLAGS),
    raise: (flags) => {
      code.i32(0).i32(0).memory('i64_load', FLAGS).i64(BigInt(flags)).op('i64_or').memory('i64_store', FLAGS);
    },
    slowFloat: ({ name }, locals, target) => {
      for (const [index, local] of locals.entries())
        code
          .i32(0)
          .get(local)
          .memory('i64_store', OPERANDS + index * 8);
      code.call(0).i32(0).memory('i64_load', RESULT);
      if (OPS[name].result === 'bool') code.op('i32_wrap_i64');
      code.set(target);
    },
    ...{ pc: never, next: never, access: never, fence: never, guard: never, lastAccess: never, counter: never },
    ...{ count: never, call: never, record: never, jump: never, branch: never, exit: never },
  };
  lower(builder.finish(), place);
  code.get(result);

  const bytes = encodeModule({
    types: [
      { parameters: [], results: [] },
      { parameters: ['i64', 'i64', 'i64', 'i64'], results: ['i64'] },
    ],
    memoryPages: 1,
    importedFunctions: [{ name: 'slow', type: 0 }],
    importedGlobals: [],
    functions: [{ name: 'run', type: 1, body: code.finish() }],
  });
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const words = new BigUint64Array(memory.buffer);
  let slow = false;
  const imports = {
    memory,
    slow: () => {
      slow = true;
      const outcome = evaluateFloat(op, [...words.subarray(OPERANDS / 8, OPERANDS / 8 + op.args.length)]);
      words[RESULT / 8] = outcome.value;
      words[FLAGS / 8]! |= BigInt(outcome.flags);
    },
  };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: imports });
  const run = exports.run as (...operands: readonly bigint[]) => bigint;
  return {
    op,
    run: ([x = 0n, y = 0n, z = 0n, m = 0n], flags) => {
      slow = false;
      words[FLAGS / 8] = BigInt(flags);
      return { value: BigInt.asUintN(64, run(x, y, z, m)), flags: Number(words[FLAGS / 8]), slow };
    },
  };
}

/** An op of this name, on that many operands, with or without a rounding mode behind them. */
interface Operation {
  readonly name: string;
  readonly operands: 1 | 2 | 3;
  readonly rounded: boolean;
  build(b: Builder, bytes: FloatBytes, x: Value, y: Value, z: Value, m: Value): Value;
}

const operation = (name: string, operands: 1 | 2 | 3, rounded: boolean, build: Operation['build']): Operation => ({
  ...{ name, operands, rounded, build },
});

const OPERATIONS: readonly Operation[] = [
  operation('fadd', 2, true, (b, bytes, x, y, _, m) => b.fadd(bytes, x, y, m)),
  operation('fmul', 2, true, (b, bytes, x, y, _, m) => b.fmul(bytes, x, y, m)),
  operation('fdiv', 2, true, (b, bytes, x, y, _, m) => b.fdiv(bytes, x, y, m)),
  operation('fsqrt', 1, true, (b, bytes, x, _y, _z, m) => b.fsqrt(bytes, x, m)),
  operation('fmadd', 3, true, (b, bytes, x, y, z, m) => b.fmadd(bytes, x, y, z, m)),
  operation('fmin', 2, false, (b, bytes, x, y) => b.fmin(bytes, x, y)),
  operation('fmax', 2, false, (b, bytes, x, y) => b.fmax(bytes, x, y)),
  operation('feq', 2, false, (b, bytes, x, y) => b.feq(bytes, x, y)),
  operation('flt', 2, false, (b, bytes, x, y) => b.flt(bytes, x, y)),
  operation('fle', 2, false, (b, bytes, x, y) => b.fle(bytes, x, y)),
  ...([4, 8] as const).flatMap((integerBytes) =>
    [true, false].map((signed) =>
      operation(`ftoi to ${signed ? 'i' : 'u'}${integerBytes * 8}`, 1, true, (b, bytes, x, _y, _z, m) =>
        b.ftoi(bytes, integerBytes, signed, x, m),
      ),
    ),
  ),
  ...[true, false].map((signed) =>
    operation(`itof from ${signed ? 'i' : 'u'}64`, 1, true, (b, bytes, x, _y, _z, m) => b.itof(bytes, signed, x, m)),
  ),
];
const WIDEN = operation('fwiden', 1, false, (b, _bytes, x) => b.fwiden(x));
const NARROW = operation('fnarrow', 1, true, (b, _bytes, x, _y, _z, m) => b.fnarrow(x, m));

const EACH = [
  ...OPERATIONS.flatMap((one) => ([4, 8] as const).map((bytes) => ({ ...one, bytes }))),
  { ...WIDEN, bytes: 4 as const },
  { ...NARROW, bytes: 8 as const },
];
type Each = (typeof EACH)[number];

/** @param mode what the rounding mode is known to be */
const compileOne = ({ build, bytes }: Each, mode?: bigint, fused?: boolean): Compiled =>
  compile(
    (b, [x = 0, y = 0, z = 0, m = 0]) => build(b, bytes, x, y, z, mode === undefined ? m : b.constant(mode)),
    fused,
  );

/** What there is to compute with; integers for what takes them. */
function randomArguments({ name, bytes }: Each, random: Random): readonly bigint[] {
  if (!name.startsWith('itof')) return randomFloats(random, bytes);
  return [BigInt.asUintN(64, BigInt.asIntN(64, random.double()) >> BigInt(random.below(64)))];
}

describe(`lowered, SEED=${SEED}`, () => {
  const CASES = Number(process.env.FUZZ_FLOATS ?? 2000);
  const MODES = [undefined, 0n, 1n, 2n, 3n, 4n];

  test.each(EACH)('$name of $bytes bytes', (one) => {
    const random = new Random(SEED);
    for (const known of one.rounded ? MODES : [undefined]) {
      const { op, run } = compileOne(one, known);
      for (let index = 0; index < CASES; index++) {
        const args = randomArguments(one, random).slice(0, one.operands);
        const mode = known ?? BigInt(random.chance(60) ? 0 : random.below(5));
        const before = random.chance(50) ? random.below(32) : 0;
        const expected = evaluateFloat(op, one.rounded ? [...args, mode] : args);
        const [x = 0n, y = 0n, z = 0n] = args;
        const { value, flags } = run([x, y, z, mode], before);
        const given = [...args, mode, before];
        expect([...given, value, flags]).toEqual([...given, expected.value, expected.flags | before]);
      }
    }
  });

  test('fmadd of 8 bytes where the host rounds twice', () => {
    const one = EACH.find(({ name, bytes }) => name === 'fmadd' && bytes === 8)!;
    const { run } = compileOne(one, 0n, false);
    const x = toBits(1 + 2 ** -30, 8);
    expect(run([x, x, toBits(-1 - 2 ** -29, 8)], 0)).toEqual({ value: toBits(2 ** -60, 8), flags: 0, slow: true });
  });
});

describe('the slow way', () => {
  const NUMBERS: readonly (readonly [number, number, number])[] = [
    [1.5, 2.25, -3.75],
    [1 / 3, 7, 1e10],
    [1e10, 1e-5, 0],
    [0, 3, 0],
    [1e6, 0, 1e6],
  ];

  test.each(EACH.filter(({ name, bytes }) => name !== 'fmadd' || bytes === 4 || hasFusedMultiplyAdd()))(
    'is not taken by $name of $bytes bytes for ordinary numbers, whether or not the flag is set',
    (one) => {
      const { run } = compileOne(one);
      const bits = (value: number): bigint =>
        one.name.startsWith('itof') ? BigInt(Math.round(value)) & 0xffff_ffffn : toBits(value, one.bytes);
      // What has no finite result, or none in range, is not ordinary.
      const ordinary = NUMBERS.filter(([x, y]) => {
        if (one.name === 'fdiv') return y !== 0;
        return !one.name.startsWith('ftoi') || x < 1e9;
      });
      for (const numbers of ordinary)
        for (const before of [0, 1]) {
          const [x = 0n, y = 0n, z = 0n] = numbers.map(bits);
          expect([numbers, run([x, y, z, 0n], before).slow]).toEqual([numbers, false]);
        }
    },
  );

  test.each(EACH.filter(({ name }) => name.startsWith('ftoi')))(
    '$name of $bytes bytes takes it for ties away only',
    (one) => {
      const { run } = compileOne(one);
      const slow = [0n, 1n, 2n, 3n, 4n].map((mode) => run([toBits(2.5, one.bytes), 0n, 0n, mode], 0).slow);
      expect(slow).toEqual([false, false, false, false, true]);
    },
  );

  test('is taken where a sum in 8 bytes makes a tie in 4', () => {
    const { run } = compileOne(EACH.find(({ name, bytes }) => name === 'fmadd' && bytes === 4)!);
    // 4097 * 16773121 = 2^36 + 1: the sum is 1 + 2^-24 + 2^-60.
    const [x, y] = [toBits(4097, 4), toBits(16_773_121 * 2 ** -60, 4)];
    expect(run([x, y, toBits(1, 4), 0n], 0)).toEqual({ value: toBits(1 + 2 ** -23, 4), flags: 1, slow: true });
    const root = toBits(2 ** -12, 4);
    expect(run([root, root, toBits(1, 4), 0n], 0)).toEqual({ value: toBits(1, 4), flags: 1, slow: false });
  });

  test('is taken where two lowest ones may add up', () => {
    const { run } = compileOne(EACH.find(({ name, bytes }) => name === 'fmadd' && bytes === 8)!);
    // (1 + u) * (1 + u) has a lowest one at u², and so has the summand: the sum is 1 + 3u + 2u², inexact all the same.
    const u = 2 ** -52;
    const x = toBits(1 + u, 8);
    const outcome = run([x, x, toBits(u * (1 + u), 8), 0n], 0);
    expect(outcome).toEqual({ value: toBits(1 + 3 * u, 8), flags: 1, slow: true });
  });
});
