/**
 * The control flow of a region, and what structured code needs to know of it: a reverse postorder, dominators, which
 * blocks begin loops and where forward paths meet.
 */
import type { Fragment } from '../../ir/ops.ts';

/** What a region does at one place: an instruction of the guest, or a probe. */
export interface RegionStep {
  /** With every operand given. */
  readonly fragment: Fragment;
  /** Probes behind it look at its access. */
  readonly traced: boolean;
  /** Of an instruction: bytes from its block's first record to its own, where the interpreter can take over. */
  readonly offset: number;
}

/**
 * Where control goes: to a block of the region by its index, or out of it to a guest address. To a dispatcher it goes
 * with the position of the target that it is to go on to.
 */
export type Edge = { readonly block: number; readonly select?: number } | { readonly exit: bigint };

/** A block where an indirect jump may go, and the address for which it does. */
export interface Likely {
  readonly address: bigint;
  readonly block: number;
  readonly select?: number;
}

export type RegionControl =
  | { readonly kind: 'goto'; readonly to: Edge }
  /** By the last step's `branch`. */
  | { readonly kind: 'branch'; readonly taken: Edge; readonly next: Edge }
  /** By the last step's `jump`: to one of these blocks where its address is the one given, else out. */
  | { readonly kind: 'indirect'; readonly likely: readonly Likely[] }
  /** To the block that was selected: a dispatcher, which does nothing else. */
  | { readonly kind: 'dispatch'; readonly targets: readonly number[] }
  /** Out, in front of the instruction whose record is this many bytes behind the block's first. */
  | { readonly kind: 'resume'; readonly offset: number };

export interface RegionBlock {
  readonly pc: bigint;
  /** Which of the blocks as they are in memory it is: the same block may occur several times in a region. */
  readonly origin: number;
  readonly steps: readonly RegionStep[];
  /** Instructions that have retired when control leaves at its end. */
  readonly instructions: number;
  readonly control: RegionControl;
}

/** Entered at block 0. */
export type RegionBlocks = readonly RegionBlock[];

export interface Flow {
  readonly blocks: RegionBlocks;
  /** Position in a reverse postorder; -1 where control never comes. */
  readonly order: readonly number[];
  /** Blocks by that order. */
  readonly ordered: readonly number[];
  /** Blocks that each block immediately dominates and that are reached by more than one forward edge, last ones first. */
  readonly merges: readonly (readonly number[])[];
  readonly isLoop: readonly boolean[];
  /** On every cycle there is a block at which the region may be left. */
  readonly isPoll: readonly boolean[];
  readonly isMerge: readonly boolean[];
}

export const edgesOf = (control: RegionControl): readonly Edge[] => {
  switch (control.kind) {
    case 'goto':
      return [control.to];
    case 'branch':
      return [control.taken, control.next];
    case 'indirect':
      return control.likely;
    case 'dispatch':
      return control.targets.map((block) => ({ block }));
    case 'resume':
      return [];
  }
};

const successorsOf = ({ control }: RegionBlock): readonly number[] =>
  edgesOf(control).flatMap((edge) => ('block' in edge ? [edge.block] : []));

function reversePostorder(blocks: RegionBlocks): readonly number[] {
  const seen = new Set<number>([0]);
  const postorder: number[] = [];
  const stack: { readonly block: number; readonly rest: number[] }[] = [
    { block: 0, rest: [...successorsOf(blocks[0]!)] },
  ];
  while (stack.length > 0) {
    const { block, rest } = stack.at(-1)!;
    // The last successor is visited first, so that the first one comes early in the order.
    const next = rest.pop();
    if (next === undefined) {
      postorder.push(block);
      stack.pop();
    } else if (!seen.has(next)) {
      seen.add(next);
      stack.push({ block: next, rest: [...successorsOf(blocks[next]!)] });
    }
  }
  return postorder.reverse();
}

