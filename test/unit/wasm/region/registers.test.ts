/** Which registers are loaded, stored and narrow, against a walk along every way through the region. */
import { describe, expect, test } from 'vitest';
import { Builder } from '../../../../core/ir/builder.ts';
import { type Fragment, isAccess } from '../../../../core/ir/ops.ts';
import { edgesOf, type Flow, flowOf, type RegionBlock } from '../../../../core/wasm/region/graph.ts';
import {
  has,
  narrowAfter,
  type RegisterSet,
  type RegisterUse,
  registersOf,
  registerUse,
} from '../../../../core/wasm/region/registers.ts';
import { Random, SEED } from '../../../support/random.ts';
import { blockWith, graphOf, randomGraph, successorsOf } from './graphs.ts';

const GRAPHS = 300;
const REGISTERS = 5;

const setOf = (...registers: readonly number[]): RegisterSet =>
  registers.reduce((set, register) => set | (1n << BigInt(register)), 0n);

function fragmentOf(write: (b: Builder) => void): Fragment {
  const builder = new Builder();
  write(builder);
  return builder.finish();
}

const add = (rd: number, rs1: number, rs2: number): Fragment =>
  fragmentOf((b) => b.set(rd, b.add(b.get(rs1), b.get(rs2))));
const addWord = (rd: number, rs1: number, rs2: number): Fragment =>
  fragmentOf((b) => b.set(rd, b.sext32(b.add(b.get(rs1), b.get(rs2)))));
const xor = (rd: number, rs1: number, rs2: number): Fragment =>
  fragmentOf((b) => b.set(rd, b.xor(b.get(rs1), b.get(rs2))));
const zero = (rd: number): Fragment => fragmentOf((b) => b.set(rd, b.constant(0n)));
const load = (rd: number, rs1: number): Fragment => fragmentOf((b) => b.set(rd, b.load(8, false, b.get(rs1))));
const call = (): Fragment => fragmentOf((b) => b.call(0));
const callIf = (): Fragment => fragmentOf((b) => b.callIf(0, b.constant(1n)));
const guard = (): Fragment => fragmentOf((b) => b.guard(b.constant(1n)));
/** Ops in front of which a region can be left, whether they access memory or not. */
const LEAVING = ['call', 'callIf', 'guard'];

const doing = (block: RegionBlock, ...fragments: readonly Fragment[]): RegionBlock => ({
  ...block,
  steps: fragments.map((fragment) => ({ fragment, traced: false, offset: 0 })),
});

function randomFragment(random: Random): Fragment {
  const register = (): number => random.below(REGISTERS);
  const made = [add, addWord, xor, xor].map((make) => () => make(register(), register(), register()));
  return random.pick([...made, () => zero(register()), () => load(register(), register()), call, callIf, guard])();
}

/** Every block with every set that control may come to it with, given what a block makes of a set. */
function waysThrough(
  { blocks }: Flow,
  start: RegisterSet,
  through: (block: number, set: RegisterSet) => RegisterSet,
): ReadonlyMap<number, ReadonlySet<RegisterSet>> {
  const found = new Map<number, Set<RegisterSet>>();
  const visit = (block: number, set: RegisterSet): void => {
    const sets = found.get(block) ?? new Set();
    found.set(block, sets);
    if (sets.has(set)) return;
    sets.add(set);
    const behind = through(block, set);
    for (const successor of successorsOf(blocks[block]!)) visit(successor, behind);
  };
  visit(0, start);
  return found;
}

const writtenBy = ({ steps }: RegionBlock): RegisterSet =>
  setOf(
    ...steps.flatMap(({ fragment }) =>
      fragment.flatMap(({ name, register }) => (name === 'set' ? [Number(register)] : [])),
    ),
  );

/** Registers that are read or stored though nothing has been put into their locals, when `live` are loaded. */
function missing(flow: Flow, { dirtyIn, dirtyOut }: RegisterUse, live: RegisterSet): RegisterSet {
  let lacking = 0n;
  waysThrough(flow, live, (index, before) => {
    const { steps, control } = flow.blocks[index]!;
    let loaded = before;
    const need = (registers: RegisterSet): void => {
      lacking |= registers & ~loaded;
    };
    if (flow.isPoll[index]) need(dirtyIn[index]!);
    for (const { fragment } of steps)
      for (const op of fragment) {
        if (op.name === 'get') need(setOf(op.register as number));
        // What is stored on the way out is the same wherever the block is left.
        if (isAccess(op) || LEAVING.includes(op.name)) need(dirtyOut[index]!);
        if (op.name === 'set') loaded |= setOf(op.register as number);
      }
    if (control.kind === 'indirect' || control.kind === 'resume' || edgesOf(control).some((edge) => 'exit' in edge))
      need(dirtyOut[index]!);
    return loaded;
  });
  return lacking;
}

