/**
 * From IR to WebAssembly: the ops that compute. What touches guest registers, memory, probes or control flow is the
 * `Place`'s affair, so that one lowering serves the interpreter's handlers and compiled regions alike.
 */
import { type Fragment, OPS, type Op, type Operand, type OpName, type Type, type Value } from '../ir/ops.ts';
import type { Code } from './encode.ts';
import { lowerFloat } from './float.ts';
import type { OpcodeName, ValueType } from './opcodes.ts';

/** Emits code that pushes one value. To be called once at the most. */
export type Push = () => void;

/** Where a fragment is being compiled to. Each method emits code; `arguments` hold values in locals. */
export interface Place {
  readonly code: Code;
  /** A local for a value that lives until the end of the fragment. */
  local(type: ValueType): number;
  /** Push the value on the stack. */
  constant(value: Operand<bigint>): void;
  pc(): void;
  next(): void;
  get(register: Operand<number>): void;
  set(register: Operand<number>, value: Push): void;
  /** The low halves of registers; absent where fragments have none of it. */
  getLow?(register: Operand<number>): void;
  setLow?(register: Operand<number>, value: Push): void;
  /** Performs a load, store or atomic and leaves its result, if it has one, in `result`. */
  access(op: Op, args: readonly number[], result: number): void;
  /** Whether `f64x2.relaxed_madd` may be emitted, and rounds once. */
  readonly fusedMultiplyAdd: boolean;
  /** Pushes the floating-point exceptions that have accrued. */
  flags(): void;
  /** Accrues `flags`, bits of FLAG. */
  raise(flags: number): void;
  /** Performs a floating-point op out of line, exceptions too, and leaves its result in `result`. */
  slowFloat(op: Op, args: readonly number[], result: number): void;
  fence(): void;
  /** Leaves, with nothing done, unless the condition is true. */
  guard(condition: Push): void;
  /** Push the value on the stack. */
  lastAccess(op: 'accessAddress' | 'accessKind' | 'accessValue'): void;
  counter(counter: Operand<number>): void;
  count(counter: Operand<number>, amount: number): void;
  call(callback: Operand<number>): void;
  /** Appends to the buffer `log`, with the last access if `access`. */
  record(log: Operand<number>, tag: Operand<number>, access: boolean, callback: Operand<number>): void;
  jump(target: Push, direct: boolean): void;
  branch(condition: Push, target: Push): void;
  exit(door: string): void;
}

export const WASM_TYPE: Record<Type, ValueType> = { i64: 'i64', i32: 'i32', bool: 'i32' };

/** Ops that are one opcode. */
const DIRECT: Partial<Record<OpName, readonly OpcodeName[]>> = {
  add: ['i64_add'],
  sub: ['i64_sub'],
  mul: ['i64_mul'],
  and: ['i64_and'],
  or: ['i64_or'],
  xor: ['i64_xor'],
  shl: ['i64_shl'],
  shru: ['i64_shr_u'],
  shrs: ['i64_shr_s'],
  rotl: ['i64_rotl'],
  rotr: ['i64_rotr'],
  clz: ['i64_clz'],
  ctz: ['i64_ctz'],
  popcnt: ['i64_popcnt'],
  sext8: ['i64_extend8_s'],
  sext16: ['i64_extend16_s'],
  sext32: ['i64_extend32_s'],
  zext32: ['i32_wrap_i64', 'i64_extend_i32_u'],
  eq: ['i64_eq'],
  ne: ['i64_ne'],
  lts: ['i64_lt_s'],
  ltu: ['i64_lt_u'],
  ges: ['i64_ge_s'],
  geu: ['i64_ge_u'],
  number: ['i64_extend_i32_u'],

  low: ['i32_wrap_i64'],
  extend: ['i64_extend_i32_s'],
  extendUnsigned: ['i64_extend_i32_u'],
  number32: [],
  add32: ['i32_add'],
  sub32: ['i32_sub'],
  mul32: ['i32_mul'],
  and32: ['i32_and'],
  or32: ['i32_or'],
  xor32: ['i32_xor'],
  shl32: ['i32_shl'],
  shru32: ['i32_shr_u'],
  shrs32: ['i32_shr_s'],
  eq32: ['i32_eq'],
  ne32: ['i32_ne'],
  lts32: ['i32_lt_s'],
  ltu32: ['i32_lt_u'],
  ges32: ['i32_ge_s'],
  geu32: ['i32_ge_u'],
};

