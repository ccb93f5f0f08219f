/** Random floats that lie where arithmetic changes its ways, as bit patterns. */
import type { FloatBytes } from '../../core/ir/softfloat.ts';
import type { Random } from './random.ts';

/** Bits of fraction and exponent. */
const SHAPE = { 4: { fraction: 23, exponent: 8 }, 8: { fraction: 52, exponent: 11 } } as const;
const BOX = 0xffff_ffff_0000_0000n;

const ones = (bits: number): bigint => (1n << BigInt(bits)) - 1n;
const bit = (position: number): bigint => 1n << BigInt(position);

/** Few ones, few zeros, runs of ones, or anything: what makes results exact, halfway, or nearly so. */
function fraction(random: Random, bits: number): bigint {
  const all = ones(bits);
  const position = random.below(bits);
  switch (random.below(8)) {
    case 0:
      return random.chance(50) ? 0n : BigInt(random.below(4));
    case 1:
      return random.chance(50) ? all : all - BigInt(random.below(4));
    case 2:
      return bit(position);
    case 3:
      return all ^ bit(position);
    case 4:
      return all & ~ones(position);
    case 5:
      return ones(position) ^ (random.chance(50) ? bit(random.below(bits)) : 0n);
    default:
      return random.double() & all;
  }
}

function exponent(random: Random, bits: number): bigint {
  const largest = Number(ones(bits));
  const bias = largest >> 1;
  switch (random.below(8)) {
    case 0:
      return BigInt(random.below(3));
    case 1:
      return BigInt(largest - random.below(3));
    case 2:
    case 3:
      return BigInt(bias + random.between(-3, 3));
    case 4:
      return BigInt(bias + random.between(-66, 66));
    default:
      return BigInt(random.below(largest + 1));
  }
}

/** A float of `bytes` bytes: of any kind, NaNs too. */
export function randomFloat(random: Random, bytes: FloatBytes): bigint {
  const shape = SHAPE[bytes];
  const sign = BigInt(random.below(2)) << BigInt(bytes * 8 - 1);
  return sign | (exponent(random, shape.exponent) << BigInt(shape.fraction)) | fraction(random, shape.fraction);
}

/** What a register may hold: a double, a boxed single, or rarely a single whose box is broken. */
export function randomFloatRegister(random: Random): bigint {
  if (random.chance(50)) return randomFloat(random, 8);
  const single = randomFloat(random, 4);
  return random.chance(97) ? single | BOX : single | (random.double() & BOX);
}

const words = new DataView(new ArrayBuffer(8));

export function toNumber(bits: bigint, bytes: FloatBytes): number {
  words.setBigUint64(0, bits);
  return bytes === 8 ? words.getFloat64(0) : words.getFloat32(4);
}

/** The bits of the float nearest to `value`; of NaNs, those of the canonical one. */
export function toBits(value: number, bytes: FloatBytes): bigint {
  if (Number.isNaN(value)) return bytes === 8 ? 0x7ff8_0000_0000_0000n : 0x7fc0_0000n;
  if (bytes === 8) words.setFloat64(0, value);
  else words.setFloat32(4, value);
  return bytes === 8 ? words.getBigUint64(0) : BigInt(words.getUint32(4));
}

/** A few units in the last place away from `value`, or from its negative. */
function near(random: Random, value: number, bytes: FloatBytes): bigint {
  const bits = toBits(random.chance(50) ? value : -value, bytes);
  return BigInt.asUintN(bytes * 8, bits + BigInt(random.between(-3, 3)));
}

/** `y` with another exponent, by which x * y, or x / y, comes close to the least or the greatest normal number. */
function atTheEdge(random: Random, x: bigint, y: bigint, bytes: FloatBytes): bigint {
  const shape = SHAPE[bytes];
  const largest = Number(ones(shape.exponent));
  const field = BigInt(largest) << BigInt(shape.fraction);
  const bias = largest >> 1;
  const exponentOfX = Number((x & field) >> BigInt(shape.fraction));
  const edge = (random.chance(70) ? 1 : largest - 1) + random.between(-1, 1);
  const wanted = random.chance(60) ? edge - exponentOfX + bias : exponentOfX - edge + bias;
  return (y & ~field) | (BigInt(Math.min(Math.max(wanted, 0), largest - 1)) << BigInt(shape.fraction));
}

/** Three floats; now and then one lies close to what the others come to, so that much cancels. */
export function randomFloats(random: Random, bytes: FloatBytes): readonly [bigint, bigint, bigint] {
  const [x, y, z] = [randomFloat(random, bytes), randomFloat(random, bytes), randomFloat(random, bytes)];
  switch (random.below(8)) {
    case 3:
      return [x, atTheEdge(random, x, y, bytes), z];
    case 4: {
      // Hardly more than one power of two, times hardly less than another.
      const all = ones(SHAPE[bytes].fraction);
      const above = (x & ~all) + BigInt(random.below(4));
      const below = (y | all) - BigInt(random.below(4));
      return [above, atTheEdge(random, above, below, bytes), BigInt(random.below(2)) << BigInt(bytes * 8 - 1)];
    }
    case 0:
      return [x, near(random, toNumber(x, bytes), bytes), z];
    case 1:
      return [x, y, near(random, toNumber(x, bytes) * toNumber(y, bytes), bytes)];
    case 2: {
      // A square, for roots, and a product, for quotients.
      const root = toNumber(y, bytes);
      return [near(random, root * root, bytes), y, z];
    }
    default:
      return [x, y, z];
  }
}
