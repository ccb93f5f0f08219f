/**
 * The intermediate representation: what a guest instruction means, in terms that know neither guest nor host.
 *
 * A `Fragment` is a straight line of ops in evaluation order; each op that has a result is named by its index, and is
 * used only by later ops. There is no control flow inside a fragment: the ops `jump`, `branch` and `exit` end one.
 * Values are 64-bit integers (`i64`, signedness is the op's affair) or truth values (`bool`). Every pure op is total:
 * no argument makes it trap, and where hosts differ the text below says which result is meant.
 *
 * An instruction's meaning is built once with *fields* in place of its operands. With the fields left open it becomes
 * an interpreter's handler; with the fields filled in from a decoded instruction it becomes part of a compiled region.
 */

/** An operand that the encoding names but does not yet give: filled in from a decoded instruction. */
export interface Field {
  readonly field: string;
}

/** A register number or immediate: given, or still open. */
export type Operand<T> = T | Field;

export const isField = <T>(operand: Operand<T> | undefined): operand is Field =>
  typeof operand === 'object' && operand !== null && 'field' in operand;

/** The op of this index in its fragment. */
export type Value = number & { readonly brand?: 'Value' };

export type Type = 'i64' | 'i32' | 'bool';

/** Bytes of a memory access; of a whole cache block for `zero` and `touch`. */
export type AccessBytes = 1 | 2 | 4 | 8 | 64;

interface OpInfo {
  readonly args: readonly Type[];
  readonly result: Type | 'none';
  /**
   * `pure`: may be dropped, repeated, moved. `access`: touches memory and may fault. `end`: leaves the fragment.
   * `guard`: may leave it, and then stands before whatever else has an effect. `float`: may raise floating-point
   * exceptions, which do nothing but accrue in flags; all that counts is that each op raises its own once.
   */
  readonly effect: 'pure' | 'state' | 'access' | 'order' | 'float' | 'guard' | 'end';
  readonly doc: string;
}

const pure = (args: readonly Type[], result: Type, doc: string): OpInfo => ({ args, result, effect: 'pure', doc });
const binary = (doc: string): OpInfo => pure(['i64', 'i64'], 'i64', doc);
const unary = (doc: string): OpInfo => pure(['i64'], 'i64', doc);
const compare = (doc: string): OpInfo => pure(['i64', 'i64'], 'bool', doc);
const binary32 = (doc: string): OpInfo => pure(['i32', 'i32'], 'i32', doc);
const compare32 = (doc: string): OpInfo => pure(['i32', 'i32'], 'bool', doc);
const float = (args: readonly Type[], result: Type, doc: string): OpInfo => ({ args, result, effect: 'float', doc });