const LOW_HALF = 0xffff_ffffn;

/** Pushes the high half of the unsigned product, by halves of 32 bits. */
function highProduct(place: Place, x: number, y: number): void {
  const { code } = place;
  const middle = place.local('i64');
  const other = place.local('i64');
  const half = (local: number, high: boolean): Code =>
    high ? code.get(local).i64(32n).op('i64_shr_u') : code.get(local).i64(LOW_HALF).op('i64_and');
  const product = (xHigh: boolean, yHigh: boolean): Code => {
    half(x, xHigh);
    half(y, yHigh);
    return code.op('i64_mul');
  };
  // middle = xH * yL + (xL * yL >> 32); other = xL * yH + low(middle); result = xH * yH + high(middle) + high(other)
  product(true, false);
  product(false, false).i64(32n).op('i64_shr_u', 'i64_add').set(middle);
  product(false, true);
  half(middle, false).op('i64_add').set(other);
  product(true, true);
  half(middle, true).op('i64_add');
  half(other, true).op('i64_add');
}

/** Subtracts `y` from the top of the stack where `x` is negative. */
const subtractIfNegative = (code: Code, x: number, y: number): Code =>
  code.get(x).i64(63n).op('i64_shr_s').get(y).op('i64_and', 'i64_sub');

/** Pushes a quotient or remainder; WebAssembly traps on a zero divisor, and on overflow of `div_s`. */
function division(place: Place, opcode: OpcodeName, x: number, y: number, whenZero: () => void): void {
  const { code } = place;
  code.get(y).op('i64_eqz').if('i64');
  whenZero();
  code.else();
  if (opcode === 'i64_div_s') {
    code.get(y).i64(-1n).op('i64_eq').if('i64');
    code.i64(0n).get(x).op('i64_sub').else();
    code.get(x).get(y).op(opcode).end();
  } else {
    code.get(x).get(y).op(opcode);
  }
  code.end();
}

/** True where the address that `value` holds does not depend on guest registers: pc plus an immediate. */
export function isDirect(fragment: Fragment, value: Value): boolean {
  const op = fragment[value]!;
  return op.name === 'constant' || op.name === 'pc' || op.name === 'next'
    ? true
    : op.name === 'add' && op.args.every((arg) => isDirect(fragment, arg));
}

/** Ops that cost nothing to repeat. */
const CHEAP: ReadonlySet<OpName> = new Set(['constant', 'constant32', 'pc', 'next']);

/**
 * Values that are computed where they are used, on the stack, instead of being kept in a local: pure ops that are used
 * once, with no write to a register in between that they may read.
 */
function inlined(fragment: Fragment): ReadonlySet<Value> {
  const usedBy = fragment.map((): number[] => []);
  for (const [index, { args }] of fragment.entries()) for (const arg of args) usedBy[arg]!.push(index);
  const set = new Set<Value>();
  const isWrite = ({ name }: Op): boolean => name === 'set' || name === 'setLow';
  for (const [index, { name }] of fragment.entries()) {
    const [use, ...more] = usedBy[index]!;
    if (CHEAP.has(name)) set.add(index);
    else if (
      (name === 'get' || name === 'getLow' || OPS[name].effect === 'pure') &&
      use !== undefined &&
      more.length === 0
    ) {
      if (!fragment.slice(index, use).some(isWrite)) set.add(index);
    }
  }
  return set;
}

function constantOf(fragment: Fragment, value: Value): bigint | undefined {
  const { value: given } = fragment[value]!;
  return typeof given === 'bigint' ? given : undefined;
}

