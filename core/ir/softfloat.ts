/**
 * Binary floating point of 32 and 64 bits over bigints, exact and obvious (IEEE 754-2019; RISC-V's choices where that
 * leaves one). A finite number is an integer times a power of two, every result is computed without error, and one
 * function rounds. Formats are named by their bytes; floats are bit patterns, unsigned, those of 32 bits in 32 bits.
 *
 * Choices: a result that is not a number is the canonical NaN; tininess is detected after rounding.
 */

export type FloatBytes = 4 | 8;

/** Exceptions, as bits of `flags`: inexact, underflow, overflow, division by zero, invalid operation. */
export const FLAG = { NX: 1, UF: 2, OF: 4, DZ: 8, NV: 16 } as const;

/** Rounding modes: to nearest with ties to even, towards zero, down, up, to nearest with ties away from zero. */
export const ROUND = { nearestEven: 0, towardsZero: 1, down: 2, up: 3, nearestAway: 4 } as const;
/** A value of ROUND. */
export type Rounding = number;

export interface FloatResult {
  /** A bit pattern or an integer. */
  readonly value: bigint;
  /** Exceptions that were raised: bits of FLAG. */
  readonly flags: number;
}

interface Format {
  /** Bits of the significand, the hidden one included. */
  readonly precision: bigint;
  /** Also the largest exponent; the smallest, of normal numbers, is 1 - bias. */
  readonly bias: bigint;
  readonly sign: bigint;
  readonly infinity: bigint;
  readonly canonicalNaN: bigint;
}

function format(bits: bigint, precision: bigint): Format {
  const fraction = 1n << (precision - 1n);
  const infinity = (1n << (bits - 1n)) - fraction;
  return {
    precision,
    bias: (1n << (bits - precision - 1n)) - 1n,
    sign: 1n << (bits - 1n),
    infinity,
    canonicalNaN: infinity | (fraction >> 1n),
  };
}

const FORMATS: Readonly<Record<FloatBytes, Format>> = { 4: format(32n, 24n), 8: format(64n, 53n) };

/** The value: significand times 2^exponent; both signed. */
interface Exact {
  readonly significand: bigint;
  readonly exponent: bigint;
}

interface Unpacked extends Exact {
  readonly negative: boolean;
  readonly nan: boolean;
  readonly signaling: boolean;
  readonly infinite: boolean;
}

function unpack({ precision, bias, sign, infinity, canonicalNaN }: Format, bits: bigint): Unpacked {
  const magnitude = bits & ~sign;
  const negative = (bits & sign) !== 0n;
  const fraction = bits & ((1n << (precision - 1n)) - 1n);
  const biased = magnitude >> (precision - 1n);
  const significand = biased === 0n ? fraction : fraction | (1n << (precision - 1n));
  const nan = magnitude > infinity;
  return {
    negative,
    nan,
    signaling: nan && (bits & canonicalNaN) !== canonicalNaN,
    infinite: magnitude === infinity,
    significand: negative ? -significand : significand,
    exponent: (biased === 0n ? 1n : biased) - bias - (precision - 1n),
  };
}

const bitLength = (value: bigint): bigint => (value === 0n ? 0n : BigInt(value.toString(2).length));
const absolute = (value: bigint): bigint => (value < 0n ? -value : value);
const larger = (x: bigint, y: bigint): bigint => (x > y ? x : y);
const smaller = (x: bigint, y: bigint): bigint => (x < y ? x : y);

const exact = (value: bigint): FloatResult => ({ value, flags: 0 });
const invalid = (value: bigint): FloatResult => ({ value, flags: FLAG.NV });

/** Drops the low `shift` bits of `magnitude`; the rest is rounded as the mode says for a number of this sign. */
function roundOff(magnitude: bigint, shift: bigint, negative: boolean, mode: Rounding): { kept: bigint; lost: bigint } {
  if (shift <= 0n) return { kept: magnitude << -shift, lost: 0n };
  const kept = magnitude >> shift;
  const lost = magnitude - (kept << shift);
  const half = 1n << (shift - 1n);
  const up: Readonly<Record<Rounding, boolean>> = {
    [ROUND.nearestEven]: lost > half || (lost === half && (kept & 1n) === 1n),
    [ROUND.towardsZero]: false,
    [ROUND.down]: negative && lost > 0n,
    [ROUND.up]: !negative && lost > 0n,
    [ROUND.nearestAway]: lost >= half,
  };
  return { kept: up[mode] ? kept + 1n : kept, lost };
}