/** Every op, with the types of its arguments and result. */
export const OPS = {
  constant: pure([], 'i64', '`value`, or the immediate that `value` names'),
  pc: pure([], 'i64', 'address of this instruction'),
  next: pure([], 'i64', 'address behind this instruction'),

  add: binary('x + y, modulo 2^64'),
  sub: binary('x - y, modulo 2^64'),
  mul: binary('low half of x * y'),
  mulhs: binary('high half of x * y, both signed'),
  mulhu: binary('high half of x * y, both unsigned'),
  mulhsu: binary('high half of x * y, x signed, y unsigned'),
  divs: binary('x / y signed, towards zero; 0 where y = 0; x where the quotient overflows'),
  divu: binary('x / y unsigned; 0 where y = 0'),
  rems: binary('x - (x / y) * y signed; x where y = 0; 0 where the quotient overflows'),
  remu: binary('x - (x / y) * y unsigned; x where y = 0'),
  and: binary('bitwise and'),
  or: binary('bitwise or'),
  xor: binary('bitwise exclusive or'),
  shl: binary('x << (y mod 64)'),
  shru: binary('x >> (y mod 64), zeros come in'),
  shrs: binary('x >> (y mod 64), copies of the sign come in'),
  rotl: binary('x rotated left by y mod 64'),
  rotr: binary('x rotated right by y mod 64'),
  clz: unary('number of zeros above the highest one; 64 where x = 0'),
  ctz: unary('number of zeros below the lowest one; 64 where x = 0'),
  popcnt: unary('number of ones'),

  sext8: unary('the low 8 bits, sign-extended'),
  sext16: unary('the low 16 bits, sign-extended'),
  sext32: unary('the low 32 bits, sign-extended'),
  zext32: unary('the low 32 bits, zero-extended'),

  eq: compare('x = y'),
  ne: compare('x ≠ y'),
  lts: compare('x < y, signed'),
  ltu: compare('x < y, unsigned'),
  ges: compare('x ≥ y, signed'),
  geu: compare('x ≥ y, unsigned'),
  number: pure(['bool'], 'i64', '1 for true, 0 for false'),
  select: pure(['bool', 'i64', 'i64'], 'i64', 'the second argument if the first is true, else the third'),

  // Made by `narrow` alone: meanings are stated in 64 bits.
  constant32: pure([], 'i32', 'the low 32 bits of `value`'),
  low: pure(['i64'], 'i32', 'the low 32 bits'),
  extend: pure(['i32'], 'i64', 'sign-extended'),
  extendUnsigned: pure(['i32'], 'i64', 'zero-extended'),
  number32: pure(['bool'], 'i32', '1 for true, 0 for false'),
  select32: pure(['bool', 'i32', 'i32'], 'i32', 'the second argument if the first is true, else the third'),
  add32: binary32('x + y, modulo 2^32'),
  sub32: binary32('x - y, modulo 2^32'),
  mul32: binary32('x * y, modulo 2^32'),
  and32: binary32('bitwise and'),
  or32: binary32('bitwise or'),
  xor32: binary32('bitwise exclusive or'),
  shl32: binary32('x << (y mod 32)'),
  shru32: binary32('x >> (y mod 32), zeros come in'),
  shrs32: binary32('x >> (y mod 32), copies of the sign come in'),
  eq32: compare32('x = y'),
  ne32: compare32('x ≠ y'),
  lts32: compare32('x < y, signed'),
  ltu32: compare32('x < y, unsigned'),
  ges32: compare32('x ≥ y, signed'),
  geu32: compare32('x ≥ y, unsigned'),
  getLow: { args: [], result: 'i32', effect: 'state', doc: 'the low half of the guest register `register`' },
  setLow: {
    args: ['i32'],
    result: 'none',
    effect: 'state',
    doc: 'writes the guest register `register`, sign-extended',
  },

  // Floats are bit patterns of `bytes` bytes, zero-extended; m is a rounding mode, 0 to 4. See `softfloat` for the rest.
  fadd: float(['i64', 'i64', 'i64'], 'i64', 'x + y, rounded by m'),
  fmul: float(['i64', 'i64', 'i64'], 'i64', 'x * y, rounded by m'),
  fdiv: float(['i64', 'i64', 'i64'], 'i64', 'x / y, rounded by m'),
  fsqrt: float(['i64', 'i64'], 'i64', 'square root of x, rounded by m'),
  fmadd: float(['i64', 'i64', 'i64', 'i64'], 'i64', 'x * y + z, rounded once, by m'),
  fmin: float(['i64', 'i64'], 'i64', 'the lesser; the one that is a number; -0 is less than 0'),
  fmax: float(['i64', 'i64'], 'i64', 'the greater; the one that is a number; 0 is greater than -0'),
  feq: float(['i64', 'i64'], 'bool', 'x = y; false for NaNs, of which signaling ones are invalid'),
  flt: float(['i64', 'i64'], 'bool', 'x < y; false for NaNs, all of which are invalid'),
  fle: float(['i64', 'i64'], 'bool', 'x ≤ y; false for NaNs, all of which are invalid'),
  fwiden: float(['i64'], 'i64', 'the float of 4 bytes as one of 8'),
  fnarrow: float(['i64', 'i64'], 'i64', 'the float of 8 bytes as one of 4, rounded by m'),
  ftoi: float(
    ['i64', 'i64'],
    'i64',
    'x, rounded by m, as an integer of `integerBytes` bytes, `signed` or not, extended so',
  ),
  itof: float(['i64', 'i64'], 'i64', 'the 64-bit integer x, `signed` or not, rounded by m'),

  get: { args: [], result: 'i64', effect: 'state', doc: 'the guest register `register`; the guest numbers them' },
  set: { args: ['i64'], result: 'none', effect: 'state', doc: 'writes the guest register `register`' },

  load: {
    args: ['i64'],
    result: 'i64',
    effect: 'access',
    doc: '`bytes` bytes at the address, sign-extended if `signed`',
  },
  store: { args: ['i64', 'i64'], result: 'none', effect: 'access', doc: 'the low `bytes` bytes of y at address x' },
  amo: {
    args: ['i64', 'i64'],
    result: 'i64',
    effect: 'access',
    doc: 'atomically: old = [x]; [x] = `kind`(old, y); gives old, sign-extended. Faults unless aligned',
  },
  loadReserved: {
    args: ['i64'],
    result: 'i64',
    effect: 'access',
    doc: 'loads, sign-extended, and reserves the address. Faults unless aligned',
  },
  storeConditional: {
    args: ['i64', 'i64'],
    result: 'i64',
    effect: 'access',
    doc: 'stores y at x if x is still reserved; 0 if it did, 1 if not; the reservation ends. Faults unless aligned',
  },
  zero: {
    args: ['i64'],
    result: 'none',
    effect: 'access',
    doc: 'stores `bytes` zeros at the address, which is a multiple of `bytes`; devices fault',
  },
  touch: {
    args: ['i64'],
    result: 'none',
    effect: 'access',
    doc: 'nothing, but faults as a store of `bytes` bytes would where not even a load may be done; devices fault',
  },
  fence: { args: [], result: 'none', effect: 'order', doc: 'orders all earlier accesses before all later ones' },

  accessAddress: { args: [], result: 'i64', effect: 'state', doc: 'virtual address of the last access' },
  accessKind: {
    args: [],
    result: 'i64',
    effect: 'state',
    doc: 'what the last access did: 1 loaded, 2 stored, 3 both, 0 where a conditional store did not store',
  },
  accessValue: {
    args: [],
    result: 'i64',
    effect: 'state',
    doc: 'the value last stored, or loaded where nothing was stored, zero-extended',
  },
  counter: { args: [], result: 'i64', effect: 'state', doc: 'the value of the counter `counter`' },
  count: { args: ['i64'], result: 'none', effect: 'state', doc: 'adds to the counter `counter`' },
  call: { args: [], result: 'none', effect: 'order', doc: 'calls the callback `callback`' },
  callIf: { args: ['bool'], result: 'none', effect: 'order', doc: 'calls the callback `callback` if true' },
  record: {
    args: [],
    result: 'none',
    effect: 'order',
    doc: 'appends `tag` to the buffer `log`; calls the callback `callback` when that makes it full',
  },
  recordAccess: {
    args: [],
    result: 'none',
    effect: 'order',
    doc: 'the same for `tag` with kind, address and value of the last access',
  },
  recordAccessIf: { args: ['bool'], result: 'none', effect: 'order', doc: 'as `recordAccess`, if true' },

  guard: {
    args: ['bool'],
    result: 'none',
    effect: 'guard',
    doc: 'goes on if true; else the fragment ends: its instruction is illegal here and now',
  },
  jump: { args: ['i64'], result: 'none', effect: 'end', doc: 'goes on at the address' },
  branch: {
    args: ['bool', 'i64'],
    result: 'none',
    effect: 'end',
    doc: 'goes on at the address if true, else at `next`',
  },
  exit: { args: [], result: 'none', effect: 'end', doc: 'leaves generated code by the door `door`' },
} as const satisfies Record<string, OpInfo>;

export type OpName = keyof typeof OPS;

export type AmoKind = 'swap' | 'add' | 'xor' | 'and' | 'or' | 'mins' | 'maxs' | 'minu' | 'maxu';

/** One op of a fragment. Attributes are present where the op's text names them. */
export interface Op {
  readonly name: OpName;
  readonly args: readonly Value[];
  readonly value?: Operand<bigint>;
  readonly register?: Operand<number>;
  readonly bytes?: AccessBytes;
  readonly signed?: boolean;
  readonly integerBytes?: 4 | 8;
  readonly kind?: AmoKind;
  readonly door?: string;
  readonly counter?: Operand<number>;
  readonly callback?: Operand<number>;
  readonly log?: Operand<number>;
  readonly tag?: Operand<number>;
}

export type Fragment = readonly Op[];

/** True for the ops that touch guest memory. */
export const isAccess = (op: Op): boolean => OPS[op.name].effect === 'access';

/** True for the ops that may call a plugin. */
export const isCall = ({ name }: Op): boolean =>
  ['call', 'callIf', 'record', 'recordAccess', 'recordAccessIf'].includes(name);

/** True where the op ends a fragment. */
export const isEnd = (op: Op): boolean => OPS[op.name].effect === 'end';
