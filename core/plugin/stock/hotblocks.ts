/** Counts how often each block is entered. */
import { int, optional, struct } from '../../../schema/build.ts';
import { type Counter, plugin } from '../plugin.ts';
import { RANGE, rangeOf } from './range.ts';

interface Seen {
  readonly counter: Counter;
  readonly instructions: number;
  readonly first: string;
}

/** A block on one vCPU: its address, instructions, executions, and its first instruction as text. */
type Count = readonly [pc: bigint, instructions: number, count: bigint, first: string];

const LIMIT = 20;

export default plugin('hotblocks', {
  doc: 'Counts how often each translated block runs; reports the hottest.',
  options: struct('HotblocksOptions', { ...RANGE, limit: optional(int(`Blocks to report, ${LIMIT} by default.`)) }),
  filter: rangeOf,
  state: ({ limit = LIMIT }) => {
    if (limit < 1) throw new Error(`limit=${limit}: expected at least 1`);
    return { blocks: new Map<bigint, Seen>() };
  },
  translate(block, probe, { blocks }) {
    const known = blocks.get(block.pc);
    const counter = known?.counter ?? probe.counter();
    const [first] = block.instructions;
    blocks.set(block.pc, { counter, instructions: block.instructions.length, first: first!.disassembly });
    probe.count(block, counter);
  },
  collect: ({ blocks }): readonly Count[] =>
    Array.from(blocks, ([pc, { counter, instructions, first }]) => [pc, instructions, counter.value, first]),
  report({ args: { limit = LIMIT }, parts }) {
    const merged = new Map<bigint, { pc: bigint; instructions: number; count: bigint; first: string }>();
    for (const [pc, instructions, count, first] of parts.flat()) {
      const entry = merged.get(pc);
      if (entry) entry.count += count;
      else merged.set(pc, { pc, instructions, count, first });
    }
    return [...merged.values()]
      .filter(({ count }) => count > 0n)
      .sort((x, y) => (x.count === y.count ? Number(x.pc - y.pc) : x.count < y.count ? 1 : -1))
      .slice(0, Number(limit));
  },
});
