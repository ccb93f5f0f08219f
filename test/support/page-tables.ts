/** Page tables for tests, entry by entry. */
import { PTE } from '../../core/riscv/memory/page-table.ts';
import type { PageTableMemory } from '../../core/riscv/memory/translation.ts';

export const PAGE = 4096n;

/** An entry of a page table. @param high bits 54 to 63, as they stand in the entry */
export const entryOf = (physical: bigint, flags: number, high = 0n): bigint =>
  ((physical / PAGE) << 10n) | BigInt(flags) | high;

export const MODE = { sv39: 8n, sv48: 9n, sv57: 10n } as const;
const LEVELS: Readonly<Record<keyof typeof MODE, number>> = { sv39: 3, sv48: 4, sv57: 5 };

/** Memory that has nothing but page tables, which start at `root`. */
export class PageTables implements PageTableMemory {
  readonly entries = new Map<number, bigint>();
  readonly root: bigint;
  readonly mode: keyof typeof MODE;
  #free: bigint;

  constructor(mode: keyof typeof MODE, root = 0x8000_0000n) {
    this.mode = mode;
    this.root = root;
    this.#free = root;
    this.#newTable();
  }

  #newTable(): bigint {
    const table = this.#free;
    this.#free += PAGE;
    for (let at = table; at < this.#free; at += 8n) this.entries.set(Number(at), 0n);
    return table;
  }

  /** A value for `satp`. */
  satp(asid = 0n): bigint {
    return (MODE[this.mode] << 60n) | (asid << 44n) | (this.root / PAGE);
  }

  /** Address of the entry that is about `virtual` in a table at `level`; tables above it are made where there are none. */
  at(virtual: bigint, level: number): number {
    let table = this.root;
    for (let above = LEVELS[this.mode] - 1; ; above--) {
      const at = Number(table + ((virtual >> BigInt(12 + 9 * above)) & 511n) * 8n);
      if (above === level) return at;
      const entry = this.entries.get(at)!;
      if (entry === 0n) this.entries.set(at, entryOf(this.#free, PTE.V));
      table = entry === 0n ? this.#newTable() : ((entry >> 10n) & ((1n << 44n) - 1n)) * PAGE;
    }
  }

  /** Lets the entry for `virtual` in a table at `level` be this one. */
  put(virtual: bigint, level: number, entry: bigint): void {
    this.entries.set(this.at(virtual, level), entry);
  }

  get(virtual: bigint, level: number): bigint {
    return this.entries.get(this.at(virtual, level))!;
  }

  readEntry(address: number): bigint | undefined {
    return this.entries.get(address);
  }

  replaceEntry(address: number, expected: bigint, entry: bigint): boolean {
    if (this.entries.get(address) !== expected) return false;
    this.entries.set(address, entry);
    return true;
  }
}
