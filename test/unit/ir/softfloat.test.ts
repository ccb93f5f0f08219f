/** The oracle's floating point, against values worked out by hand and against the host's own doubles. */
import { describe, expect, test } from 'vitest';
import {
  convert,
  FLAG,
  type FloatResult,
  fromInteger,
  OPERATIONS,
  ROUND,
  toInteger,
} from '../../../core/ir/softfloat.ts';
import { randomFloats, toBits, toNumber } from '../../support/floats.ts';
import { Random, SEED } from '../../support/random.ts';

const { NX, UF, OF, DZ, NV } = FLAG;
const { nearestEven, towardsZero, down, up, nearestAway } = ROUND;
const MODES = [nearestEven, towardsZero, down, up, nearestAway];

const NAN = 0x7ff8_0000_0000_0000n;
const SIGNALING = 0x7ff0_0000_0000_0001n;
const d = (value: number): bigint => toBits(value, 8);
const s = (value: number): bigint => toBits(value, 4);
const INFINITY = d(Number.POSITIVE_INFINITY);
const MAX = d(Number.MAX_VALUE);
const MIN_NORMAL = d(2 ** -1022);
const ULP = 2 ** -52;

const result = (value: bigint, flags = 0): FloatResult => ({ value, flags });

describe('rounding', () => {
  // 1 + a third of, half, and two thirds of the last place; then just above 1 + ulp.
  test.each<[x: number, y: number, byMode: readonly number[]]>([
    [1, ULP / 4, [1, 1, 1, 1 + ULP, 1]],
    [1, ULP / 2, [1, 1, 1, 1 + ULP, 1 + ULP]],
    [1, (ULP * 3) / 4, [1 + ULP, 1, 1, 1 + ULP, 1 + ULP]],
    [1 + ULP, ULP / 2, [1 + 2 * ULP, 1 + ULP, 1 + ULP, 1 + 2 * ULP, 1 + 2 * ULP]],
    [-1, -ULP / 4, [-1, -1, -1 - ULP, -1, -1]],
    [-1, -ULP / 2, [-1, -1, -1 - ULP, -1, -1 - ULP]],
    [2 - ULP, ULP / 2, [2, 2 - ULP, 2 - ULP, 2, 2]],
  ])('%d + %d', (x, y, byMode) => {
    for (const [mode, sum] of byMode.entries())
      expect([mode, OPERATIONS.fadd(8, mode, d(x), d(y))]).toEqual([mode, result(d(sum), NX)]);
  });

  test('what cancels is 0, but -0 downwards', () => {
    for (const mode of MODES) {
      expect(OPERATIONS.fadd(8, mode, d(1), d(-1))).toEqual(result(d(mode === down ? -0 : 0)));
      expect(OPERATIONS.fadd(8, mode, d(-0), d(-0))).toEqual(result(d(-0)));
      expect(OPERATIONS.fmadd(8, mode, d(3), d(2), d(-6))).toEqual(result(d(mode === down ? -0 : 0)));
    }
  });

  test('overflow gives infinity or the largest number', () => {
    for (const mode of MODES) {
      const byMode = (toInfinity: boolean): bigint => (toInfinity ? INFINITY : MAX);
      const sign = 1n << 63n;
      const flags = OF | NX;
      expect(OPERATIONS.fmul(8, mode, MAX, d(2))).toEqual(
        result(byMode(![towardsZero, down].includes(mode as 1)), flags),
      );
      expect(OPERATIONS.fmul(8, mode, MAX, d(-2))).toEqual(
        result(sign | byMode(![towardsZero, up].includes(mode as 1)), flags),
      );
    }
  });

  test('up to the next power of two beyond the largest exponent overflows too', () => {
    expect(OPERATIONS.fadd(8, nearestEven, MAX, d(2 ** 970))).toEqual(result(INFINITY, OF | NX));
    expect(OPERATIONS.fadd(8, nearestEven, MAX, d(2 ** 969))).toEqual(result(MAX, NX));
  });
});

