/**
 * Keeps 32-bit values in 32 bits. A value is *narrow* when it is the sign-extension of its low half, as the results of
 * `addw` and `lw` are; computing with the low halves alone then gives the same, and the extension is made only where
 * somebody reads all 64 bits. Registers that hold narrow values are read and written by `getLow` and `setLow`.
 */
import { type Fragment, isField, OPS, type Op, type OpName, type Value } from './ops.ts';

/** What writing a register does to it: whether it becomes narrow, or which registers must be narrow for that. */
export interface NarrowWrite {
  readonly register: number;
  readonly narrow: boolean | readonly number[];
}

const INT32_MIN = -0x8000_0000n;
const INT32_MAX = 0x7fff_ffffn;

/** Bitwise ops of narrow values are narrow. */
const BITWISE: ReadonlySet<OpName> = new Set(['and', 'or', 'xor']);
/** Ops whose low half follows from the low halves of their arguments. */
const LOW: ReadonlyMap<OpName, OpName> = new Map([
  ['add', 'add32'],
  ['sub', 'sub32'],
  ['mul', 'mul32'],
  ['and', 'and32'],
  ['or', 'or32'],
  ['xor', 'xor32'],
]);
const COMPARES: ReadonlyMap<OpName, OpName> = new Map([
  ['eq', 'eq32'],
  ['ne', 'ne32'],
  ['lts', 'lts32'],
  ['ltu', 'ltu32'],
  ['ges', 'ges32'],
  ['geu', 'geu32'],
]);

const constantOf = ({ name, value }: Op): bigint | undefined =>
  name === 'constant' && !isField(value) ? BigInt.asIntN(64, value!) : undefined;

/** True, false, or the registers that must be narrow for `value` to be so. */
function narrowness(fragment: Fragment, value: Value): boolean | readonly number[] {
  const op = fragment[value]!;
  const both = (args: readonly Value[]): boolean | readonly number[] => {
    const needs: number[] = [];
    for (const arg of args) {
      const need = narrowness(fragment, arg);
      if (need === false) return false;
      if (need !== true) needs.push(...need);
    }
    return needs.length === 0 ? true : needs;
  };
  const constant = constantOf(op);
  if (constant !== undefined) return constant >= INT32_MIN && constant <= INT32_MAX;
  switch (op.name) {
    case 'sext32':
    case 'number':
      return true;
    case 'get':
      return [op.register as number];
    case 'load':
      return op.bytes === 4 ? op.signed! : op.bytes! < 4;
    case 'amo':
    case 'loadReserved':
      return op.bytes === 4;
    case 'storeConditional':
      return true;
    case 'shrs':
      return narrowness(fragment, op.args[0]!);
    case 'select':
      return both(op.args.slice(1));
    default:
      return BITWISE.has(op.name) ? both(op.args) : false;
  }
}

const writes = new WeakMap<Fragment, readonly NarrowWrite[]>();

/** The registers that `fragment` writes, in order. */
export function narrowWrites(fragment: Fragment): readonly NarrowWrite[] {
  let known = writes.get(fragment);
  if (!known) {
    known = fragment.flatMap(({ name, register, args }) =>
      name === 'set' ? [{ register: register as number, narrow: narrowness(fragment, args[0]!) }] : [],
    );
    writes.set(fragment, known);
  }
  return known;
}

/** True where `write` leaves its register narrow. */
export const becomesNarrow = ({ narrow }: NarrowWrite, isNarrow: (register: number) => boolean): boolean =>
  typeof narrow === 'boolean' ? narrow : narrow.every(isNarrow);

/**
 * `fragment` with 32-bit ops wherever they do.
 * @param isNarrow whether a register is narrow when the fragment begins: it is then read by `getLow` only
 */
