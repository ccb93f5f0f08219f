/**
 * What the inline ways of floating-point ops are put together from: taking floats out of bit patterns and back, leaving
 * for the slow way, and finding out whether a result is exact.
 */
import { FLAG, type FloatBytes } from '../ir/softfloat.ts';
import type { Code, Label } from './encode.ts';
import type { Place } from './lower.ts';
import type { OpcodeName, ValueType } from './opcodes.ts';

const SIGN: Record<FloatBytes, bigint> = { 4: 1n << 31n, 8: 1n << 63n };
const INFINITY: Record<FloatBytes, bigint> = { 4: 0x7f80_0000n, 8: 0x7ff0_0000_0000_0000n };
/** The smallest normal number: what has this magnitude may have been tiny before it was rounded. */
const NORMAL: Record<FloatBytes, bigint> = { 4: 0x0080_0000n, 8: 0x0010_0000_0000_0000n };
/** Of floats of 8 bytes: bits of the fraction, and what is added to exponents of their lowest ones. */
const FRACTION_BITS = 52n;
const LOWEST_BIAS = 1075n;
/** The exponent of the lowest one of 0, which has none: above all others. */
const NO_LOWEST = 1n << 20n;
/** Emits code that pushes a truth value. */
export type Condition = () => void;

/** Emits one op. Floats are in locals of their type; those of 8 bytes are called wide. */
export class FloatCode {
  readonly code: Code;
  readonly bytes: FloatBytes;
  readonly type: 'f32' | 'f64';
  readonly #place: Place;
  readonly #result: number;
  readonly #done: Label;
  readonly #slow: Label;

  constructor(place: Place, bytes: FloatBytes, result: number, done: Label, slow: Label) {
    this.code = place.code;
    this.bytes = bytes;
    this.type = bytes === 8 ? 'f64' : 'f32';
    this.#place = place;
    this.#result = result;
    this.#done = done;
    this.#slow = slow;
  }

  /** Stores what is on the stack in a new local. */
  keep(type: ValueType): number {
    const local = this.#place.local(type);
    this.code.set(local);
    return local;
  }
  /** The float whose bits are in `local`. */
  float(local: number): number {
    if (this.bytes === 8) this.code.get(local).op('f64_reinterpret_i64');
    else this.code.get(local).op('i32_wrap_i64', 'f32_reinterpret_i32');
    return this.keep(this.type);
  }
  wide(local: number): number {
    const float = this.float(local);
    if (this.bytes === 8) return float;
    this.code.get(float).op('f64_promote_f32');
    return this.keep('f64');
  }
  binary(name: 'add' | 'mul' | 'div' | 'min' | 'max', x: number, y: number, type = this.type): number {
    this.code
      .get(x)
      .get(y)
      .op(`${type}_${name}` as OpcodeName);
    return this.keep(type);
  }