/** The number in this format. @param negative the sign of a zero */
function round(to: Format, { significand, exponent }: Exact, negative: boolean, mode: Rounding): FloatResult {
  const { precision, bias, infinity } = to;
  const sign = negative ? to.sign : 0n;
  if (significand === 0n) return exact(sign);
  const magnitude = absolute(significand);
  const smallest = 1n - bias;
  /** Exponent of the lowest bit that is kept: of `precision` bits, or less where the number would be below normal. */
  const leading = bitLength(magnitude) - 1n + exponent;
  const lowest = larger(leading, smallest) - (precision - 1n);
  const { kept, lost } = roundOff(magnitude, lowest - exponent, negative, mode);
  const inexact = lost === 0n ? 0 : FLAG.NX;

  // 2^precision is the next power of two, with a zero fraction.
  const carried = bitLength(kept) > precision ? 1n : 0n;
  const biased = lowest + carried + (precision - 1n) + bias;
  if (biased > 2n * bias) {
    // The nearest, or the larger one in magnitude if the mode rounds that way.
    const away = mode === ROUND.nearestEven || roundOff(1n, 1n, negative, mode).kept === 1n;
    return { value: sign | (away ? infinity : infinity - 1n), flags: FLAG.OF | FLAG.NX };
  }
  // As if there were no smallest exponent, would the number be below it?
  const unbounded = roundOff(magnitude, leading - (precision - 1n) - exponent, negative, mode).kept;
  const tiny = leading + (bitLength(unbounded) - precision) < smallest;
  const hidden = 1n << (precision - 1n);
  const value = kept < hidden ? kept : (biased << (precision - 1n)) | ((kept >> carried) & (hidden - 1n));
  return { value: sign | value, flags: inexact | (tiny && inexact ? FLAG.UF : 0) };
}

const product = (x: Exact, y: Exact): Exact => ({
  significand: x.significand * y.significand,
  exponent: x.exponent + y.exponent,
});

function sum(x: Exact, y: Exact): Exact {
  const exponent = smaller(x.exponent, y.exponent);
  const aligned = (value: Exact): bigint => value.significand << (value.exponent - exponent);
  return { significand: aligned(x) + aligned(y), exponent };
}

/** Appends a bit that stands for all that is left. */
const sticky = (significand: bigint, exponent: bigint, left: boolean): Exact => ({
  significand: significand * 2n + (left ? 1n : 0n),
  exponent: exponent - 1n,
});

/** The largest integer whose square is not above `value` (Newton's iteration, from above). */
function integerRoot(value: bigint): bigint {
  if (value === 0n) return 0n;
  let root = 1n << ((bitLength(value) + 1n) / 2n);
  for (;;) {
    const next = (root + value / root) / 2n;
    if (next >= root) return root;
    root = next;
  }
}

type Operation = (to: Format, mode: Rounding, ...operands: readonly bigint[]) => FloatResult;

/** The result where an operand is no number. */
const notANumber = ({ canonicalNaN }: Format, ...operands: readonly Unpacked[]): FloatResult =>
  operands.some(({ signaling }) => signaling) ? invalid(canonicalNaN) : exact(canonicalNaN);

const infinity = (to: Format, negative: boolean): bigint => (negative ? to.sign : 0n) | to.infinity;

/** x + y, where x is exact or infinite, and neither is a NaN. A zero that numbers cancel to has the sign of the mode. */
function addExact(to: Format, mode: Rounding, x: Omit<Unpacked, 'nan' | 'signaling'>, y: typeof x): FloatResult {
  if (x.infinite && y.infinite && x.negative !== y.negative) return invalid(to.canonicalNaN);
  if (x.infinite || y.infinite) return exact(infinity(to, x.infinite ? x.negative : y.negative));
  const total = sum(x, y);
  const ofZero = x.negative === y.negative ? x.negative : mode === ROUND.down;
  return round(to, total, total.significand === 0n ? ofZero : total.significand < 0n, mode);
}

const add: Operation = (to, mode, xBits = 0n, yBits = 0n) => {
  const [x, y] = [unpack(to, xBits), unpack(to, yBits)];
  return x.nan || y.nan ? notANumber(to, x, y) : addExact(to, mode, x, y);
};

const multiply: Operation = (to, mode, xBits = 0n, yBits = 0n) => {
  const [x, y] = [unpack(to, xBits), unpack(to, yBits)];
  if (x.nan || y.nan) return notANumber(to, x, y);
  const negative = x.negative !== y.negative;
  const exactProduct = product(x, y);
  if (!x.infinite && !y.infinite) return round(to, exactProduct, negative, mode);
  return exactProduct.significand === 0n ? invalid(to.canonicalNaN) : exact(infinity(to, negative));
};

const divide: Operation = (to, mode, xBits = 0n, yBits = 0n) => {
  const [x, y] = [unpack(to, xBits), unpack(to, yBits)];
  if (x.nan || y.nan) return notANumber(to, x, y);
  const negative = x.negative !== y.negative;
  const isZero = (value: Unpacked): boolean => value.significand === 0n;
  if ((x.infinite && y.infinite) || (isZero(x) && isZero(y))) return invalid(to.canonicalNaN);
  if (x.infinite) return exact(infinity(to, negative));
  if (y.infinite) return exact(negative ? to.sign : 0n);
  if (isZero(y)) return { value: infinity(to, negative), flags: FLAG.DZ };
  // So far to the left that the quotient has more bits than are kept.
  const shift = 2n * to.precision + 2n;
  const dividend = absolute(x.significand) << shift;
  const divisor = absolute(y.significand);
  const quotient = dividend / divisor;
  return round(to, sticky(quotient, x.exponent - y.exponent - shift, dividend % divisor !== 0n), negative, mode);
};

