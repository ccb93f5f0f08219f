/** What is found out about control flow, against slow ways that follow the definitions. */
import { describe, expect, test } from 'vitest';
import { type Edge, edgesOf, type Flow, flowOf, type RegionBlock } from '../../../../core/wasm/region/graph.ts';
import { Random, SEED } from '../../../support/random.ts';
import { blockWith, graphOf, randomGraph, reachable, successorsOf } from './graphs.ts';

const GRAPHS = 400;

/** For each block that is reached, the blocks that no way to it can avoid. */
function dominatorsOf(blocks: readonly RegionBlock[]): ReadonlyMap<number, ReadonlySet<number>> {
  const reached = [...reachable(blocks)];
  const avoiding = new Map(reached.map((block) => [block, reachable(blocks, block)]));
  return new Map(reached.map((block) => [block, new Set(reached.filter((other) => !avoiding.get(other)!.has(block)))]));
}

/** The last of the blocks that no way to `block` can avoid, itself aside. */
function immediateDominator(dominators: ReadonlyMap<number, ReadonlySet<number>>, block: number): number {
  const others = [...dominators.get(block)!].filter((other) => other !== block);
  return others.find((one) => others.every((other) => dominators.get(one)!.has(other)))!;
}

const isForward = ({ order }: Flow, from: number, to: number): boolean => order[to]! > order[from]!;

/** Where the edge leads in the end: beyond a dispatcher. */
function goalOf({ blocks }: Flow, edge: Edge): Edge {
  if ('exit' in edge) return edge;
  const { control } = blocks[edge.block]!;
  return { block: control.kind === 'dispatch' ? control.targets[edge.select!]! : edge.block };
}

/** Checks `flow` against the graph that it was made of. */
function check(given: readonly RegionBlock[], flow: Flow): void {
  const { blocks, order, ordered, merges, isLoop, isPoll, isMerge } = flow;
  const reached = reachable(blocks);

  expect(ordered[0]).toBe(0);
  expect(ordered.toSorted((x, y) => x - y)).toEqual([...reached].sort((x, y) => x - y));
  expect(order).toEqual(blocks.map((_, block) => ordered.indexOf(block)));

  for (const [index, { control }] of given.entries())
    expect(edgesOf(blocks[index]!.control).map((edge) => goalOf(flow, edge))).toEqual(
      edgesOf(control).map((edge) => goalOf({ ...flow, blocks: given }, edge)),
    );

  const dominators = dominatorsOf(blocks);
  const edges = ordered.flatMap((from) => successorsOf(blocks[from]!).map((to) => ({ from, to })));
  const heads = new Set<number>();
  for (const { from, to } of edges) {
    if (isForward(flow, from, to)) continue;
    // Structured code can go back only to what it is still within.
    expect(dominators.get(from)!.has(to), `${from} goes back to ${to}`).toBe(true);
    heads.add(to);
  }
  const targets = blocks.flatMap(({ control }) => (control.kind === 'dispatch' ? control.targets : []));
  for (const block of reached) {
    expect(isLoop[block], `${block} is a loop`).toBe(heads.has(block));
    const ways = edges.filter(({ from, to }) => to === block && isForward(flow, from, to)).length;
    expect(isMerge[block], `${block} is a merge`).toBe(ways > 1 || targets.includes(block));
    const expected = ordered.filter((other) => isMerge[other] && immediateDominator(dominators, other) === block);
    expect(merges[block], `merges of ${block}`).toEqual(expected.reverse());
  }

  // With the polls taken out there must be no way round.
  const left = [...reached].filter((block) => !isPoll[block]);
  for (let before = -1; left.length !== before; ) {
    before = left.length;
    for (const [position, block] of [...left.entries()].reverse())
      if (!successorsOf(blocks[block]!).some((successor) => left.includes(successor))) left.splice(position, 1);
  }
  expect(left, 'a way round without a poll').toEqual([]);
}

test(`random graphs, SEED=${SEED}`, () => {
  const random = new Random(SEED);
  let dispatched = 0;
  for (let index = 0; index < GRAPHS; index++) {
    const graph = randomGraph(random);
    const flow = flowOf(graph);
    try {
      check(graph, flow);
    } catch (error) {
      throw new Error(`SEED=${SEED}, graph ${index}: ${JSON.stringify(graph.map(successorsOf))}`, { cause: error });
    }
    if (flow.blocks.length > graph.length) dispatched++;
  }
  expect(dispatched).toBeGreaterThan(GRAPHS / 40);
  expect(dispatched).toBeLessThan(GRAPHS * 0.9);
});

describe('a graph of', () => {
  const marked = (marks: readonly boolean[]): readonly number[] =>
    marks.flatMap((mark, block) => (mark ? [block] : []));

  test('two ways that meet has a merge behind the block where they part', () => {
    const flow = flowOf(graphOf([1, 2], [3], [3], []));
    expect(flow.ordered).toEqual([0, 1, 2, 3]);
    expect(marked(flow.isMerge)).toEqual([3]);
    expect(flow.merges).toEqual([[3], [], [], []]);
    expect(marked(flow.isLoop)).toEqual([]);
  });

  test('a loop has a poll at its head', () => {
    const flow = flowOf(graphOf([1], [2, 3], [1], []));
    expect(marked(flow.isLoop)).toEqual([1]);
    expect(marked(flow.isPoll)).toEqual([1]);
    expect(marked(flow.isMerge)).toEqual([]);
  });

  test('one block that goes to itself is a loop', () => {
    const flow = flowOf(graphOf([0, 1], []));
    expect(marked(flow.isLoop)).toEqual([0]);
    expect(marked(flow.isPoll)).toEqual([0]);
  });

  test('a branch whose ways are the same has a merge', () => {
    expect(flowOf(graphOf([1, 1], [])).merges).toEqual([[1], []]);
  });

  test('a loop that is entered in its midst has a dispatcher, and a poll where it was entered', () => {
    const graph = graphOf([1, 2], [2, 3], [1], []);
    const flow = flowOf(graph);
    expect(flow.blocks.length).toBe(5);
    expect(marked(flow.isLoop)).toEqual([4]);
    const { control } = flow.blocks[4]!;
    expect(control).toMatchObject({ kind: 'dispatch' });
    check(graph, flow);
  });

  test('blocks that are never reached has them in no place', () => {
    const flow = flowOf(graphOf([2], [2], []));
    expect(flow.order).toEqual([0, -1, 1]);
    expect(marked(flow.isMerge)).toEqual([]);
  });

  test('indirect jumps goes to each target, and may leave', () => {
    const likely = [
      { address: 8n, block: 1 },
      { address: 16n, block: 0 },
    ];
    const flow = flowOf([blockWith(0, { kind: 'indirect', likely }), blockWith(1, { kind: 'resume', offset: 32 })]);
    expect(flow.ordered).toEqual([0, 1]);
    expect(marked(flow.isLoop)).toEqual([0]);
  });
});
