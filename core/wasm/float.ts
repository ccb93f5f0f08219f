/**
 * Floating point in generated code: what the host computes alike is done inline, everything else by the place's slow way.
 *
 * Inline are rounding to nearest (of conversions to integers the other directions too) and results that can raise no
 * exception but "inexact": no NaNs, infinities, overflow or underflow. Whether a result is inexact is found out only
 * while the flag is not yet set. That takes no error terms: the lowest bits of the operands tell, or an operation that
 * undoes the first, or, for floats of 4 bytes, arithmetic in 8.
 */
import type { Op, OpName } from '../ir/ops.ts';
import { type FloatBytes, ROUND } from '../ir/softfloat.ts';
import { FloatCode } from './float-code.ts';
import type { Place } from './lower.ts';
import type { OpcodeName } from './opcodes.ts';

/** Of an integer of 64 bits: how many of its bits a significand cannot hold. */
const EXCESS_BITS: Record<FloatBytes, bigint> = { 4: 40n, 8: 11n };

/** Bits of a fraction of 8 bytes that one of 4 bytes lacks. */
const LOST_BITS = 29n;

/** Arguments of an op as locals with bit patterns; its rounding mode may be known. */
interface Arguments {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly mode: number;
  readonly knownMode: bigint | undefined;
  readonly op: Op;
}

type Emit = (f: FloatCode, args: Arguments) => void;

const add: Emit = (f, args) => {
  const [x, y] = [f.float(args.x), f.float(args.y)];
  const sum = f.binary('add', x, y);
  f.finishRounded(sum, f.isSum(sum, x, y));
};

const multiply: Emit = (f, args) => {
  const [x, y] = [f.wide(args.x), f.wide(args.y)];
  const product = f.binary('mul', x, y, 'f64');
  if (f.bytes === 4) f.finishNarrow(product);
  else f.finishRounded(product, f.isMultiple(x, y, product), f.either(f.isZero(x), f.isZero(y)));
};

const divide: Emit = (f, args) => {
  const [x, y] = [f.float(args.x), f.float(args.y)];
  const quotient = f.binary('div', x, y);
  f.finishRounded(quotient, f.isProduct(x, quotient, y), f.isZero(x));
};

const squareRoot: Emit = (f, args) => {
  const x = f.float(args.x);
  f.code.get(x).op(`${f.type}_sqrt`);
  const root = f.keep(f.type);
  f.finishRounded(root, f.isProduct(x, root, root), f.isZero(x));
};

const multiplyAdd: Emit = (f, args) => {
  const { code } = f;
  const [x, y, z] = [f.wide(args.x), f.wide(args.y), f.wide(args.z)];

  if (f.bytes === 8) {
    for (const local of [x, y, z]) code.get(local).op('f64x2_splat');
    code.op('f64x2_relaxed_madd', 'f64x2_extract_lane_0');
    const total = f.keep('f64');
    f.finishRounded(
      total,
      () => {
        f.lowestOfProduct(x, y);
        const ofProduct = f.keep('i64');
        f.lowest(z);
        const ofSummand = f.keep('i64');
        f.exponent(total);
        const unit = f.keep('i64');
        code.get(ofProduct).get(unit).op('i64_ge_s').get(ofSummand).get(unit).op('i64_ge_s', 'i32_and');
        const multiple = f.keep('i32');
        // Two lowest ones below the unit may add up to one that is not: the slow way tells.
        code.get(multiple).op('i32_eqz').get(ofProduct).get(ofSummand).op('i64_eq', 'i32_and');
        f.slowIf();
        code.get(multiple);
      },
      f.either(f.isZero(x), f.isZero(y)),
    );
    return;
  }

  // The wide product is exact; then the sum is rounded twice, which matters where the first time makes it a tie.
  const product = f.binary('mul', x, y, 'f64');
  const total = f.binary('add', product, z, 'f64');
  const exact = f.isSum(total, product, z, 'f64');
  code
    .get(total)
    .op('i64_reinterpret_f64')
    .i64((1n << LOST_BITS) - 1n)
    .op('i64_and');
  code
    .i64(1n << (LOST_BITS - 1n))
    .op('i64_eq')
    .if();
  exact();
  f.slowUnless();
  code.end();
  f.finishNarrow(total, exact);
};

const extreme =
  (name: 'min' | 'max'): Emit =>
  (f, args) => {
    const chosen = f.binary(name, f.float(args.x), f.float(args.y));
    f.slowIfNaN(chosen);
    f.finishFloat(chosen);
  };

const compare =
  (name: 'eq' | 'lt' | 'le'): Emit =>
  (f, args) => {
    const [x, y] = [f.float(args.x), f.float(args.y)];
    f.slowIfNaN(x);
    f.slowIfNaN(y);
    f.code.get(x).get(y).op(`${f.type}_${name}`);
    f.finish();
  };

