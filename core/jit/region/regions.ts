/**
 * The compiled regions of one vCPU. A region may be entered while each block that it was made from is still the one to be
 * run; it goes when one of them goes for good.
 */

import type { VcpuState } from '../../hart/state.ts';
import { PAGE_BYTES, PAGE_SHIFT } from '../../memory/layout.ts';
import type { View } from '../../memory/struct.ts';
import { PSEUDO } from '../../wasm/contract.ts';
import { HEADER, HEADER_BYTES, RECORD, RECORD_BYTES, REGION } from '../../wasm/record.ts';
import { SLOT_BYTES, type Slot } from '../../wasm/region/ways-out.ts';
import type { DecodedBlock } from '../decode-block.ts';
import type { TranslatedRegion } from './compiler.ts';
import type { FormedRegion } from './form-region.ts';
import type { RegionTable } from './region-table.ts';

/** A block as the regions see it. */
export interface RegionMember {
  /** Memory address of its first record. */
  readonly record: number;
  readonly block: Pick<DecodedBlock, 'pc' | 'hosts'>;
}

export interface Region<P> {
  /** The record that stands for it. */
  readonly record: number;
  readonly entry: P;
  readonly parts: readonly P[];
  /** The pages that it has code from, and where they lie in memory. */
  readonly pages: ReadonlyMap<bigint, number>;
  /** It runs only while data accesses go to RAM without translation or protection. */
  readonly physical: boolean;
  readonly table: number;
  readonly bytes: number;
  readonly links: readonly number[];
  /** It has been made anew this often, each time with more blocks; and something had to be left out. */
  readonly extensions: number;
  readonly full: boolean;
  /** For its owner: the last change up to which every part has been found to be the one to be run. */
  valid: number;
}

/** Bytes that the region fills in the area for translated code. */
export const regionBytes = ({ slots }: TranslatedRegion): number =>
  Math.ceil((HEADER_BYTES + RECORD_BYTES + slots.length * SLOT_BYTES) / RECORD_BYTES) * RECORD_BYTES;

const linksOf = (slots: readonly Slot[], base: number): readonly number[] =>
  slots.flatMap(({ kind }, index) => (kind === 'link' ? [base + index * SLOT_BYTES] : []));

function pagesOf(parts: readonly RegionMember[]): ReadonlyMap<bigint, number> {
  const pages = new Map<bigint, number>();
  for (const { block } of parts)
    for (const [index, host] of block.hosts.entries())
      pages.set((block.pc + BigInt(index * 2)) >> BigInt(PAGE_SHIFT), host - (host % PAGE_BYTES));
  return pages;
}

export class Regions<P extends RegionMember> {
  readonly #memory: DataView;
  readonly #view: View<typeof VcpuState.fields>;
  readonly #table: RegionTable;
  /** Instructions for which a region runs at the most. */
  readonly #budget: number;
  readonly #byEntry = new Map<P, Region<P>>();
  readonly #physicalByEntry = new Map<P, Region<P>>();
  readonly #byPart = new Map<P, Set<Region<P>>>();
  /** By the memory address of each link slot. */
  readonly #byLink = new Map<number, Region<P>>();

  constructor(memory: DataView, view: View<typeof VcpuState.fields>, table: RegionTable, budget: number) {
    this.#memory = memory;
    this.#view = view;
    this.#table = table;
    this.#budget = budget;
  }

  /** The region that begins with `entry`. */
  at(entry: P, physical: boolean): Region<P> | undefined {
    return this.#entries(physical).get(entry);
  }

  #entries(physical: boolean): Map<P, Region<P>> {
    return physical ? this.#physicalByEntry : this.#byEntry;
  }

  /**
   * Nobody has to look at the block or the region that `record` begins before it is entered; as at a region that has not
   * been looked at since the mode or translation changed.
   */
  mayEnter(record: number): boolean {
    const memory = this.#memory;
    if (memory.getInt32(record + HEADER.coldness, true) === 0) return false;
    return (
      memory.getUint16(record + RECORD.handler, true) !== PSEUDO.region ||
      memory.getInt32(record + REGION.key, true) === this.#view.regionKey
    );
  }

  /** The region that the link slot at this memory address leads out of. */
  leftBy(link: number): Region<P> | undefined {
    return this.#byLink.get(link);
  }

  /**
   * Makes a region usable. Its record stands at `base`, a multiple of 32, where `regionBytes` bytes are free.
   * @returns undefined where there are too many
   */
  install(
    { parts, full }: FormedRegion<P>,
    { module, slots: contents, bytes }: TranslatedRegion,
    base: number,
    { extensions, physical }: Pick<Region<P>, 'extensions' | 'physical'>,
  ): Region<P> | undefined {
    const table = this.#table.add(module);
    if (table === undefined) return undefined;
    const record = base + HEADER_BYTES;
    const slots = record + RECORD_BYTES;
    const memory = this.#memory;
    memory.setInt32(record + HEADER.coldness, -1, true);
    memory.setUint16(record + RECORD.handler, PSEUDO.region, true);
    memory.setUint32(record + REGION.table, table, true);
    memory.setUint32(record + REGION.slots, slots, true);
    memory.setUint32(record + REGION.budget, this.#budget, true);
    for (const [index, slot] of contents.entries())
      memory.setUint32(
        slots + index * SLOT_BYTES,
        slot.kind === 'link' ? 0 : parts[slot.origin]!.record + slot.offset,
        true,
      );
    const entry = parts[0]!;
    const pages = pagesOf(parts);
    const region = {
      pages,
      physical,
      record,
      entry,
      parts,
      table,
      bytes,
      extensions,
      full,
      links: linksOf(contents, slots),
      valid: -1,
    };
    for (const link of region.links) this.#byLink.set(link, region);
    this.#entries(physical).set(entry, region);
    for (const part of parts) {
      const regions = this.#byPart.get(part) ?? new Set();
      this.#byPart.set(part, regions.add(region));
    }
    this.#view.regions++;
    this.#view.regionBytes += region.bytes;
    return region;
  }

  /** Lets the region be entered through links, as long as mode and translation stay what they are. */
  resume({ record }: Region<P>): void {
    this.#memory.setInt32(record + HEADER.coldness, -1, true);
    this.#memory.setInt32(record + REGION.key, this.#view.regionKey, true);
  }

  /** No region is entered before it has been looked at. */
  suspendAll(): void {
    for (const region of this.#all()) this.#suspend(region);
  }

  *#all(): Generator<Region<P>> {
    yield* this.#byEntry.values();
    yield* this.#physicalByEntry.values();
  }

  #suspend({ record }: Region<P>): void {
    this.#memory.setInt32(record + HEADER.coldness, 0, true);
  }

  /** `part` is gone for good, and with it every region that it is in. */
  dropWith(part: P): void {
    for (const region of this.#byPart.get(part) ?? []) this.drop(region);
    this.#byPart.delete(part);
  }

  /** The region is gone for good. */
  drop(region: Region<P>): void {
    this.#suspend(region);
    this.#forget(region);
    for (const part of region.parts) this.#byPart.get(part)?.delete(region);
    this.#entries(region.physical).delete(region.entry);
  }

  #forget(region: Region<P>): void {
    this.#table.remove(region.table);
    for (const link of region.links) this.#byLink.delete(link);
    this.#view.regions--;
    this.#view.regionBytes -= region.bytes;
  }

  /** Forgets every region. */
  clear(): void {
    for (const region of this.#all()) this.#forget(region);
    this.#byEntry.clear();
    this.#physicalByEntry.clear();
    this.#byPart.clear();
  }
}