describe('below normal', () => {
  test('exact results underflow not at all', () => {
    expect(OPERATIONS.fmul(8, nearestEven, MIN_NORMAL, d(0.5))).toEqual(result(MIN_NORMAL / 2n));
    expect(OPERATIONS.fadd(8, nearestEven, 3n, 4n)).toEqual(result(7n));
  });

  test('inexact ones do', () => {
    expect(OPERATIONS.fmul(8, nearestEven, 3n, d(0.5))).toEqual(result(2n, UF | NX));
    expect(OPERATIONS.fmul(8, nearestEven, 1n, d(0.5))).toEqual(result(0n, UF | NX));
    expect(OPERATIONS.fmul(8, up, 1n, d(0.25))).toEqual(result(1n, UF | NX));
    expect(OPERATIONS.fmul(8, nearestAway, 1n, d(0.5))).toEqual(result(1n, UF | NX));
  });

  test('tininess is what is left after rounding to full precision', () => {
    // (1 - 2^-53) * 2^-1022: rounded to 53 bits it is still below 2^-1022, as a subnormal it becomes 2^-1022.
    expect(OPERATIONS.fmul(8, nearestEven, d(1 - ULP / 2), MIN_NORMAL)).toEqual(result(MIN_NORMAL, UF | NX));
    // (1 - 2^-54 or so) * 2^-1022 is 2^-1022 even when rounded to 53 bits.
    expect(OPERATIONS.fmul(8, nearestEven, MIN_NORMAL + 1n, d(1 - ULP / 2))).toEqual(result(MIN_NORMAL, NX));
  });
});

describe('invalid operations', () => {
  test.each<[string, FloatResult, bigint]>([
    ['infinity - infinity', OPERATIONS.fadd(8, 0, INFINITY, INFINITY | (1n << 63n)), NAN],
    ['0 * infinity', OPERATIONS.fmul(8, 0, d(0), INFINITY), NAN],
    ['0 / 0', OPERATIONS.fdiv(8, 0, d(0), d(-0)), NAN],
    ['infinity / infinity', OPERATIONS.fdiv(8, 0, INFINITY, INFINITY), NAN],
    ['the root of -1', OPERATIONS.fsqrt(8, 0, d(-1)), NAN],
    ['0 * infinity + NaN', OPERATIONS.fmadd(8, 0, d(0), INFINITY, NAN), NAN],
    ['2 * infinity - infinity', OPERATIONS.fmadd(8, 0, d(2), INFINITY, d(Number.NEGATIVE_INFINITY)), NAN],
    ['a signaling NaN + 1', OPERATIONS.fadd(8, 0, SIGNALING, d(1)), NAN],
    ['a signaling NaN < 1', OPERATIONS.flt(8, 0, SIGNALING, d(1)), 0n],
    ['a quiet NaN ≤ 1', OPERATIONS.fle(8, 0, NAN, d(1)), 0n],
    ['a signaling NaN = 1', OPERATIONS.feq(8, 0, SIGNALING, d(1)), 0n],
    ['the lesser of a signaling NaN and 1', OPERATIONS.fmin(8, 0, SIGNALING, d(1)), d(1)],
    ['a signaling NaN made wider', convert(4, 8, 0, 0x7f80_0001n), NAN],
  ])('%s', (_, found, value) => {
    expect(found).toEqual(result(value, NV));
  });

  test('are not these', () => {
    expect(OPERATIONS.fadd(8, 0, 0xfff8_0000_0000_1234n, d(1))).toEqual(result(NAN));
    expect(OPERATIONS.feq(8, 0, NAN, NAN)).toEqual(result(0n));
    expect(OPERATIONS.fmax(8, 0, NAN, d(1))).toEqual(result(d(1)));
    expect(OPERATIONS.fmax(8, 0, NAN, 0xffff_ffff_ffff_ffffn)).toEqual(result(NAN));
    expect(OPERATIONS.fsqrt(8, 0, d(-0))).toEqual(result(d(-0)));
    expect(OPERATIONS.fsqrt(8, 0, INFINITY)).toEqual(result(INFINITY));
    expect(OPERATIONS.fdiv(8, 0, d(-1), d(0))).toEqual(result(d(Number.NEGATIVE_INFINITY), DZ));
    expect(OPERATIONS.fdiv(8, 0, INFINITY, d(0))).toEqual(result(INFINITY));
  });
});

test('zeros are equal, but one is the lesser', () => {
  expect(OPERATIONS.feq(8, 0, d(0), d(-0))).toEqual(result(1n));
  expect(OPERATIONS.flt(8, 0, d(-0), d(0))).toEqual(result(0n));
  for (const [x, y] of [
    [d(0), d(-0)],
    [d(-0), d(0)],
  ] as const) {
    expect(OPERATIONS.fmin(8, 0, x, y)).toEqual(result(d(-0)));
    expect(OPERATIONS.fmax(8, 0, x, y)).toEqual(result(d(0)));
  }
});

test('multiply-add rounds once', () => {
  const x = d(1 + ULP);
  // (1 + u)^2 = 1 + 2u + u^2.
  expect(OPERATIONS.fmadd(8, nearestEven, x, x, d(-1 - 2 * ULP))).toEqual(result(d(ULP ** 2)));
});

