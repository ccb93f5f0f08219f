/**
 * Structured code for any reducible control flow: loops become `loop`, places where forward paths meet stand behind a
 * `block`, and everything else is inline. Ramsey, "Beyond Relooper: recursive translation of unstructured control flow to
 * structured control flow" (ICFP 2022).
 */
import type { Code, Label } from '../encode.ts';
import type { Edge, Flow } from './graph.ts';

/** What the region's author adds to the structure. */
export interface Body {
  /** In front of a block at which the region may be left; see `Flow.isPoll`. */
  poll(block: number): void;
  /**
   * The block itself. It ends by calling `go` for each edge, at most one of them outside an `if`, and nothing behind that
   * is ever reached. A dispatcher goes to the labels of its targets instead.
   */
  block(block: number, go: (edge: Edge) => void, label: (block: number) => Label): void;
  /** Leaves the region for a guest address. */
  exit(block: number, address: bigint): void;
}

export function emitStructure(flow: Flow, code: Code, body: Body): void {
  const labels = new Map<number, Label>();

  function tree(block: number): void {
    if (flow.isLoop[block]) labels.set(block, code.loop());
    if (flow.isPoll[block]) body.poll(block);
    within(block, flow.merges[block]!);
    if (flow.isLoop[block]) code.end();
  }

  /** `block` and what it dominates; the merges among that, last one first, stand behind it. */
  function within(block: number, [last, ...rest]: readonly number[]): void {
    if (last === undefined) {
      body.block(
        block,
        (edge) => go(block, edge),
        (target) => labels.get(target)!,
      );
      return;
    }
    const isLoopToo = labels.get(last);
    labels.set(last, code.block());
    within(block, rest);
    code.end();
    labels.delete(last);
    if (isLoopToo) labels.set(last, isLoopToo);
    tree(last);
  }

  function go(from: number, edge: Edge): void {
    if ('exit' in edge) {
      body.exit(from, edge.exit);
      return;
    }
    const to = edge.block;
    if (flow.order[to]! <= flow.order[from]! || flow.isMerge[to]) code.br(labels.get(to)!);
    else tree(to);
  }

  tree(0);
}