export function narrow(fragment: Fragment, isNarrow: (register: number) => boolean): Fragment {
  const made: Op[] = [];
  /** What each value has become, in 64 bits or the low 32. */
  const wide = new Map<Value, Value>();
  const low = new Map<Value, Value>();
  const push = (op: Op): Value => made.push(op) - 1;
  const is = (value: Value): boolean => {
    const need = narrowness(fragment, value);
    return typeof need === 'boolean' ? need : need.every(isNarrow);
  };
  const amountOf = (value: Value): { readonly constant: number } | { readonly value: Value } | undefined => {
    const op = fragment[value]!;
    const constant = constantOf(op);
    if (constant !== undefined) return constant < 32n && constant >= 0n ? { constant: Number(constant) } : undefined;
    if (op.name === 'and' && constantOf(fragment[op.args[1]!]!) === 31n) return { value: op.args[0]! };
    return undefined;
  };
  const lowAmount = (amount: { readonly constant: number } | { readonly value: Value }): Value =>
    'constant' in amount ? push({ name: 'constant32', args: [], value: BigInt(amount.constant) }) : toLow(amount.value);

  /** The low half by 32-bit ops alone; undefined where that is no gain. */
  function narrowOp(value: Value): Value | undefined {
    const op = fragment[value]!;
    const [x = -1, y = -1] = op.args;
    const constant = constantOf(op);
    if (constant !== undefined) return push({ name: 'constant32', args: [], value: BigInt.asIntN(32, constant) });
    const same = LOW.get(op.name);
    if (same) return push({ name: same, args: [toLow(x), toLow(y)] });
    switch (op.name) {
      case 'sext32':
      case 'zext32':
        return toLow(x);
      case 'number':
        return push({ name: 'number32', args: [toWide(x)] });
      case 'shl':
      case 'shru':
      case 'shrs': {
        const amount = amountOf(y);
        if (!amount) return undefined;
        if (op.name === 'shru') {
          const shifted = fragment[x]!;
          if (shifted.name !== 'zext32') return undefined;
          return push({ name: 'shru32', args: [toLow(shifted.args[0]!), lowAmount(amount)] });
        }
        if (op.name === 'shrs' && !is(x)) return undefined;
        return push({ name: `${op.name}32`, args: [toLow(x), lowAmount(amount)] });
      }
      case 'select':
        return push({ name: 'select32', args: [toWide(x), toLow(y), toLow(op.args[2]!)] });
      default:
        return undefined;
    }
  }

  function toLow(value: Value): Value {
    let result = low.get(value);
    if (result === undefined) {
      result = narrowOp(value) ?? push({ name: 'low', args: [toWide(value)] });
      low.set(value, result);
    }
    return result;
  }

  function toWide(value: Value): Value {
    let result = wide.get(value);
    if (result === undefined) {
      result = wideOp(value);
      wide.set(value, result);
    }
    return result;
  }

  function wideOp(value: Value): Value {
    const op = fragment[value]!;
    const compare = COMPARES.get(op.name);
    if (compare && op.args.every(is)) return push({ name: compare, args: op.args.map(toLow) });
    if (low.has(value)) return push({ name: 'extend', args: [low.get(value)!] });
    if (op.name === 'sext32') return push({ name: 'extend', args: [toLow(op.args[0]!)] });
    if (op.name === 'zext32') return push({ name: 'extendUnsigned', args: [toLow(op.args[0]!)] });
    if (is(value) && (BITWISE.has(op.name) || op.name === 'shrs')) {
      const result = narrowOp(value);
      if (result !== undefined) {
        low.set(value, result);
        return push({ name: 'extend', args: [result] });
      }
    }
    return push({ ...op, args: op.args.map(toWide) });
  }

  for (const [value, op] of fragment.entries()) {
    if (op.name === 'get') {
      // Read where it stands: what follows may write it.
      if (isNarrow(op.register as number)) low.set(value, push({ name: 'getLow', args: [], register: op.register! }));
      else wide.set(value, push(op));
    } else if (op.name === 'set') {
      const [x = -1] = op.args;
      if (is(x)) push({ name: 'setLow', args: [toLow(x)], register: op.register! });
      else push({ ...op, args: [toWide(x)] });
    } else if (OPS[op.name].effect !== 'pure') {
      wide.set(value, push({ ...op, args: op.args.map(toWide) }));
    }
  }
  return made;
}
