/**
 * The oracle: evaluates a fragment over bigints, slowly and obviously. Every other way of running a fragment is tested
 * against this one. Values are held as unsigned 64-bit bigints, truth values as booleans.
 */
import {
  type AccessBytes,
  type AmoKind,
  type Fragment,
  isField,
  OPS,
  type Op,
  type Operand,
  type OpName,
} from './ops.ts';
import { convert, type FloatBytes, type FloatResult, fromInteger, OPERATIONS, ROUND, toInteger } from './softfloat.ts';

/** The machine that the oracle drives. Accesses that fault throw; the fragment then has had no further effect. */
export interface EvaluationTarget {
  /** Address of this instruction, and of the one behind it. */
  readonly pc: bigint;
  readonly next: bigint;
  get(register: number): bigint;
  set(register: number, value: bigint): void;
  /** `bytes` bytes at `address`, zero-extended. */
  load(address: bigint, bytes: AccessBytes): bigint;
  store(address: bigint, bytes: AccessBytes, value: bigint): void;
  amo(address: bigint, bytes: AccessBytes, update: (old: bigint) => bigint): bigint;
  loadReserved(address: bigint, bytes: AccessBytes): bigint;
  /** Faults as a store would unless `bytes` bytes at `address` may be loaded or stored; does nothing else. */
  touch(address: bigint, bytes: AccessBytes): void;
  /** True if it stored. */
  storeConditional(address: bigint, bytes: AccessBytes, value: bigint): boolean;
  /** Accrues floating-point exceptions. @param flags bits of FLAG in `softfloat` */
  raise(flags: number): void;
  /** Present where fragments with probes are run. */
  readonly probes?: ProbeTarget;
}

/** What probes read and do. Counters are numbered as the fragment names them. */
export interface ProbeTarget {
  readonly accessAddress: bigint;
  readonly accessKind: bigint;
  readonly accessValue: bigint;
  counter(index: number): bigint;
  count(index: number, amount: bigint): void;
  call(callback: number): void;
  /** Appends `tag` to a buffer, with the last access if `access`. @returns whether the buffer is full now */
  record(log: number, tag: number, access: boolean): boolean;
}

/** How a fragment ended: where the hart goes on, by which door it left, or that a guard found it illegal. */
export type Outcome = { readonly pc: bigint } | { readonly door: string } | 'illegal';

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const s64 = (value: bigint): bigint => BigInt.asIntN(64, value);

const minimum = (x: bigint, y: bigint): bigint => (x < y ? x : y);
const maximum = (x: bigint, y: bigint): bigint => (x > y ? x : y);

/** What an atomic memory operation stores, given what it found and its operand, both of `bits` bits. */
export const AMO: Record<AmoKind, (old: bigint, operand: bigint, bits: number) => bigint> = {
  swap: (_, y) => y,
  add: (x, y) => x + y,
  xor: (x, y) => x ^ y,
  and: (x, y) => x & y,
  or: (x, y) => x | y,
  mins: (x, y, bits) => minimum(BigInt.asIntN(bits, x), BigInt.asIntN(bits, y)),
  maxs: (x, y, bits) => maximum(BigInt.asIntN(bits, x), BigInt.asIntN(bits, y)),
  minu: (x, y, bits) => minimum(BigInt.asUintN(bits, x), BigInt.asUintN(bits, y)),
  maxu: (x, y, bits) => maximum(BigInt.asUintN(bits, x), BigInt.asUintN(bits, y)),
};

const divide = (x: bigint, y: bigint): bigint => (y === 0n ? 0n : x / y);
const remainder = (x: bigint, y: bigint): bigint => (y === 0n ? x : x % y);

const trailingZeros = (x: bigint): bigint => (x === 0n ? 64n : BigInt((x & -x).toString(2).length - 1));
const leadingZeros = (x: bigint): bigint => (x === 0n ? 64n : BigInt(64 - x.toString(2).length));

