/**
 * From IR to WebAssembly: the ops that compute. What touches guest registers, memory, probes or control flow is the
 * `Place`'s affair, so that one lowering serves the interpreter's handlers and compiled regions alike.
 */
import { type Fragment, OPS, type Op, type Operand, type OpName, type Type, type Value } from '../ir/ops.ts';
import type { Code } from './encode.ts';
import type { OpcodeName, ValueType } from './opcodes.ts';

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
  /** Pop nothing: the value is in the local. */
  set(register: Operand<number>, value: number): void;
  /** Performs a load, store or atomic and leaves its result, if it has one, in `result`. */
  access(op: Op, args: readonly number[], result: number): void;
  fence(): void;
  /** Push the value on the stack. */
  lastAccess(op: 'accessAddress' | 'accessKind' | 'accessValue'): void;
  counter(counter: Operand<number>): void;
  count(counter: Operand<number>, amount: number): void;
  call(callback: Operand<number>): void;
  jump(target: number, direct: boolean): void;
  branch(condition: number, target: number): void;
  exit(door: string): void;
}

export const WASM_TYPE: Record<Type, ValueType> = { i64: 'i64', bool: 'i32' };

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
  sext32: ['i64_extend32_s'],
  zext32: ['i32_wrap_i64', 'i64_extend_i32_u'],
  eq: ['i64_eq'],
  ne: ['i64_ne'],
  lts: ['i64_lt_s'],
  ltu: ['i64_lt_u'],
  ges: ['i64_ge_s'],
  geu: ['i64_ge_u'],
  number: ['i64_extend_i32_u'],
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

/** Emits `fragment` at `place`. */
export function lower(fragment: Fragment, place: Place): void {
  const { code } = place;
  const locals = new Map<Value, number>();
  const local = (value: Value): number => locals.get(value)!;

  for (const [index, op] of fragment.entries()) {
    const { result } = OPS[op.name];
    const target = result === 'none' ? -1 : place.local(WASM_TYPE[result]);
    const args = op.args.map(local);
    const [x = -1, y = -1, z = -1] = args;
    locals.set(index, target);

    const direct = DIRECT[op.name];
    if (direct) {
      for (const arg of args) code.get(arg);
      code.op(...direct).set(target);
      continue;
    }
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
      case 'select':
        code.get(y).get(z).get(x).op('select');
        break;
      case 'get':
        place.get(op.register!);
        break;
      case 'set':
        place.set(op.register!, x);
        continue;
      case 'load':
      case 'store':
      case 'amo':
      case 'loadReserved':
      case 'storeConditional':
        place.access(op, args, target);
        continue;
      case 'fence':
        place.fence();
        continue;
      case 'accessAddress':
      case 'accessKind':
      case 'accessValue':
        place.lastAccess(op.name);
        break;
      case 'counter':
        place.counter(op.counter!);
        break;
      case 'count':
        place.count(op.counter!, x);
        continue;
      case 'call':
        place.call(op.callback!);
        continue;
      case 'callIf':
        code.get(x).if();
        place.call(op.callback!);
        code.end();
        continue;
      case 'jump':
        place.jump(x, isDirect(fragment, op.args[0]!));
        continue;
      case 'branch':
        place.branch(x, y);
        continue;
      case 'exit':
        place.exit(op.door!);
        continue;
      default:
        throw new Error(`no lowering for ${op.name}`);
    }
    code.set(target);
  }
}
