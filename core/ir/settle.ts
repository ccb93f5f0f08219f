/**
 * Drops what an earlier instruction has settled. A run of instructions often asks the same of a register, and sets the
 * same bits of it, again and again: that a unit is on, and that its state is in use.
 */
import { type Fragment, isField, type Op, type Value } from './ops.ts';
import { dead, rewrite } from './passes.ts';

/** Bits of registers that are known to be ones, by register. */
export type KnownOnes = Map<number, bigint>;

/**
 * `fragment` without guards that hold for sure, and writes that change nothing.
 * @param known what is known in front of it; afterwards, what is known behind it
 */
export function settle(fragment: Fragment, known: KnownOnes): Fragment {
  /** Ones of the values made so far, as known when they were computed. */
  const ones = new Map<Value, bigint>();
  const onesOf = (value: Value): bigint => ones.get(value) ?? 0n;

  const compute = ({ name, args: [x = -1, y = -1], value, register }: Op): bigint => {
    switch (name) {
      case 'constant':
        return isField(value) ? 0n : value!;
      case 'get':
        return known.get(register as number) ?? 0n;
      case 'or':
        return onesOf(x) | onesOf(y);
      case 'and':
        return onesOf(x) & onesOf(y);
      default:
        return 0n;
    }
  };

  const settled = rewrite(fragment, (op, made) => {
    const [x = -1] = op.args;
    if (op.name === 'guard') {
      const { name, args } = made[x]!;
      const [one = -1, other = -1] = args;
      const holds =
        name === 'ne' && onesOf(one) !== 0n && made[other]!.name === 'constant' && made[other]!.value === 0n;
      return holds ? undefined : op;
    }
    if (op.name === 'set') {
      const register = op.register as number;
      const before = known.get(register) ?? 0n;
      if (before !== 0n && addsOnly(made, x, register, before)) return undefined;
      known.set(register, onesOf(x));
      return op;
    }
    ones.set(made.length, compute(op));
    return op;
  });
  return settled.length === fragment.length ? fragment : dead(settled);
}

/** Whether `value` is the register with no other bits added than those of `ones`. */
function addsOnly(made: readonly Op[], value: Value, register: number, ones: bigint): boolean {
  const { name, args } = made[value]!;
  if (name !== 'or') return false;
  const [one, other] = args.map((arg) => made[arg]!) as [Op, Op];
  if (one.name !== 'get' || one.register !== register) return false;
  return other.name === 'constant' && !isField(other.value) && (other.value! & ~ones) === 0n;
}
