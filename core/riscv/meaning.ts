/** What a decoded instruction means where it stands: its IR with nothing left open, and where control goes behind it. */
import { Builder } from '../ir/builder.ts';
import { type Fragment, isField, type Op } from '../ir/ops.ts';
import { rewrite, runPasses } from '../ir/passes.ts';
import type { Decoded } from './decode.ts';

/** Reads of x0 are zero, and writes to it are dropped. */
function withoutZero(op: Op): Op | undefined {
  if (op.register !== 0) return op;
  return op.name === 'get' ? { name: 'constant', args: [], value: 0n } : undefined;
}

/** The meaning of `decoded` at `pc`. */
export function meaningAt(decoded: Decoded, pc: bigint): Fragment {
  const builder = new Builder({ pc, length: decoded.length });
  decoded.instruction.meaning(builder, decoded.operands);
  return runPasses(rewrite(builder.finish(), withoutZero));
}

/** Where control goes behind an instruction. */
export type Control =
  /** To the next one. */
  | { readonly kind: 'next' }
  /** There, or to the next one. */
  | { readonly kind: 'branch'; readonly target: bigint }
  | { readonly kind: 'jump'; readonly target: bigint; readonly calls: boolean }
  /** Where a register says. */
  | { readonly kind: 'indirect'; readonly calls: boolean; readonly returns: boolean }
  /** It leaves by a door. */
  | { readonly kind: 'exit' };

/** Registers that hold return addresses (unprivileged manual, "Return-address stack prediction hints"). */
const isLink = (register: number | undefined): boolean => register === 1 || register === 5;

/** @param meaning as `meaningAt` gives it */
export function controlOf({ operands: { rd, rs1 } }: Decoded, meaning: Fragment): Control {
  const end = meaning.at(-1);
  const target = (position: number): bigint | undefined => {
    const op = meaning[end!.args[position]!]!;
    return op.name === 'constant' && !isField(op.value) ? BigInt.asUintN(64, op.value!) : undefined;
  };
  if (end?.name === 'branch') return { kind: 'branch', target: target(1)! };
  if (end?.name === 'exit') return { kind: 'exit' };
  if (end?.name !== 'jump') return { kind: 'next' };
  const direct = target(0);
  const calls = isLink(rd);
  return direct === undefined
    ? { kind: 'indirect', calls, returns: isLink(rs1) && !calls }
    : { kind: 'jump', target: direct, calls };
}