function check(flow: Flow): void {
  const use = registerUse(flow);
  const { blocks, ordered } = flow;

  const written = waysThrough(flow, 0n, (block, set) => set | writtenBy(blocks[block]!));
  const narrow = waysThrough(flow, 0n, (block, set) =>
    blocks[block]!.steps.reduce((after, { fragment }) => narrowAfter(fragment, after), set),
  );
  for (const block of ordered) {
    const dirty = [...written.get(block)!].reduce((union, set) => union | set, 0n);
    expect(use.dirtyIn[block], `dirty in front of ${block}`).toBe(dirty);
    expect(use.dirtyOut[block], `dirty behind ${block}`).toBe(dirty | writtenBy(blocks[block]!));
    const always = [...narrow.get(block)!].reduce((common, set) => common & set);
    expect(use.narrowIn[block], `narrow in front of ${block}`).toBe(always);
  }

  expect(missing(flow, use, use.live)).toBe(0n);
  for (const register of registersOf(use.live)) {
    const less = use.live & ~setOf(register);
    expect(missing(flow, use, less), `x${register} is loaded in vain`).not.toBe(0n);
  }
}

test(`random regions, SEED=${SEED}`, () => {
  const random = new Random(SEED);
  for (let index = 0; index < GRAPHS; index++) {
    const graph = randomGraph(random).map((block) =>
      doing(block, ...Array.from({ length: random.below(4) }, () => randomFragment(random))),
    );
    try {
      check(flowOf(graph));
    } catch (error) {
      throw new Error(`SEED=${SEED}, region ${index}`, { cause: error });
    }
  }
});

describe('registers', () => {
  const use = (...blocks: readonly RegionBlock[]): RegisterUse => registerUse(flowOf(blocks));
  const [straight] = graphOf([]);
  const loop = graphOf([0, 1], []);
  const diamond = graphOf([1, 2], [3], [3], []);

  test('that are read first are loaded, and those that are written first are not', () => {
    const { live, dirtyOut, named } = use(doing(straight!, add(1, 2, 3), add(2, 1, 1)));
    expect(live).toBe(setOf(2, 3));
    expect(dirtyOut).toEqual([setOf(1, 2)]);
    expect(named).toBe(setOf(1, 2, 3));
  });

  test('that a way out stores before they are written are loaded', () => {
    expect(use(doing(straight!, load(1, 2), zero(3))).live).toBe(setOf(1, 2, 3));
    expect(use(doing(straight!, call(), zero(3))).live).toBe(setOf(3));
    expect(use(doing(straight!, zero(3), call())).live).toBe(0n);
  });

  test('that are written in a loop are loaded in front of it, where it can be left', () => {
    const { live, dirtyIn } = use(doing(loop[0]!, zero(1)), loop[1]!);
    expect(dirtyIn).toEqual([setOf(1), setOf(1)]);
    expect(live).toBe(setOf(1));
  });

  test('that are written on one of two ways are loaded for the other', () => {
    const [first, left, right, last] = diamond;
    expect(use(first!, doing(left!, zero(1)), right!, last!).live).toBe(setOf(1));
    expect(use(first!, doing(left!, zero(1)), doing(right!, zero(1)), last!).live).toBe(0n);
    expect(use(first!, doing(left!, zero(1)), right!, doing(last!, zero(1))).live).toBe(0n);
    // Where the interpreter goes on, too.
    const door = blockWith(3, { kind: 'resume', offset: 0 });
    expect(use(first!, doing(left!, zero(1)), right!, door).live).toBe(setOf(1));
    expect(use(first!, doing(left!, zero(1)), right!, doing(door, zero(1))).live).toBe(0n);
  });

  test('are narrow where they are on both ways', () => {
    const [first, left, right, last] = diamond;
    const { narrowIn } = use(
      first!,
      doing(left!, addWord(1, 2, 3), zero(2)),
      doing(right!, zero(1), add(2, 3, 3)),
      last!,
    );
    expect(narrowIn[3]).toBe(setOf(1));
  });

  test('stay narrow round a loop that keeps them so', () => {
    const [, head, end] = graphOf([1], [1, 2], []);
    const blocks = (step: Fragment) => [doing(graphOf([1])[0]!, zero(1), zero(2)), doing(head!, step), end!];
    expect(has(use(...blocks(xor(1, 1, 2))).narrowIn[1]!, 1)).toBe(true);
    expect(has(use(...blocks(add(1, 1, 2))).narrowIn[1]!, 1)).toBe(false);
  });

  test('are none that are loaded', () => {
    expect(use(doing(straight!, xor(1, 2, 3))).narrowIn).toEqual([0n]);
  });
});
