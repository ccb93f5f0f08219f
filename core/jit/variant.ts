/**
 * Sites, and the variants in which they have been written down; see `block-cache`.
 *
 * The header of a variant says how many times more it is to be entered before it is looked at. A variant is *suspended*
 * while that is 0 for another reason than heat: what the header would say is then kept here.
 */
import type { PluginInstance } from '../plugin/instance.ts';
import type { ProbeRequest } from '../plugin/probe.ts';
import { HEADER, TARGETS } from '../wasm/record.ts';
import type { DecodedBlock } from './decode-block.ts';
import type { Step } from './script.ts';
import { blockBytes, targetsOf } from './write-block.ts';

/** A block of guest code that has been met. */
export interface Site {
  readonly block: DecodedBlock;
  clean: Variant | undefined;
  annotated: Variant | undefined;
  /** What each plugin that wants something wants. */
  readonly wanted: Map<PluginInstance, readonly ProbeRequest[]>;
  /** Number of the last plugin that has been shown it. */
  shown: number;
  dropped: boolean;
}

/** One way in which a site has been written down. */
export interface Variant {
  readonly site: Site;
  readonly block: DecodedBlock;
  readonly steps: readonly Step[];
  readonly record: number;
  readonly callbacks: readonly number[];
  /** What its header says when it is not suspended; undefined while it is not. */
  coldness: number | undefined;
  /** It has been hot before; since then its coldness is about the entries that its region does not serve. */
  wasHot: boolean;
  /** Never to be entered again. */
  retired: boolean;
}

export const newSite = (block: DecodedBlock): Site => ({
  block,
  clean: undefined,
  annotated: undefined,
  wanted: new Map(),
  shown: 0,
  dropped: false,
});

/** Bytes that the site takes at the most with what plugins want of it. */
export const annotatedBytes = ({ block, wanted }: Site): number =>
  blockBytes(
    block,
    [...wanted.values()].reduce((sum, { length }) => sum + length, 0),
  );

/** How warm the variants of one vCPU are. */
export class Warmth {
  readonly #memory: DataView;
  /** Times that a variant is entered before it is hot; -1: it never is. */
  readonly limit: number;

  constructor(memory: DataView, limit: number) {
    this.#memory = memory;
    this.limit = limit;
  }

  coldness({ record }: Variant): number {
    return this.#memory.getInt32(record + HEADER.coldness, true);
  }
  setColdness({ record }: Variant, coldness: number): void {
    this.#memory.setInt32(record + HEADER.coldness, coldness, true);
  }

  suspend(variant: Variant): void {
    variant.coldness ??= this.coldness(variant);
    this.setColdness(variant, 0);
  }
  resume(variant: Variant): void {
    if (variant.coldness !== undefined) this.setColdness(variant, variant.coldness);
    variant.coldness = undefined;
  }

  /** It has been entered as often as it takes, and nobody has looked at it since. */
  isHot(variant: Variant): boolean {
    return variant.coldness === undefined && this.coldness(variant) === 0;
  }

  /** Counts the entries of a variant that has been hot from now on, so that it may become so again. */
  countAnew(variant: Variant): void {
    if (variant.coldness === undefined) this.setColdness(variant, this.limit);
    else variant.coldness = this.limit;
  }

  /** How often the interpreter has entered it, and no more than it takes to be hot. */
  heat(variant: Variant | undefined): number {
    if (!variant) return 0;
    if (variant.wasHot) return this.limit;
    return this.limit - Math.max(0, variant.coldness ?? this.coldness(variant));
  }

  /** Where the indirect jump at the end of `variant` has gone to, the most frequent first. */
  targets({ record, steps, block }: Variant): readonly bigint[] {
    const high = block.pc & ~0xffff_ffffn;
    const counts = new Map<number, number>();
    const sample = targetsOf(record, steps);
    for (let index = 0; index < TARGETS; index++) {
      const low = this.#memory.getUint32(sample + index * 4, true);
      if (low !== 0) counts.set(low, (counts.get(low) ?? 0) + 1);
    }
    return [...counts].sort(([, x], [, y]) => y - x).map(([low]) => high | BigInt(low));
  }
}
