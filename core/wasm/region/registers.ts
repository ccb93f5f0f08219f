/**
 * Which guest registers a region must load when it is entered, and store when it is left at each place, and which of them
 * are narrow where (see `narrow` of the IR). Sets of registers are bits of a bigint.
 */
import { becomesNarrow, narrowWrites } from '../../ir/narrow.ts';
import { type Fragment, isAccess, isCall } from '../../ir/ops.ts';
import { edgesOf, type Flow, type RegionBlock } from './graph.ts';

export type RegisterSet = bigint;

export interface RegisterUse {
  /** Read before they are written, on some path from the entry: to be loaded. */
  readonly live: RegisterSet;
  /** Every register that the region names. */
  readonly named: RegisterSet;
  /** For each block: registers that may have been written when control comes to it. */
  readonly dirtyIn: readonly RegisterSet[];
  /** For each block: the same when control leaves it at its end. */
  readonly dirtyOut: readonly RegisterSet[];
  /** For each block: registers that are narrow on every way to it. */
  readonly narrowIn: readonly RegisterSet[];
}

export const has = (set: RegisterSet, register: number): boolean => ((set >> BigInt(register)) & 1n) === 1n;

/** Registers that are narrow behind `fragment`, given those that are in front of it. */
export function narrowAfter(fragment: Fragment, before: RegisterSet): RegisterSet {
  let after = before;
  for (const write of narrowWrites(fragment))
    after = becomesNarrow(write, (register) => has(before, register))
      ? after | bit(write.register)
      : after & ~bit(write.register);
  return after;
}

const bit = (register: number): RegisterSet => 1n << BigInt(register);

export const registersOf = (set: RegisterSet): readonly number[] => {
  const registers: number[] = [];
  for (let rest = set, register = 0; rest !== 0n; rest >>= 1n, register++) if (rest & 1n) registers.push(register);
  return registers;
};

interface BlockUse {
  /** Read before the block itself writes them. */
  readonly exposed: RegisterSet;
  readonly written: RegisterSet;
  /** Written when it can first be left in its midst; undefined where it cannot. */
  readonly atSideExit: RegisterSet | undefined;
}

function useOf({ steps, control }: RegionBlock): BlockUse {
  let exposed = 0n;
  let written = 0n;
  let atSideExit: RegisterSet | undefined;
  for (const { fragment } of steps)
    for (const op of fragment) {
      if (op.name === 'get') exposed |= bit(op.register as number) & ~written;
      else if (op.name === 'set') written |= bit(op.register as number);
      else if (isAccess(op) || isCall(op) || op.name === 'guard') atSideExit ??= written;
    }
  if (control.kind === 'resume') atSideExit ??= written;
  return { exposed, written, atSideExit };
}

export function registerUse({ blocks, ordered, isPoll }: Flow): RegisterUse {
  const uses = blocks.map(useOf);
  const successors = blocks.map(({ control }) =>
    edgesOf(control).flatMap((edge) => ('block' in edge ? [edge.block] : [])),
  );
  const leaves = blocks.map(
    ({ control }) => control.kind === 'indirect' || edgesOf(control).some((edge) => 'exit' in edge),
  );

  const dirtyIn: RegisterSet[] = blocks.map(() => 0n);
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of ordered)
      for (const successor of successors[block]!) {
        const dirty = dirtyIn[successor]! | dirtyIn[block]! | uses[block]!.written;
        if (dirty === dirtyIn[successor]) continue;
        dirtyIn[successor] = dirty;
        changed = true;
      }
  }
  const dirtyOut = blocks.map((_, block) => dirtyIn[block]! | uses[block]!.written);

  const liveIn: RegisterSet[] = blocks.map(() => 0n);
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of ordered.toReversed()) {
      const { exposed, written, atSideExit } = uses[block]!;
      let live = successors[block]!.reduce((sum, successor) => sum | liveIn[successor]!, 0n);
      if (leaves[block]) live |= dirtyOut[block]!;
      live = exposed | (live & ~written);
      // In its midst a block stores all that is dirty behind it, and at a poll all that is dirty in front of it.
      if (atSideExit !== undefined) live |= dirtyOut[block]! & ~atSideExit;
      if (isPoll[block]) live |= dirtyIn[block]!;
      if (live === liveIn[block]) continue;
      liveIn[block] = live;
      changed = true;
    }
  }
  const named = uses.reduce((sum, { exposed, written }) => sum | exposed | written, 0n);
  // Optimistic: everything is narrow until a way is found on which it is not. What is loaded at the entry is not.
  const narrowIn: RegisterSet[] = blocks.map((_, block) => (block === 0 ? 0n : named));
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of ordered) {
      const out = blocks[block]!.steps.reduce((set, { fragment }) => narrowAfter(fragment, set), narrowIn[block]!);
      for (const successor of successors[block]!) {
        const met = narrowIn[successor]! & out;
        if (met === narrowIn[successor]) continue;
        narrowIn[successor] = met;
        changed = true;
      }
    }
  }
  return { live: liveIn[0]!, named, dirtyIn, dirtyOut, narrowIn };
}
