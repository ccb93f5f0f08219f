/**
 * What is done to a fragment between its meaning and the code for it: a list of passes, each of which takes a valid
 * fragment to a valid one that means the same.
 */
import { evaluatePure } from './eval.ts';
import { type Fragment, isField, OPS, type Op, type Value } from './ops.ts';

export interface Pass {
  readonly name: string;
  readonly doc: string;
  run(fragment: Fragment): Fragment;
}

/**
 * The fragment with each op replaced by what `replace` makes of it: an op, an earlier value that is the same, or nothing
 * where nobody uses its result. `replace` sees the op with its arguments renumbered, and what has been made so far.
 */
export function rewrite(
  fragment: Fragment,
  replace: (op: Op, made: readonly Op[]) => Op | Value | undefined,
): Fragment {
  const made: Op[] = [];
  const values: Value[] = [];
  for (const op of fragment) {
    const result = replace({ ...op, args: op.args.map((arg) => values[arg]!) }, made);
    values.push(typeof result === 'number' ? result : made.length);
    if (typeof result === 'object') made.push(result);
  }
  return made;
}

const constantOf = (op: Op | undefined): bigint | undefined =>
  op?.name === 'constant' && !isField(op.value!) ? (op.value as bigint) : undefined;

/** Ops that give back their first argument where the second is zero. */
const ZERO_IS_NEUTRAL: ReadonlySet<string> = new Set(['add', 'sub', 'or', 'xor', 'shl', 'shru', 'shrs']);
const COMMUTES: ReadonlySet<string> = new Set(['add', 'or', 'xor']);

function fold(fragment: Fragment): Fragment {
  return rewrite(fragment, (op, made) => {
    const constants = op.args.map((arg) => constantOf(made[arg]));
    if (OPS[op.name].effect !== 'pure' || OPS[op.name].result !== 'i64' || op.args.length === 0) return op;
    if (constants.every((value) => value !== undefined)) {
      const value = evaluatePure(op.name, constants);
      if (value !== undefined) return { name: 'constant', args: [], value: BigInt.asIntN(64, value) };
    }
    if (constants[1] === 0n && ZERO_IS_NEUTRAL.has(op.name)) return op.args[0];
    if (constants[0] === 0n && COMMUTES.has(op.name)) return op.args[1];
    return op;
  });
}

/** Ops whose result nobody uses, and which do nothing else. */
export function dead(fragment: Fragment): Fragment {
  const used = new Set<Value>();
  for (const [index, op] of [...fragment.entries()].reverse()) {
    const { effect, result } = OPS[op.name];
    if (used.has(index) || result === 'none' || (effect !== 'pure' && effect !== 'state')) {
      used.add(index);
      for (const arg of op.args) used.add(arg);
    }
  }
  let index = 0;
  return rewrite(fragment, (op) => (used.has(index++) ? op : undefined));
}

/** In the order in which they run. */
export const PASSES: readonly Pass[] = [
  { name: 'fold', doc: 'pure ops of constants become constants; ops that change nothing go', run: fold },
  { name: 'dead', doc: 'ops whose results nobody uses go', run: dead },
];

/** Runs every pass. @param watch is shown the fragment after each */
export function runPasses(fragment: Fragment, watch?: (pass: Pass, after: Fragment) => void): Fragment {
  return PASSES.reduce((before, pass) => {
    const after = pass.run(before);
    watch?.(pass, after);
    return after;
  }, fragment);
}

/** `fragment` with its open operands given: each field by its name. @throws Error where one has no value */
export function fill(fragment: Fragment, values: Readonly<Record<string, number | bigint>>): Fragment {
  const given = (field: string): number | bigint => {
    const value = values[field];
    if (value === undefined) throw new Error(`no value is given for ${field}`);
    return value;
  };
  return fragment.map((op) => ({
    ...op,
    ...(isField(op.value) ? { value: BigInt.asIntN(64, BigInt(given(op.value.field))) } : {}),
    ...(isField(op.register) ? { register: Number(given(op.register.field)) } : {}),
    ...(isField(op.counter) ? { counter: Number(given(op.counter.field)) } : {}),
    ...(isField(op.log) ? { log: Number(given(op.log.field)) } : {}),
    ...(isField(op.tag) ? { tag: Number(given(op.tag.field)) } : {}),
    ...(isField(op.callback) ? { callback: Number(given(op.callback.field)) } : {}),
  }));
}
