/**
 * Code as one privilege mode sees it: the pages that it has fetched from, and the jump cache, by which generated code
 * finds the block at an address. What is in either may be run without another look at page tables.
 */
import { JUMP_CACHE_ENTRIES, JUMP_CACHE_ENTRY_BYTES, PAGE_SHIFT } from '../memory/layout.ts';
import type { Invalidation } from '../riscv/hart.ts';

/** A page of 4 KiB that code may be fetched from. */
export interface FetchedPage {
  /** Where it lies in the shared memory. */
  readonly host: number;
  /** log2 of the bytes that were translated alike. */
  readonly shift: number;
  /** Holds in every address space. */
  readonly global: boolean;
}

/** Finds the page of `virtual` for fetches. Throws Trap where there is none. */
export type Fetch = (virtual: bigint) => FetchedPage;

/** Beyond it all are forgotten. */
const PAGES_MAX = 4096;
const WORDS = JUMP_CACHE_ENTRY_BYTES / 8;
const RECORD_WORD = 2;

export class CodeSpace {
  /** Memory address of the jump cache: entries of address and record. */
  readonly jumpCache: number;
  readonly #addresses: BigUint64Array;
  readonly #records: Uint32Array;
  readonly #fetch: Fetch;
  readonly #pages = new Map<bigint, FetchedPage>();

  constructor(buffer: SharedArrayBuffer, jumpCache: number, fetch: Fetch) {
    this.jumpCache = jumpCache;
    this.#addresses = new BigUint64Array(buffer, jumpCache, JUMP_CACHE_ENTRIES * WORDS);
    this.#records = new Uint32Array(buffer, jumpCache, JUMP_CACHE_ENTRIES * WORDS * 2);
    this.#fetch = fetch;
  }

  /** Record of the block at `pc`, as far as the jump cache knows it; else 0. */
  find(pc: bigint): number {
    const entry = this.#entryOf(pc);
    return this.#addresses[entry] === pc ? this.#records[entry * 2 + RECORD_WORD]! : 0;
  }

  /** Lets generated code find the block at `pc`, which may be fetched. */
  remember(pc: bigint, record: number): void {
    const entry = this.#entryOf(pc);
    this.#addresses[entry] = pc;
    this.#records[entry * 2 + RECORD_WORD] = record;
  }

  /** Instructions are at least 2 bytes apart. */
  #entryOf(pc: bigint): number {
    return Number((pc >> 1n) & BigInt(JUMP_CACHE_ENTRIES - 1)) * WORDS;
  }

  /** The page of `virtual`. @throws Trap where it may not be fetched from */
  page(virtual: bigint): FetchedPage {
    const number = virtual >> BigInt(PAGE_SHIFT);
    const known = this.#pages.get(number);
    if (known) return known;
    const page = this.#fetch(virtual);
    if (this.#pages.size >= PAGES_MAX) this.clear();
    this.#pages.set(number, page);
    return page;
  }

  /** The same, only if it is known already. */
  known(virtual: bigint): FetchedPage | undefined {
    return this.#pages.get(virtual >> BigInt(PAGE_SHIFT));
  }

  /** Forgets pages that must be translated anew, and with any page all blocks. */
  translationChanged({ address, asid }: Invalidation): void {
    const before = this.#pages.size;
    for (const [number, { shift, global }] of this.#pages) {
      if (global && asid !== undefined) continue;
      const rest = BigInt(shift - PAGE_SHIFT);
      if (address === undefined || number >> rest === address >> BigInt(shift)) this.#pages.delete(number);
    }
    if (this.#pages.size !== before) this.#forgetBlocks();
  }

  #forgetBlocks(): void {
    this.#addresses.fill(0n);
  }

  clear(): void {
    this.#pages.clear();
    this.#forgetBlocks();
  }
}