const PURE: Partial<Record<Op['name'], (x: bigint, y: bigint) => bigint | boolean>> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  mulhs: (x, y) => (s64(x) * s64(y)) >> 64n,
  mulhu: (x, y) => (x * y) >> 64n,
  mulhsu: (x, y) => (s64(x) * y) >> 64n,
  divs: (x, y) => divide(s64(x), s64(y)),
  divu: divide,
  rems: (x, y) => remainder(s64(x), s64(y)),
  remu: remainder,
  and: (x, y) => x & y,
  or: (x, y) => x | y,
  xor: (x, y) => x ^ y,
  shl: (x, y) => x << (y & 63n),
  shru: (x, y) => x >> (y & 63n),
  shrs: (x, y) => s64(x) >> (y & 63n),
  rotl: (x, y) => (x << (y & 63n)) | (x >> (64n - (y & 63n))),
  rotr: (x, y) => (x >> (y & 63n)) | (x << (64n - (y & 63n))),
  clz: leadingZeros,
  ctz: trailingZeros,
  popcnt: (x) => BigInt(x.toString(2).replaceAll('0', '').length),
  sext8: (x) => BigInt.asIntN(8, x),
  sext16: (x) => BigInt.asIntN(16, x),
  sext32: (x) => BigInt.asIntN(32, x),
  zext32: (x) => BigInt.asUintN(32, x),
  eq: (x, y) => x === y,
  ne: (x, y) => x !== y,
  lts: (x, y) => s64(x) < s64(y),
  ltu: (x, y) => x < y,
  ges: (x, y) => s64(x) >= s64(y),
  geu: (x, y) => x >= y,
};

const u32 = (value: bigint): bigint => BigInt.asUintN(32, value);
const s32 = (value: bigint): bigint => BigInt.asIntN(32, value);

/** Ops of 32 bits; their values are held as unsigned 32-bit bigints. */
const PURE32: Partial<Record<Op['name'], (x: bigint, y: bigint) => bigint | boolean>> = {
  low: (x) => u32(x),
  extend: (x) => u64(s32(x)),
  extendUnsigned: (x) => x,
  add32: (x, y) => u32(x + y),
  sub32: (x, y) => u32(x - y),
  mul32: (x, y) => u32(x * y),
  and32: (x, y) => x & y,
  or32: (x, y) => x | y,
  xor32: (x, y) => x ^ y,
  shl32: (x, y) => u32(x << (y & 31n)),
  shru32: (x, y) => x >> (y & 31n),
  shrs32: (x, y) => u32(s32(x) >> (y & 31n)),
  eq32: (x, y) => x === y,
  ne32: (x, y) => x !== y,
  lts32: (x, y) => s32(x) < s32(y),
  ltu32: (x, y) => x < y,
  ges32: (x, y) => s32(x) >= s32(y),
  geu32: (x, y) => x >= y,
};

/** The result of a pure op of constants, unsigned; undefined where the op is none of 64-bit values alone. */
export function evaluatePure(name: OpName, args: readonly bigint[]): bigint | undefined {
  const value = PURE[name]?.(u64(args[0]!), u64(args[1] ?? 0n));
  return typeof value === 'bigint' ? u64(value) : undefined;
}

/** Ops whose last argument is no rounding mode. */
const UNROUNDED: readonly OpName[] = ['fmin', 'fmax', 'feq', 'flt', 'fle', 'fwiden'];

/** What the floating-point op does with its arguments; a truth value is 0 or 1, an integer is unsigned. */
export function evaluateFloat(op: Op, args: readonly bigint[]): FloatResult {
  const rounded = !UNROUNDED.includes(op.name);
  const mode = rounded ? Number(args.at(-1)) : ROUND.nearestEven;
  const operands = rounded ? args.slice(0, -1) : args;
  const [x = 0n] = operands;
  const bytes = op.bytes as FloatBytes;
  switch (op.name) {
    case 'fwiden':
      return convert(4, 8, mode, x);
    case 'fnarrow':
      return convert(8, 4, mode, x);
    case 'itof':
      return fromInteger(bytes, mode, op.signed ? s64(x) : x);
    case 'ftoi': {
      const values = 1n << BigInt(op.integerBytes! * 8);
      const low = op.signed ? -values / 2n : 0n;
      const { value, flags } = toInteger(bytes, mode, x, low, low + values - 1n);
      return { value: u64(value), flags };
    }
    default:
      return OPERATIONS[op.name as keyof typeof OPERATIONS](bytes, mode, ...operands);
  }
}