const widen: Emit = (f, args) => {
  const x = f.float(args.x);
  f.slowIfNaN(x);
  f.code.get(x).op('f64_promote_f32', 'i64_reinterpret_f64');
  f.finish();
};

const narrow: Emit = (f, args) => {
  f.code.get(args.x).op('f64_reinterpret_i64');
  f.finishNarrow(f.keep('f64'));
};

const fromInteger: Emit = (f, { x, op }) => {
  const { code } = f;
  f.inexactUnless(() => {
    code.get(x);
    if (op.signed) {
      code.i64(63n).op('i64_shr_s');
      const sign = f.keep('i64');
      code.get(x).get(sign).op('i64_xor').get(sign).op('i64_sub');
    }
    const magnitude = f.keep('i64');
    // Exact if a significand can hold all bits from the highest one to the lowest.
    code.get(magnitude).op('i64_clz').get(magnitude).op('i64_ctz', 'i64_add').i64(EXCESS_BITS[f.bytes]).op('i64_ge_s');
  });
  code.get(x).op(`${f.type}_convert_i64_${op.signed ? 's' : 'u'}`);
  f.finishFloat(f.keep(f.type));
};

/** From the one that compilers ask for most. */
const DIRECTIONS: readonly (readonly [mode: number, opcode: OpcodeName])[] = [
  [ROUND.towardsZero, 'f64_trunc'],
  [ROUND.nearestEven, 'f64_nearest'],
  [ROUND.down, 'f64_floor'],
  [ROUND.up, 'f64_ceil'],
];

/** Pushes the wide float as a whole number. */
function pushWhole(f: FloatCode, wide: number, { mode, knownMode }: Arguments): void {
  const { code } = f;
  const known = DIRECTIONS.find(([direction]) => BigInt(direction) === knownMode);
  if (known) {
    code.get(wide).op(known[1]);
    return;
  }
  for (const [direction, opcode] of DIRECTIONS) {
    code.get(mode).i64(BigInt(direction)).op('i64_eq').if('f64');
    code.get(wide).op(opcode).else();
  }
  f.slow();
  for (const _ of DIRECTIONS) code.end();
}

const toInteger: Emit = (f, args) => {
  const { code } = f;
  const { signed, integerBytes } = args.op;
  const x = f.wide(args.x);
  pushWhole(f, x, args);
  const whole = f.keep('f64');
  const values = 2 ** (integerBytes! * 8);
  code
    .get(whole)
    .f64(signed ? -values / 2 : 0)
    .op('f64_ge');
  code
    .get(whole)
    .f64(signed ? values / 2 : values)
    .op('f64_lt', 'i32_and');
  f.slowUnless();
  f.inexactUnless(() => void code.get(whole).get(x).op('f64_eq'));
  code.get(whole).op(signed ? 'i64_trunc_sat_f64_s' : 'i64_trunc_sat_f64_u');
  f.finish();
};

/** Ops that are inline only if they round to nearest. */
const TO_NEAREST: Partial<Record<OpName, Emit>> = {
  fadd: add,
  fmul: multiply,
  fdiv: divide,
  fsqrt: squareRoot,
  fmadd: multiplyAdd,
  fnarrow: narrow,
  itof: fromInteger,
};
const OTHERS: Partial<Record<OpName, Emit>> = {
  fmin: extreme('min'),
  fmax: extreme('max'),
  feq: compare('eq'),
  flt: compare('lt'),
  fle: compare('le'),
  fwiden: widen,
  ftoi: toInteger,
};

/** Those of the op's floats that may have 4 bytes. */
const bytesOf = ({ name, bytes }: Op): FloatBytes => (name === 'fwiden' || name === 'fnarrow' ? 4 : (bytes as 4 | 8));

/**
 * Emits a floating-point op, whose result goes to the local `result`.
 * @param knownMode the value of its last argument, where that is a constant
 */
export function lowerFloat(
  place: Place,
  op: Op,
  args: readonly number[],
  result: number,
  knownMode: bigint | undefined,
): void {
  const { code } = place;
  const bytes = bytesOf(op);
  const [x = -1, y = -1, z = -1] = args;
  const mode = args.at(-1)!;
  const nearest = TO_NEAREST[op.name];
  const onlySlow =
    (nearest && knownMode !== undefined && knownMode !== BigInt(ROUND.nearestEven)) ||
    (op.name === 'fmadd' && bytes === 8 && !place.fusedMultiplyAdd);
  if (onlySlow) {
    place.slowFloat(op, args, result);
    return;
  }
  const done = code.block();
  const slow = code.block();
  if (nearest && knownMode === undefined) code.get(mode).i64(BigInt(ROUND.nearestEven)).op('i64_ne').brIf(slow);
  const emit = (nearest ?? OTHERS[op.name])!;
  emit(new FloatCode(place, bytes, result, done, slow), { x, y, z, mode, knownMode, op });
  code.end();
  place.slowFloat(op, args, result);
  code.end();
}