const squareRoot: Operation = (to, mode, bits = 0n) => {
  const x = unpack(to, bits);
  if (x.nan) return notANumber(to, x);
  if (x.significand === 0n) return exact(bits);
  if (x.negative) return invalid(to.canonicalNaN);
  if (x.infinite) return exact(bits);
  const shift = 2n * to.precision + 4n + (absolute(x.exponent) % 2n);
  const radicand = x.significand << shift;
  const root = integerRoot(radicand);
  return round(to, sticky(root, (x.exponent - shift) / 2n, root * root !== radicand), false, mode);
};

const multiplyAdd: Operation = (to, mode, xBits = 0n, yBits = 0n, zBits = 0n) => {
  const [x, y, z] = [unpack(to, xBits), unpack(to, yBits), unpack(to, zBits)];
  const exactProduct = product(x, y);
  const infinite = x.infinite || y.infinite;
  // Even where z is a NaN.
  if (!x.nan && !y.nan && infinite && exactProduct.significand === 0n) return invalid(to.canonicalNaN);
  if (x.nan || y.nan || z.nan) return notANumber(to, x, y, z);
  return addExact(to, mode, { ...exactProduct, infinite, negative: x.negative !== y.negative }, z);
};

/** -1, 0 or 1; neither is a NaN. Zeros are equal. */
function order(to: Format, xBits: bigint, yBits: bigint): number {
  const key = (bits: bigint): bigint => (bits & to.sign ? -(bits & ~to.sign) : bits);
  const difference = key(xBits) - key(yBits);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** The lesser of two numbers where `sign` is -1, the greater where it is 1; a number rather than a NaN. */
const extreme =
  (sign: -1 | 1): Operation =>
  (to, _mode, xBits = 0n, yBits = 0n) => {
    const [x, y] = [unpack(to, xBits), unpack(to, yBits)];
    const flags = x.signaling || y.signaling ? FLAG.NV : 0;
    if (x.nan || y.nan) return { value: !x.nan ? xBits : !y.nan ? yBits : to.canonicalNaN, flags };
    const ordered = order(to, xBits, yBits) || (x.negative === y.negative ? 0 : x.negative ? -1 : 1);
    return exact(ordered === sign ? xBits : yBits);
  };

/** 1 where `holds` is true of the order, which is false of NaNs. @param quiet only signaling NaNs are invalid */
const compare =
  (holds: (order: number) => boolean, quiet: boolean): Operation =>
  (to, _mode, xBits = 0n, yBits = 0n) => {
    const [x, y] = [unpack(to, xBits), unpack(to, yBits)];
    if (x.nan || y.nan) return quiet && !x.signaling && !y.signaling ? exact(0n) : invalid(0n);
    return exact(holds(order(to, xBits, yBits)) ? 1n : 0n);
  };

const operation =
  (compute: Operation) =>
  (bytes: FloatBytes, mode: Rounding, ...operands: readonly bigint[]): FloatResult =>
    compute(FORMATS[bytes], mode, ...operands);

/** The operations whose operands and result are of one format: `OPERATIONS.fadd(8, ROUND.up, x, y)`. */
export const OPERATIONS = {
  fadd: operation(add),
  fmul: operation(multiply),
  fdiv: operation(divide),
  fsqrt: operation(squareRoot),
  /** x * y + z, rounded once. */
  fmadd: operation(multiplyAdd),
  fmin: operation(extreme(-1)),
  fmax: operation(extreme(1)),
  feq: operation(compare((order) => order === 0, true)),
  flt: operation(compare((order) => order < 0, false)),
  fle: operation(compare((order) => order <= 0, false)),
} as const;

/** From one format to another. */
export function convert(from: FloatBytes, to: FloatBytes, mode: Rounding, bits: bigint): FloatResult {
  const target = FORMATS[to];
  const x = unpack(FORMATS[from], bits);
  if (x.nan) return notANumber(target, x);
  return x.infinite ? exact(infinity(target, x.negative)) : round(target, x, x.negative, mode);
}

/** The integer, signed, as a float. */
export const fromInteger = (to: FloatBytes, mode: Rounding, integer: bigint): FloatResult =>
  round(FORMATS[to], { significand: integer, exponent: 0n }, integer < 0n, mode);

/**
 * The float as an integer from `low` to `high`: beyond them the nearer one, for a NaN the high one, and invalid.
 * @returns the integer, signed
 */
export function toInteger(from: FloatBytes, mode: Rounding, bits: bigint, low: bigint, high: bigint): FloatResult {
  const x = unpack(FORMATS[from], bits);
  if (x.nan) return invalid(high);
  if (x.infinite) return invalid(x.negative ? low : high);
  const { kept, lost } = roundOff(absolute(x.significand), -x.exponent, x.negative, mode);
  const integer = x.negative ? -kept : kept;
  if (integer < low) return invalid(low);
  if (integer > high) return invalid(high);
  return { value: integer, flags: lost === 0n ? 0 : FLAG.NX };
}
