/**
 * Code as one privilege mode sees it: the pages that it has fetched from, and the jump cache, by which generated code
 * finds the block at an address. What is in either may be run without another look at page tables.
 */
import { JUMP_CACHE_ENTRIES, JUMP_CACHE_ENTRY_BYTES, PAGE_SHIFT } from '../memory/layout.ts';
import { type Invalidation, Trap } from '../riscv/hart.ts';

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

/** Generations are counted modulo this. */
const GENERATIONS = 1 << 28;
/** Beyond it all are forgotten. */
const PAGES_MAX = 4096;
const WORDS = JUMP_CACHE_ENTRY_BYTES / 8;
const RECORD_WORD = 2;

export class CodeSpace {
  /** Memory address of the jump cache: entries of address and record. */
  readonly jumpCache: number;
  /** Changes whenever code may be found elsewhere. */
  generation = 0;
  readonly #addresses: BigUint64Array;
  readonly #records: Uint32Array;
  readonly #fetch: Fetch;
  /** By page number. */
  readonly #pages = new Map<bigint, FetchedPage>();
  /** Numbers of pages that are parts of larger ones: by log2 of the bytes of these, then by their number. */
  readonly #parts = new Map<number, Map<bigint, bigint[]>>();

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
    if (page.shift !== PAGE_SHIFT) this.#addPart(number, page.shift);
    return page;
  }

  #addPart(number: bigint, shift: number): void {
    const wholes = this.#parts.get(shift) ?? new Map<bigint, bigint[]>();
    this.#parts.set(shift, wholes);
    const whole = number >> BigInt(shift - PAGE_SHIFT);
    const parts = wholes.get(whole);
    if (parts) parts.push(number);
    else wholes.set(whole, [number]);
  }

  /** The same, only if it is known already. */
  known(virtual: bigint): FetchedPage | undefined {
    return this.#pages.get(virtual >> BigInt(PAGE_SHIFT));
  }

  /** Whether code may be fetched from each of `pages`, by number, and lies where it says in the shared memory. */
  maps(pages: ReadonlyMap<bigint, number>): boolean {
    try {
      for (const [page, host] of pages) if (this.page(page << BigInt(PAGE_SHIFT)).host !== host) return false;
      return true;
    } catch (thrown) {
      if (!(thrown instanceof Trap)) throw thrown;
      return false;
    }
  }

  /**
   * Forgets pages that must be translated anew, and with any page all blocks.
   * @returns whether there was one
   */
  translationChanged({ address, asid }: Invalidation): boolean {
    const before = this.#pages.size;
    if (address === undefined) {
      for (const [number, { global }] of this.#pages) if (!global || asid === undefined) this.#pages.delete(number);
    } else {
      this.#forget(address >> BigInt(PAGE_SHIFT), asid);
      for (const [shift, wholes] of this.#parts) {
        const whole = address >> BigInt(shift);
        for (const number of wholes.get(whole) ?? []) this.#forget(number, asid);
      }
    }
    const changed = this.#pages.size !== before;
    if (changed) {
      this.#forgetBlocks();
      this.generation = (this.generation + 1) % GENERATIONS;
    }
    return changed;
  }

  #forget(number: bigint, asid: number | undefined): void {
    if (this.#pages.get(number)?.global && asid !== undefined) return;
    this.#pages.delete(number);
  }

  #forgetBlocks(): void {
    this.#addresses.fill(0n);
  }

  clear(): void {
    this.#pages.clear();
    this.#parts.clear();
    this.#forgetBlocks();
  }
}
