/**
 * Checks that a fragment is well formed: arguments exist, come from earlier ops and have the right types; attributes
 * are present exactly where the op's text names them; an end stands only at the end, and a guard before all effects.
 */
import { type Fragment, isEnd, OPS, type Op, type OpName } from './ops.ts';

const ALL = [
  ...(['value', 'register', 'bytes', 'signed', 'integerBytes', 'kind'] as const),
  ...(['door', 'counter', 'callback', 'log', 'tag'] as const),
];
type Attribute = (typeof ALL)[number];

const ATTRIBUTES: Partial<Record<OpName, readonly Attribute[]>> = {
  constant: ['value'],
  constant32: ['value'],
  get: ['register'],
  set: ['register'],
  getLow: ['register'],
  setLow: ['register'],
  load: ['bytes', 'signed'],
  store: ['bytes'],
  amo: ['bytes', 'kind'],
  loadReserved: ['bytes'],
  storeConditional: ['bytes'],
  zero: ['bytes'],
  touch: ['bytes'],
  fadd: ['bytes'],
  fmul: ['bytes'],
  fdiv: ['bytes'],
  fsqrt: ['bytes'],
  fmadd: ['bytes'],
  fmin: ['bytes'],
  fmax: ['bytes'],
  feq: ['bytes'],
  flt: ['bytes'],
  fle: ['bytes'],
  ftoi: ['bytes', 'integerBytes', 'signed'],
  itof: ['bytes', 'signed'],
  counter: ['counter'],
  count: ['counter'],
  call: ['callback'],
  callIf: ['callback'],
  record: ['log', 'tag', 'callback'],
  recordAccess: ['log', 'tag', 'callback'],
  recordAccessIf: ['log', 'tag', 'callback'],
  exit: ['door'],
};

const hasEffect = ({ name }: Op): boolean =>
  name !== 'get' && name !== 'getLow' && !['pure', 'guard'].includes(OPS[name].effect);

function complaint(fragment: Fragment, op: Op, index: number): string | undefined {
  const { args } = OPS[op.name];
  if (op.args.length !== args.length) return `takes ${args.length} arguments, has ${op.args.length}`;
  for (const [position, value] of op.args.entries()) {
    if (!(value >= 0 && value < index)) return `argument ${position} is %${value}, which is not an earlier op`;
    const type = OPS[fragment[value]!.name].result;
    if (type !== args[position]) return `argument ${position} is ${type}, expected ${args[position]}`;
  }
  const wanted = ATTRIBUTES[op.name] ?? [];
  for (const attribute of ALL) {
    const present = op[attribute] !== undefined;
    if (present !== wanted.includes(attribute)) return `${present ? 'has' : 'lacks'} the attribute ${attribute}`;
  }
  if (isEnd(op) && index !== fragment.length - 1) return 'ends the fragment before its last op';
  if (op.name === 'guard' && fragment.slice(0, index).some(hasEffect)) return 'guards what already has an effect';
  return undefined;
}

/** @throws Error that names the op and what is wrong with it. */
export function verify(fragment: Fragment): void {
  for (const [index, op] of fragment.entries()) {
    const text = complaint(fragment, op, index);
    if (text !== undefined) throw new Error(`op ${index} (${op.name}) ${text}`);
  }
}