/** Runs `fragment`, whose fields must all be filled in. Control that runs off its end goes on at `next`. */
export function evaluate(fragment: Fragment, target: EvaluationTarget): Outcome {
  const results: (bigint | boolean | undefined)[] = [];

  for (const op of fragment) {
    const number = (position: number): bigint => results[op.args[position]!] as bigint;
    const truth = (): boolean => results[op.args[0]!] as boolean;
    const bytes = op.bytes ?? 8;
    const extend = (value: bigint): bigint => u64(BigInt.asIntN(bytes * 8, value));
    const low = (value: bigint): bigint => BigInt.asUintN(bytes * 8, value);
    if ([op.register, op.value, op.counter, op.callback].some(isField))
      throw new Error(`${op.name} has an open operand`);
    const given = (operand: Operand<number> | undefined): number => operand as number;
    const register = given(op.register);
    let result: bigint | boolean | undefined;

    switch (op.name) {
      case 'constant':
        result = u64(op.value as bigint);
        break;
      case 'pc':
        result = target.pc;
        break;
      case 'next':
        result = target.next;
        break;
      case 'number':
      case 'number32':
        result = truth() ? 1n : 0n;
        break;
      case 'constant32':
        result = u32(op.value as bigint);
        break;
      case 'select32':
      case 'select':
        result = truth() ? number(1) : number(2);
        break;
      case 'get':
        result = target.get(register);
        break;
      case 'set':
        target.set(register, number(0));
        break;
      case 'getLow':
        result = u32(target.get(register));
        break;
      case 'setLow':
        target.set(register, u64(s32(number(0))));
        break;
      case 'load': {
        const value = target.load(number(0), bytes);
        result = op.signed ? extend(value) : value;
        break;
      }
      case 'store':
        target.store(number(0), bytes, low(number(1)));
        break;
      case 'amo': {
        const operand = number(1);
        result = extend(target.amo(number(0), bytes, (old) => low(AMO[op.kind!](old, low(operand), bytes * 8))));
        break;
      }
      case 'loadReserved':
        result = extend(target.loadReserved(number(0), bytes));
        break;
      case 'storeConditional':
        result = target.storeConditional(number(0), bytes, low(number(1))) ? 0n : 1n;
        break;
      case 'zero':
        target.store(number(0), bytes, 0n);
        break;
      case 'touch':
        target.touch(number(0), bytes);
        break;
      case 'fence':
        break;
      case 'accessAddress':
      case 'accessKind':
      case 'accessValue':
        result = target.probes![op.name];
        break;
      case 'counter':
        result = target.probes!.counter(given(op.counter));
        break;
      case 'count':
        target.probes!.count(given(op.counter), number(0));
        break;
      case 'call':
        target.probes!.call(given(op.callback));
        break;
      case 'callIf':
        if (truth()) target.probes!.call(given(op.callback));
        break;
      case 'record':
      case 'recordAccess':
      case 'recordAccessIf': {
        if (op.name === 'recordAccessIf' && !truth()) break;
        const full = target.probes!.record(given(op.log), given(op.tag), op.name !== 'record');
        if (full) target.probes!.call(given(op.callback));
        break;
      }
      case 'guard':
        if (!truth()) return 'illegal';
        break;
      case 'jump':
        return { pc: number(0) };
      case 'branch':
        return { pc: truth() ? number(1) : target.next };
      case 'exit':
        return { door: op.door! };
      default: {
        if (OPS[op.name].effect === 'float') {
          const { value, flags } = evaluateFloat(
            op,
            op.args.map((_, position) => number(position)),
          );
          target.raise(flags);
          result = OPS[op.name].result === 'bool' ? value === 1n : value;
          break;
        }
        const value = (PURE[op.name] ?? PURE32[op.name])!(number(0), number(1));
        result = typeof value === 'bigint' ? u64(value) : value;
      }
    }
    results.push(result);
  }
  return { pc: target.next };
}