/** Immediate dominators by position in the order: Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm". */
function dominators(ordered: readonly number[], predecessors: readonly (readonly number[])[]): readonly number[] {
  const dominator: number[] = ordered.map(() => -1);
  dominator[0] = 0;
  const meet = (one: number, other: number): number => {
    let x = one;
    let y = other;
    while (x !== y) {
      while (x > y) x = dominator[x]!;
      while (y > x) y = dominator[y]!;
    }
    return x;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (let position = 1; position < ordered.length; position++) {
      const known = predecessors[position]!.filter((predecessor) => dominator[predecessor] !== -1);
      const found = known.reduce(meet);
      if (dominator[position] === found) continue;
      dominator[position] = found;
      changed = true;
    }
  }
  return dominator;
}

/** The control with each edge to one of `targets` going to the block `dispatcher` instead. */
function redirect(control: RegionControl, targets: readonly number[], dispatcher: number): RegionControl {
  const edge = <E extends Edge>(to: E): E => {
    const select = 'block' in to ? targets.indexOf(to.block) : -1;
    return select < 0 ? to : { ...to, block: dispatcher, select };
  };
  switch (control.kind) {
    case 'goto':
      return { ...control, to: edge(control.to) };
    case 'branch':
      return { ...control, taken: edge(control.taken), next: edge(control.next) };
    case 'indirect':
      return { ...control, likely: control.likely.map(edge) };
    default:
      return control;
  }
}

/** `blocks` with a dispatcher behind them, by which alone control comes to `targets`. */
function dispatched(blocks: RegionBlocks, targets: readonly number[]): RegionBlocks {
  const dispatcher: RegionBlock = {
    pc: 0n,
    origin: 0,
    steps: [],
    instructions: 0,
    control: { kind: 'dispatch', targets },
  };
  const redirected = blocks.map((block) => ({ ...block, control: redirect(block.control, targets, blocks.length) }));
  return [...redirected, dispatcher];
}

/**
 * Analyses a region. Structured code cannot jump into the midst of a loop: blocks to which that happens are reached by way
 * of a dispatcher, which then is the loop's head.
 */
export function flowOf(given: RegionBlocks): Flow {
  const targets: number[] = [];
  let blocks = given;
  for (;;) {
    const ordered = reversePostorder(blocks);
    const order: number[] = blocks.map(() => -1);
    for (const [position, block] of ordered.entries()) order[block] = position;
    const predecessors: number[][] = ordered.map(() => []);
    for (const [position, block] of ordered.entries())
      for (const successor of successorsOf(blocks[block]!)) predecessors[order[successor]!]!.push(position);
    const dominator = dominators(ordered, predecessors);
    const dominates = (x: number, y: number): boolean => {
      let at = y;
      while (at > x) at = dominator[at]!;
      return at === x;
    };

    const found = targets.length;
    const isLoop: boolean[] = blocks.map(() => false);
    const forward: number[] = blocks.map(() => 0);
    for (const [from, block] of ordered.entries())
      for (const to of successorsOf(blocks[block]!)) {
        if (order[to]! > from) forward[to]!++;
        else if (dominates(order[to]!, from)) isLoop[to] = true;
        else {
          // Where the dispatcher itself is such a block, control has come round it: from where that way begins.
          let entered = to;
          if (to === given.length) {
            let way = from;
            while (!dominates(dominator[way]!, order[to]!)) way = dominator[way]!;
            entered = ordered[way]!;
          }
          if (!targets.includes(entered)) targets.push(entered);
        }
      }
    if (targets.length > found) {
      blocks = dispatched(given, targets);
      continue;
    }
    const isMerge = forward.map((count, block) => count > 1 || targets.includes(block));
    const isPoll = isLoop.map((loop, block) => (loop && block < given.length) || targets.includes(block));
    const merges: number[][] = blocks.map(() => []);
    for (const [position, block] of [...ordered.entries()].reverse())
      if (position > 0 && isMerge[block]) merges[ordered[dominator[position]!]!]!.push(block);
    return { blocks, order, ordered, merges, isLoop, isPoll, isMerge };
  }
}