  slow(): void {
    this.code.br(this.#slow);
  }
  /** Goes the slow way if the condition on the stack is true. */
  slowIf(): void {
    this.code.brIf(this.#slow);
  }
  slowUnless(): void {
    this.code.op('i32_eqz').brIf(this.#slow);
  }
  slowIfNaN(float: number): void {
    this.code.get(float).get(float).op(`${this.type}_ne`).brIf(this.#slow);
  }

  /** Ends the fast way: what is on the stack is the result. */
  finish(): void {
    this.code.set(this.#result).br(this.#done);
  }
  finishFloat(float: number): void {
    this.#bits(float);
    this.finish();
  }
  #bits(float: number): void {
    if (this.bytes === 8) this.code.get(float).op('i64_reinterpret_f64');
    else this.code.get(float).op('i32_reinterpret_f32', 'i64_extend_i32_u');
  }

  /**
   * Ends with a float that was rounded, if "inexact" is all that can have been raised; else goes the slow way.
   * @param exact whether it is exact; not asked of 0 where `exactZero` is present
   * @param exactZero whether it is, given that it is 0; absent where whatever is below normal is exact
   */
  finishRounded(float: number, exact: Condition, exactZero?: Condition): void {
    const { code, bytes } = this;
    this.#bits(float);
    const bits = this.keep('i64');
    code
      .get(bits)
      .i64(SIGN[bytes] - 1n)
      .op('i64_and');
    const magnitude = this.keep('i64');
    const least = exactZero ? NORMAL[bytes] + 1n : 0n;
    code
      .get(magnitude)
      .i64(least)
      .op('i64_sub')
      .i64(INFINITY[bytes] - least)
      .op('i64_ge_u');
    if (exactZero) {
      code.if();
      code.get(magnitude).i64(0n).op('i64_ne');
      this.slowIf();
      exactZero();
      this.slowUnless();
      code.get(bits);
      this.finish();
      code.end();
    } else {
      this.slowIf();
    }
    this.inexactUnless(exact);
    code.get(bits);
    this.finish();
  }

  /** Ends with a wide float, made narrow. @param exact whether the wide one is exact; it is if this is absent */
  finishNarrow(wide: number, exact?: Condition): void {
    const { code } = this;
    code.get(wide).op('f32_demote_f64');
    const narrow = this.keep('f32');
    const same = (): void => void code.get(narrow).op('f64_promote_f32').get(wide).op('f64_eq');
    this.finishRounded(narrow, exact ? this.both(same, exact) : same, this.isZero(wide, 'f64'));
  }

  /** Raises "inexact" unless the condition holds, which is looked at only while the flag is not set. */
  inexactUnless(exact: Condition): void {
    const { code } = this;
    this.#place.flags();
    code.i64(BigInt(FLAG.NX)).op('i64_and', 'i64_eqz').if();
    exact();
    code.op('i32_eqz').if();
    this.#place.raise(FLAG.NX);
    code.end().end();
  }

  both = (one: Condition, other: Condition): Condition => this.#combined('i32_and', one, other);
  either = (one: Condition, other: Condition): Condition => this.#combined('i32_or', one, other);
  #combined(opcode: OpcodeName, one: Condition, other: Condition): Condition {
    return () => {
      one();
      other();
      this.code.op(opcode);
    };
  }

  isZero(float: number, type = this.type): Condition {
    return () => {
      this.code.get(float);
      if (type === 'f32') this.code.op('f64_promote_f32');
      this.code.f64(0).op('f64_eq');
    };
  }

  /** Whether sum = x + y exactly: what is lost shows when the larger one is taken away again. */
  isSum(sum: number, x: number, y: number, type = this.type): Condition {
    const undone = (one: number, other: number) => (): void =>
      void this.code.get(sum).get(one).op(`${type}_sub`).get(other).op(`${type}_eq`);
    return this.both(undone(x, y), undone(y, x));
  }

  /** Whether product = x * y exactly. Wide floats hold the product of two narrow ones. */
  isProduct(product: number, x: number, y: number): Condition {
    const { code } = this;
    const push = (float: number): Code => (this.bytes === 8 ? code.get(float) : code.get(float).op('f64_promote_f32'));
    const equal = (): void => {
      push(x);
      push(y).op('f64_mul');
      push(product).op('f64_eq');
    };
    return this.bytes === 8 ? this.both(equal, this.isMultiple(x, y, product)) : equal;
  }

  /** Whether the product of two wide floats is a multiple of the unit in the last place of `rounded`. */
  isMultiple(x: number, y: number, rounded: number): Condition {
    return () => {
      this.lowestOfProduct(x, y);
      this.exponent(rounded).op('i64_ge_s');
    };
  }
  /** Pushes the biased exponent of a wide float, of subnormal ones that of their unit: of its last place + LOWEST_BIAS. */
  exponent(wide: number): Code {
    const { code } = this;
    code.get(wide).op('i64_reinterpret_f64').i64(FRACTION_BITS).op('i64_shr_u').i64(0x7ffn).op('i64_and');
    const biased = this.keep('i64');
    return code.get(biased).get(biased).op('i64_eqz', 'i64_extend_i32_u', 'i64_add');
  }
  /** Pushes the exponent of the lowest one in the significand of a wide float, + LOWEST_BIAS. */
  lowest(wide: number): Code {
    const { code } = this;
    code
      .get(wide)
      .op('i64_reinterpret_f64')
      .i64(1n << FRACTION_BITS)
      .op('i64_or', 'i64_ctz');
    this.exponent(wide).op('i64_add').i64(NO_LOWEST);
    return code.get(wide).f64(0).op('f64_ne', 'select');
  }
  lowestOfProduct(x: number, y: number): Code {
    this.lowest(x);
    return this.lowest(y).op('i64_add').i64(LOWEST_BIAS).op('i64_sub');
  }
}