/** Emits `fragment` at `place`. */
export function lower(fragment: Fragment, place: Place): void {
  const { code } = place;
  const later = inlined(fragment);
  const locals = new Map<Value, number>();

  function push(value: Value): void {
    if (!later.has(value) || locals.has(value)) code.get(local(value));
    else compute(value);
  }

  /** The local that holds `value`, which is computed first if it has not been. */
  function local(value: Value): number {
    let found = locals.get(value);
    if (found === undefined) {
      found = place.local(WASM_TYPE[OPS[fragment[value]!.name].result as Type]);
      compute(value);
      code.set(found);
      locals.set(value, found);
    }
    return found;
  }

  /** Pushes the result of a pure op. */
  function compute(value: Value): void {
    const op = fragment[value]!;
    const { args } = op;
    const direct = DIRECT[op.name];
    if (direct) {
      for (const arg of args) push(arg);
      code.op(...direct);
      return;
    }
    if (op.name === 'select' || op.name === 'select32') {
      push(args[1]!);
      push(args[2]!);
      push(args[0]!);
      code.op('select');
      return;
    }
    const [x = -1, y = -1] = args.map(local);
    switch (op.name) {
      case 'constant':
        place.constant(op.value!);
        break;
      case 'pc':
      case 'next':
        place[op.name]();
        break;
      case 'mulhu':
        highProduct(place, x, y);
        break;
      case 'mulhs':
        highProduct(place, x, y);
        subtractIfNegative(code, x, y);
        subtractIfNegative(code, y, x);
        break;
      case 'mulhsu':
        highProduct(place, x, y);
        subtractIfNegative(code, x, y);
        break;
      case 'divs':
        division(place, 'i64_div_s', x, y, () => code.i64(0n));
        break;
      case 'divu':
        division(place, 'i64_div_u', x, y, () => code.i64(0n));
        break;
      case 'rems':
        division(place, 'i64_rem_s', x, y, () => code.get(x));
        break;
      case 'remu':
        division(place, 'i64_rem_u', x, y, () => code.get(x));
        break;
      case 'constant32':
        code.i32(Number(BigInt.asIntN(32, op.value as bigint)));
        break;
      case 'get':
        place.get(op.register!);
        break;
      case 'getLow':
        place.getLow!(op.register!);
        break;
      case 'accessAddress':
      case 'accessKind':
      case 'accessValue':
        place.lastAccess(op.name);
        break;
      case 'counter':
        place.counter(op.counter!);
        break;
      default:
        throw new Error(`no lowering for ${op.name}`);
    }
  }

  for (const [index, op] of fragment.entries()) {
    const [x = -1, y = -1] = op.args;
    switch (op.name) {
      case 'set':
        place.set(op.register!, () => push(x));
        break;
      case 'setLow':
        place.setLow!(op.register!, () => push(x));
        break;
      case 'load':
      case 'store':
      case 'amo':
      case 'loadReserved':
      case 'storeConditional':
      case 'zero':
      case 'touch': {
        const { result } = OPS[op.name];
        const args = op.args.map(local);
        const target = result === 'none' ? -1 : place.local(WASM_TYPE[result]);
        place.access(op, args, target);
        locals.set(index, target);
        break;
      }
      case 'fence':
        place.fence();
        break;
      case 'count':
        place.count(op.counter!, local(x));
        break;
      case 'call':
        place.call(op.callback!);
        break;
      case 'callIf':
        push(x);
        code.if();
        place.call(op.callback!);
        code.end();
        break;
      case 'record':
      case 'recordAccess':
        place.record(op.log!, op.tag!, op.name === 'recordAccess', op.callback!);
        break;
      case 'recordAccessIf':
        push(x);
        code.if();
        place.record(op.log!, op.tag!, true, op.callback!);
        code.end();
        break;
      case 'guard':
        place.guard(() => push(x));
        break;
      case 'jump':
        place.jump(() => push(x), isDirect(fragment, x));
        break;
      case 'branch':
        place.branch(
          () => push(x),
          () => push(y),
        );
        break;
      case 'exit':
        place.exit(op.door!);
        break;
      default:
        if (OPS[op.name].effect === 'float') {
          const args = op.args.map(local);
          const target = place.local(WASM_TYPE[OPS[op.name].result as Type]);
          lowerFloat(place, op, args, target, constantOf(fragment, op.args.at(-1)!));
          locals.set(index, target);
        } else if (!later.has(index)) local(index);
    }
  }
}
