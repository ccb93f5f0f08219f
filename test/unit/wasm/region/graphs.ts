/** Control-flow graphs for tests of regions: blocks that do nothing but go on. */
import { type Edge, edgesOf, type RegionBlock, type RegionControl } from '../../../../core/wasm/region/graph.ts';
import type { Random } from '../../../support/random.ts';

/** A block at address `index` that does nothing. */
export const blockWith = (index: number, control: RegionControl): RegionBlock => ({
  pc: BigInt(index),
  origin: index,
  steps: [],
  instructions: 0,
  control,
});

/** The graph of blocks that go on to one or two blocks, or leave where none is named. */
export const graphOf = (...successors: readonly (readonly number[])[]): readonly RegionBlock[] =>
  successors.map(([taken, next], index) => {
    const edge = (block: number | undefined): Edge => (block === undefined ? { exit: 0n } : { block });
    return blockWith(
      index,
      next === undefined ? { kind: 'goto', to: edge(taken) } : { kind: 'branch', taken: edge(taken), next: edge(next) },
    );
  });

/** Up to 14 blocks, some of which may never be reached, with loops of all kinds. */
export function randomGraph(random: Random): readonly RegionBlock[] {
  const count = random.between(1, 14);
  const edge = (): Edge => (random.chance(12) ? { exit: BigInt(random.below(1000)) } : { block: random.below(count) });
  const control = (): RegionControl => {
    const kind = random.below(20);
    if (kind < 6) return { kind: 'goto', to: edge() };
    if (kind < 17) return { kind: 'branch', taken: edge(), next: edge() };
    if (kind < 18) return { kind: 'resume', offset: 0 };
    return {
      kind: 'indirect',
      likely: Array.from({ length: random.below(4) }, (_, n) => ({ address: BigInt(n), block: random.below(count) })),
    };
  };
  return Array.from({ length: count }, (_, index) => blockWith(index, control()));
}

/** Where control goes from the block within the region: a block for each edge. */
export const successorsOf = ({ control }: RegionBlock): readonly number[] =>
  edgesOf(control).flatMap((edge) => ('block' in edge ? [edge.block] : []));

/** Blocks to which control comes from the entry, without passing through `without`. */
export function reachable(blocks: readonly RegionBlock[], without = -1): ReadonlySet<number> {
  const reached = new Set<number>();
  const visit = (block: number): void => {
    if (block === without || reached.has(block)) return;
    reached.add(block);
    for (const successor of successorsOf(blocks[block]!)) visit(successor);
  };
  visit(0);
  return reached;
}