describe('integers', () => {
  const WORD = [-(1n << 31n), (1n << 31n) - 1n] as const;
  const UNSIGNED = [0n, (1n << 64n) - 1n] as const;

  test.each<[x: number, mode: number, low: bigint, high: bigint, value: bigint, flags: number]>([
    [2.5, nearestEven, ...WORD, 2n, NX],
    [3.5, nearestEven, ...WORD, 4n, NX],
    [2.5, nearestAway, ...WORD, 3n, NX],
    [-2.5, nearestAway, ...WORD, -3n, NX],
    [-2.5, towardsZero, ...WORD, -2n, NX],
    [-2.1, down, ...WORD, -3n, NX],
    [2.1, up, ...WORD, 3n, NX],
    [7, nearestEven, ...WORD, 7n, 0],
    [2 ** 31, nearestEven, ...WORD, WORD[1], NV],
    [2 ** 31 - 0.5, towardsZero, ...WORD, WORD[1], NX],
    [2 ** 31 - 0.5, nearestEven, ...WORD, WORD[1], NV],
    [-(2 ** 31) - 0.5, towardsZero, ...WORD, WORD[0], NX],
    [-(2 ** 31) - 1, towardsZero, ...WORD, WORD[0], NV],
    [Number.NEGATIVE_INFINITY, up, ...WORD, WORD[0], NV],
    [Number.NaN, up, ...WORD, WORD[1], NV],
    [-0.5, nearestEven, ...UNSIGNED, 0n, NX],
    [-0.5, down, ...UNSIGNED, 0n, NV],
    [-1, towardsZero, ...UNSIGNED, 0n, NV],
    [2 ** 64, towardsZero, ...UNSIGNED, UNSIGNED[1], NV],
    [2 ** 64 - 2048, towardsZero, ...UNSIGNED, (1n << 64n) - 2048n, 0],
  ])('%d by mode %i into %s to %s', (x, mode, low, high, value, flags) => {
    expect(toInteger(8, mode, d(x), low, high)).toEqual(result(value, flags));
  });

  test('become floats', () => {
    expect(fromInteger(8, nearestEven, (1n << 53n) + 1n)).toEqual(result(d(2 ** 53), NX));
    expect(fromInteger(8, up, (1n << 53n) + 1n)).toEqual(result(d(2 ** 53 + 2), NX));
    expect(fromInteger(4, nearestEven, -(1n << 24n))).toEqual(result(s(-(2 ** 24))));
    expect(fromInteger(4, nearestEven, 0n)).toEqual(result(0n));
  });
});

test('formats convert', () => {
  expect(convert(4, 8, 0, s(-1.5))).toEqual(result(d(-1.5)));
  expect(convert(4, 8, 0, 1n)).toEqual(result(d(2 ** -149)));
  expect(convert(8, 4, nearestEven, d(1 + 2 ** -24))).toEqual(result(s(1), NX));
  expect(convert(8, 4, up, d(1 + 2 ** -24))).toEqual(result(s(1 + 2 ** -23), NX));
  expect(convert(8, 4, nearestEven, d(2 ** 128))).toEqual(result(0x7f80_0000n, OF | NX));
  expect(convert(8, 4, nearestEven, d(-(2 ** -150)))).toEqual(result(s(-0), UF | NX));
  expect(convert(8, 4, nearestEven, NAN | (1n << 63n))).toEqual(result(0x7fc0_0000n));
});

describe(`as the host computes, SEED=${SEED}`, () => {
  const CASES = 20_000;
  const HOST: Readonly<Record<string, (x: number, y: number) => number>> = {
    fadd: (x, y) => x + y,
    fmul: (x, y) => x * y,
    fdiv: (x, y) => x / y,
    fsqrt: (x) => Math.sqrt(x),
  };

  // The host's doubles have more than twice the bits of a single: what they come to may be rounded again.
  test.each(
    Object.entries(HOST).flatMap(([name, compute]) =>
      [4 as const, 8 as const].map((bytes) => ({ name, bytes, compute })),
    ),
  )('$name of $bytes bytes', ({ name, bytes, compute }) => {
    const random = new Random(SEED);
    for (let index = 0; index < CASES; index++) {
      const [x, y] = randomFloats(random, bytes);
      const { value } = OPERATIONS[name as 'fadd'](bytes, nearestEven, x, y);
      const expected = toBits(compute(toNumber(x, bytes), toNumber(y, bytes)), bytes);
      expect([x, y, value]).toEqual([x, y, expected]);
    }
  });
});
