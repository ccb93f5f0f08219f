/** Has regions made from blocks that are hot, and installs them when the translator is done. */
import type { VcpuState } from '../../hart/state.ts';
import type { View } from '../../memory/struct.ts';
import type { CodeArea } from '../code-area.ts';
import type { Variant, Warmth } from '../variant.ts';
import { blueprintOf } from './blueprint.ts';
import type { TranslatedRegion } from './compiler.ts';
import { type FormedRegion, formRegion, type RegionSource } from './form-region.ts';
import { type Region, type Regions, regionBytes } from './regions.ts';
import type { Translator } from './translator.ts';

/** A region that is being made. */
interface PendingRegion extends Pick<Region<Variant>, 'extensions' | 'physical'> {
  readonly formed: FormedRegion<Variant>;
  /** Number of the flush before it: later ones have taken the ground from under it. */
  readonly flushes: number;
}

/** How often a region is made anew with more blocks; each time what it lacks has to be twice as hot. */
const EXTENSIONS_MAX = 6;

export interface RegionMakerParts {
  readonly view: View<typeof VcpuState.fields>;
  readonly area: CodeArea;
  readonly warmth: Warmth;
  readonly regions: Regions<Variant>;
  readonly translator: Translator;
  readonly source: RegionSource<Variant>;
  /** Memory address of the vCPU's counters. */
  readonly counters: number;
  /** Told of each region when it stands. */
  readonly installed: (region: Region<Variant>) => void;
}

export class RegionMaker {
  readonly #parts: RegionMakerParts;
  /** By the number that the translator has given them. */
  readonly #pending = new Map<number, PendingRegion>();

  constructor(parts: RegionMakerParts) {
    this.#parts = parts;
  }

  /**
   * `variant` is hot: makes the region anew that `link` leads out of, if `variant` then becomes part of it, or else one
   * that begins with `variant`; or sees to it that nobody asks again.
   * @param physical data accesses go to RAM without translation or protection
   */
  compile(variant: Variant, link: number, physical: boolean): void {
    const { regions, warmth } = this.#parts;
    variant.wasHot = true;
    const left = regions.leftBy(link);
    if (left && !left.full && left.extensions < EXTENSIONS_MAX && !left.parts.includes(variant)) {
      const extensions = left.extensions + 1;
      if (this.#make(left.entry, extensions, physical, ({ parts }) => parts.includes(variant)) === 'made') {
        warmth.setColdness(variant, warmth.limit << extensions);
        return;
      }
    }
    warmth.setColdness(variant, -1);
    if (this.#make(variant, 0, physical) === 'later') warmth.setColdness(variant, warmth.limit);
  }

  /**
   * Has a region made, now or by and by.
   * @param serves whether it is worth having
   */
  #make(
    entry: Variant,
    extensions: number,
    physical: boolean,
    serves?: (formed: FormedRegion<Variant>) => boolean,
  ): 'made' | 'useless' | 'later' {
    const { view, source, translator, counters } = this.#parts;
    const { flushes } = view;
    const formed = formRegion(entry, source);
    if (!formed || flushes !== view.flushes || serves?.(formed) === false) return 'useless';
    const number = translator.request(blueprintOf(formed, counters, physical));
    if (number === undefined) return 'later';
    this.#pending.set(number, { formed, extensions, physical, flushes });
    this.takeTranslated();
    return 'made';
  }

  /** Installs what the translator has made. To be called between blocks. */
  takeTranslated(): void {
    const { translator, view } = this.#parts;
    for (const { number, region, microseconds } of translator.take()) {
      const pending = this.#pending.get(number)!;
      this.#pending.delete(number);
      view.compileMicroseconds += Math.round(microseconds);
      if (region) this.#install(pending, region);
    }
  }

  #install({ formed, flushes, ...kind }: PendingRegion, translated: TranslatedRegion): void {
    const { view, area, regions, warmth, installed } = this.#parts;
    const entry = formed.parts[0]!;
    const bytes = regionBytes(translated);
    // Too little room: the area is about to be emptied anyway.
    if (flushes !== view.flushes || !area.hasRoom(bytes)) return;
    warmth.countAnew(entry);
    if (formed.parts.some(({ retired }) => retired)) return;
    const before = regions.at(entry, kind.physical);
    if (before) regions.drop(before);
    const region = regions.install(formed, translated, area.free, kind);
    if (!region) return;
    // Links to the block find the region when it has been looked at.
    warmth.suspend(entry);
    area.take(bytes);
    view.compiled++;
    installed(region);
  }
}
