/** Random page tables: right ones, and wrong ones of every kind. */
import { PTE } from '../../../core/riscv/memory/page-table.ts';
import { entryOf } from '../../support/page-tables.ts';
import type { Random } from '../../support/random.ts';
import { PAGE, type Pages, SUPERVISOR_HANDLER } from './image.ts';

const { V, R, W, X, U, G, A, D } = PTE;
/** Bits 54 to 63. */
const N = 1n << 63n;
const MEMORY_TYPES = [1n << 61n, 2n << 61n];
const RESERVED = Array.from({ length: 7 }, (_, index) => 1n << BigInt(54 + index));
/** Where supervisor mode finds its handler under translation: the highest page. Nothing else is near. */
const HANDLER = BigInt.asUintN(64, -PAGE);

/** What page tables may have besides the base formats. */
export interface Features {
  /** Svnapot and Svpbmt; without them, reserved bits. */
  readonly extended: boolean;
}

/** Sv39, Sv48, Sv57. */
export const FORMATS = [
  { mode: 8n, levels: 3 },
  { mode: 9n, levels: 4 },
  { mode: 10n, levels: 5 },
] as const;
export type Format = (typeof FORMATS)[number];

const shiftAt = (level: number): bigint => BigInt(12 + 9 * level);
const indexAt = (virtual: bigint, level: number): bigint => (virtual >> shiftAt(level)) & 511n;
const targetOf = (entry: bigint): bigint => ((entry >> 10n) & ((1n << 44n) - 1n)) * PAGE;

/** What two pages in a row are mapped to. The second counts where they are mapped by pages of 4 KiB. */
export type Frames = readonly [first: bigint, second: bigint];

export class AddressSpace {
  readonly format: Format;
  readonly handler = HANDLER;
  /** Percentage of leaves that are global. */
  readonly #globals: number;
  readonly #random: Random;
  readonly #pages: Pages;
  readonly #features: Features;
  readonly root: bigint;
  readonly #asid: bigint;

  constructor(random: Random, pages: Pages, features: Features, format: Format, asid: bigint, globals: number) {
    this.#random = random;
    this.#pages = pages;
    this.#features = features;
    this.format = format;
    this.#asid = asid;
    this.#globals = globals;
    this.root = pages.take('root table');
    this.#map(HANDLER, SUPERVISOR_HANDLER, 0, V | R | X | A | D, true);
  }

  get satp(): bigint {
    return (this.format.mode << 60n) | (this.#asid << 44n) | (this.root / PAGE);
  }

  /** Flags of a leaf: mostly such that something is allowed. */
  leafFlags(isUsers: boolean): number {
    const random = this.#random;
    let flags = random.pick([R, R | W, R | X, R | W | X, R | W | X, R | W | X, X, W, W | X]);
    if (random.chance(97)) flags |= V;
    if (isUsers !== random.chance(12)) flags |= U;
    if (random.chance(this.#globals)) flags |= G;
    if (random.chance(75)) flags |= A;
    if (random.chance(60)) flags |= D;
    return flags;
  }

  #flaw(percent: number): bigint {
    return this.#random.chance(percent) ? this.#random.pick(this.#features.extended ? MEMORY_TYPES : RESERVED) : 0n;
  }

  /** Address of the entry for `virtual` in a table at `level`; undefined where a leaf or a flaw is in the way. */
  #entryAt(virtual: bigint, level: number, flawless: boolean): bigint | undefined {
    const random = this.#random;
    let table = this.root;
    for (let above = this.format.levels - 1; ; above--) {
      const at = table + indexAt(virtual, above) * 8n;
      if (above === level) return at;
      if (this.#pages.read(at) === 0n) {
        const flaw = !flawless && random.chance(3) ? random.pick([A, D, U, V]) : 0;
        this.#pages.write(at, entryOf(this.#pages.take('table'), V ^ flaw, flawless ? 0n : this.#flaw(1)));
      }
      const entry = this.#pages.read(at)!;
      if (Number(entry & 0xffn) & (R | W | X)) return undefined;
      table = targetOf(entry);
    }
  }

  /** Lets `virtual` lead to `physical` by a leaf at `level`, if nothing is there yet. */
  #map(virtual: bigint, physical: bigint, level: number, flags: number, flawless: boolean): void {
    const random = this.#random;
    const at = this.#entryAt(virtual, level, flawless);
    if (at === undefined || this.#pages.read(at) !== 0n) return;
    const misaligned = !flawless && level > 0 && random.chance(10) ? PAGE << BigInt(random.below(9 * level)) : 0n;
    const frame = ((physical >> shiftAt(level)) << shiftAt(level)) | misaligned;
    this.#pages.write(at, entryOf(frame, flags, flawless ? 0n : this.#flaw(4)));
  }

  /** One entry of a group of 64 KiB. */
  #mapInGroup(virtual: bigint, physical: bigint, flags: number): void {
    const at = this.#entryAt(virtual, 0, true);
    if (at !== undefined) this.#pages.write(at, entryOf((physical & ~0xffffn) | 0x8000n, flags, N));
  }

  /**
   * Puts two pages somewhere into virtual memory, both by small pages or both by one large page.
   * @param flags of the leaves; drawn, with flaws here and there, where they are not given
   * @returns the address of the first
   */
  place([first, second]: Frames, isUsers: boolean, flags?: number): bigint {
    const random = this.#random;
    const { levels } = this.format;
    const level = random.chance(75) ? 0 : random.between(1, levels - 1);
    const isGroup = level === 0 && this.#features.extended && random.chance(15);
    const kept = isGroup ? 16n : shiftAt(level);
    const low = first & ((1n << kept) - 1n);
    let virtual: bigint;
    do {
      const high = random.double() & ~((1n << kept) - 1n);
      virtual = BigInt.asUintN(64, BigInt.asIntN(12 + 9 * levels, high | low));
      // Taken for physical addresses, the low ones lead into QEMU's windows into PCI.
    } while (indexAt(virtual, levels - 1) === indexAt(HANDLER, levels - 1) || virtual < 1n << 35n);
    this.#placeAt(virtual, [first, second], level, isGroup, isUsers, flags);
    return virtual;
  }

  #placeAt(virtual: bigint, frames: Frames, level: number, isGroup: boolean, isUsers: boolean, flags?: number): void {
    const [first, second] = frames;
    const draw = (): number => flags ?? this.leafFlags(isUsers);
    const behind = BigInt.asUintN(64, virtual + PAGE);
    if (isGroup) {
      this.#mapInGroup(virtual, first, draw());
      this.#mapInGroup(behind, first + PAGE, draw());
    } else {
      this.#map(virtual, first, level, draw(), flags !== undefined);
      if (level === 0) this.#map(behind, second, 0, draw(), flags !== undefined);
    }
  }

  /** The same two pages as another address space has at `virtual`, by small pages. */
  placeAt(virtual: bigint, frames: Frames, isUsers: boolean, flags?: number): void {
    this.#placeAt(virtual, frames, 0, false, isUsers, flags);
  }

  /** Address of the leaf for a page of 4 KiB, and what it holds; undefined where there is none. */
  leafOf(virtual: bigint): { readonly at: bigint; readonly entry: bigint } | undefined {
    let table = this.root;
    for (let level = this.format.levels - 1; level >= 0; level--) {
      const at = table + indexAt(virtual, level) * 8n;
      const entry = this.#pages.read(at);
      if (entry === undefined) return undefined;
      if (level === 0) return { at, entry };
      if (Number(entry & 0xffn) & (R | W | X)) return undefined;
      table = targetOf(entry);
    }
    return undefined;
  }
}
