/** Builds fragments. One method an op, named like it; constants are shared, nothing else is rewritten here. */
import {
  type AccessBytes,
  type AmoKind,
  type Fragment,
  isField,
  type Op,
  type Operand,
  type OpName,
  type Value,
} from './ops.ts';
import type { FloatBytes } from './softfloat.ts';

/** Where the instruction stands, when that is known: `pc` and `next` then become constants. */
export interface Position {
  readonly pc: bigint;
  readonly length: number;
}

/** What a record has in it, and what is called when the buffer is full. */
export type Recording = Required<Pick<Op, 'log' | 'tag' | 'callback'>>;

export class Builder {
  readonly #ops: Op[] = [];
  readonly #position: Position | undefined;

  constructor(position?: Position) {
    this.#position = position;
  }

  #push(name: OpName, args: readonly Value[], attributes: Partial<Op> = {}): Value {
    this.#ops.push({ name, args, ...attributes });
    return this.#ops.length - 1;
  }

  /** A 64-bit constant (any bigint, taken modulo 2^64), or an immediate that is still open. */
  constant(value: Operand<bigint | number>): Value {
    const operand = isField(value) ? value : BigInt.asIntN(64, BigInt(value));
    const same = this.#ops.findIndex((op) => op.name === 'constant' && op.value === operand);
    return same >= 0 ? same : this.#push('constant', [], { value: operand });
  }

  pc(): Value {
    return this.#position ? this.constant(this.#position.pc) : this.#push('pc', []);
  }
  next(): Value {
    return this.#position ? this.constant(this.#position.pc + BigInt(this.#position.length)) : this.#push('next', []);
  }

  add = (x: Value, y: Value): Value => this.#push('add', [x, y]);
  sub = (x: Value, y: Value): Value => this.#push('sub', [x, y]);
  mul = (x: Value, y: Value): Value => this.#push('mul', [x, y]);
  mulhs = (x: Value, y: Value): Value => this.#push('mulhs', [x, y]);
  mulhu = (x: Value, y: Value): Value => this.#push('mulhu', [x, y]);
  mulhsu = (x: Value, y: Value): Value => this.#push('mulhsu', [x, y]);
  divs = (x: Value, y: Value): Value => this.#push('divs', [x, y]);
  divu = (x: Value, y: Value): Value => this.#push('divu', [x, y]);
  rems = (x: Value, y: Value): Value => this.#push('rems', [x, y]);
  remu = (x: Value, y: Value): Value => this.#push('remu', [x, y]);
  and = (x: Value, y: Value): Value => this.#push('and', [x, y]);
  or = (x: Value, y: Value): Value => this.#push('or', [x, y]);
  xor = (x: Value, y: Value): Value => this.#push('xor', [x, y]);
  shl = (x: Value, y: Value): Value => this.#push('shl', [x, y]);
  shru = (x: Value, y: Value): Value => this.#push('shru', [x, y]);
  shrs = (x: Value, y: Value): Value => this.#push('shrs', [x, y]);
  rotl = (x: Value, y: Value): Value => this.#push('rotl', [x, y]);
  rotr = (x: Value, y: Value): Value => this.#push('rotr', [x, y]);
  clz = (x: Value): Value => this.#push('clz', [x]);
  ctz = (x: Value): Value => this.#push('ctz', [x]);
  popcnt = (x: Value): Value => this.#push('popcnt', [x]);
  sext8 = (x: Value): Value => this.#push('sext8', [x]);
  sext16 = (x: Value): Value => this.#push('sext16', [x]);
  sext32 = (x: Value): Value => this.#push('sext32', [x]);
  zext32 = (x: Value): Value => this.#push('zext32', [x]);
  eq = (x: Value, y: Value): Value => this.#push('eq', [x, y]);
  ne = (x: Value, y: Value): Value => this.#push('ne', [x, y]);
  lts = (x: Value, y: Value): Value => this.#push('lts', [x, y]);
  ltu = (x: Value, y: Value): Value => this.#push('ltu', [x, y]);
  ges = (x: Value, y: Value): Value => this.#push('ges', [x, y]);
  geu = (x: Value, y: Value): Value => this.#push('geu', [x, y]);
  number = (condition: Value): Value => this.#push('number', [condition]);
  select = (condition: Value, yes: Value, no: Value): Value => this.#push('select', [condition, yes, no]);

  fadd = (bytes: FloatBytes, x: Value, y: Value, mode: Value): Value => this.#push('fadd', [x, y, mode], { bytes });
  fmul = (bytes: FloatBytes, x: Value, y: Value, mode: Value): Value => this.#push('fmul', [x, y, mode], { bytes });
  fdiv = (bytes: FloatBytes, x: Value, y: Value, mode: Value): Value => this.#push('fdiv', [x, y, mode], { bytes });
  fsqrt = (bytes: FloatBytes, x: Value, mode: Value): Value => this.#push('fsqrt', [x, mode], { bytes });
  fmadd = (bytes: FloatBytes, x: Value, y: Value, z: Value, mode: Value): Value =>
    this.#push('fmadd', [x, y, z, mode], { bytes });
  fmin = (bytes: FloatBytes, x: Value, y: Value): Value => this.#push('fmin', [x, y], { bytes });
  fmax = (bytes: FloatBytes, x: Value, y: Value): Value => this.#push('fmax', [x, y], { bytes });
  feq = (bytes: FloatBytes, x: Value, y: Value): Value => this.#push('feq', [x, y], { bytes });
  flt = (bytes: FloatBytes, x: Value, y: Value): Value => this.#push('flt', [x, y], { bytes });
  fle = (bytes: FloatBytes, x: Value, y: Value): Value => this.#push('fle', [x, y], { bytes });
  fwiden = (x: Value): Value => this.#push('fwiden', [x]);
  fnarrow = (x: Value, mode: Value): Value => this.#push('fnarrow', [x, mode]);
  ftoi = (bytes: FloatBytes, integerBytes: 4 | 8, signed: boolean, x: Value, mode: Value): Value =>
    this.#push('ftoi', [x, mode], { bytes, integerBytes, signed });
  itof = (bytes: FloatBytes, signed: boolean, x: Value, mode: Value): Value =>
    this.#push('itof', [x, mode], { bytes, signed });

  get = (register: Operand<number>): Value => this.#push('get', [], { register });
  set = (register: Operand<number>, value: Value): void => void this.#push('set', [value], { register });

  load = (bytes: AccessBytes, signed: boolean, address: Value): Value =>
    this.#push('load', [address], { bytes, signed });
  store = (bytes: AccessBytes, address: Value, value: Value): void =>
    void this.#push('store', [address, value], { bytes });
  amo = (kind: AmoKind, bytes: 4 | 8, address: Value, value: Value): Value =>
    this.#push('amo', [address, value], { kind, bytes });
  loadReserved = (bytes: 4 | 8, address: Value): Value => this.#push('loadReserved', [address], { bytes });
  storeConditional = (bytes: 4 | 8, address: Value, value: Value): Value =>
    this.#push('storeConditional', [address, value], { bytes });
  zero = (bytes: AccessBytes, address: Value): void => void this.#push('zero', [address], { bytes });
  touch = (bytes: AccessBytes, address: Value): void => void this.#push('touch', [address], { bytes });
  fence = (): void => void this.#push('fence', []);

  accessAddress = (): Value => this.#push('accessAddress', []);
  accessKind = (): Value => this.#push('accessKind', []);
  accessValue = (): Value => this.#push('accessValue', []);
  counter = (counter: Operand<number>): Value => this.#push('counter', [], { counter });
  count = (counter: Operand<number>, amount: Value): void => void this.#push('count', [amount], { counter });
  call = (callback: Operand<number>): void => void this.#push('call', [], { callback });
  callIf = (callback: Operand<number>, condition: Value): void => void this.#push('callIf', [condition], { callback });
  record = (recording: Recording): void => void this.#push('record', [], recording);
  recordAccess = (recording: Recording): void => void this.#push('recordAccess', [], recording);
  recordAccessIf = (recording: Recording, condition: Value): void =>
    void this.#push('recordAccessIf', [condition], recording);

  guard = (condition: Value): void => void this.#push('guard', [condition]);
  jump = (target: Value): void => void this.#push('jump', [target]);
  branch = (condition: Value, target: Value): void => void this.#push('branch', [condition, target]);
  exit = (door: string): void => void this.#push('exit', [], { door });

  finish(): Fragment {
    return this.#ops;
  }
}
