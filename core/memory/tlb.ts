/**
 * The softTLB of a vCPU: what generated code checks before it touches guest memory. Direct-mapped by page number; a tag
 * is the page's address, or NO_PAGE. A page has a tag only for what may be done to it without looking: pages that hold
 * translated code have no write tag, devices have none at all.
 *
 * The vCPU's own thread fills entries; any thread may take write tags away, under the code lock.
 */
import { type Layout, PAGE_SHIFT, TLB_ENTRIES, TLB_ENTRY_BYTES } from './layout.ts';

export const TLB_ENTRY = { read: 0, write: 8, addend: 16 } as const;

/** Matches no access: pages are aligned. */
const NO_PAGE = 0xffff_ffff_ffff_ffffn;
const WORDS = TLB_ENTRY_BYTES / 8;
const ADDEND_WORD = TLB_ENTRY.addend / 4;

export class Tlb {
  readonly #tags: BigUint64Array;
  readonly #addends: Int32Array;

  constructor(buffer: SharedArrayBuffer, layout: Layout, vcpu: number) {
    const base = layout.vcpus[vcpu]!.tlb;
    this.#tags = new BigUint64Array(buffer, base, TLB_ENTRIES * WORDS);
    this.#addends = new Int32Array(buffer, base, TLB_ENTRIES * WORDS * 2);
  }

  /** Forgets every translation. */
  clear(): void {
    this.#tags.fill(NO_PAGE);
  }

  /**
   * Vouches for a page.
   * @param page guest address of the page
   * @param host where the page lies in the shared memory
   */
  fill(page: bigint, host: number, read: boolean, write: boolean): void {
    const entry = Number((page >> BigInt(PAGE_SHIFT)) & BigInt(TLB_ENTRIES - 1)) * WORDS;
    this.#addends[entry * 2 + ADDEND_WORD] = (host - Number(page & 0xffff_ffffn)) | 0;
    this.#tags[entry + TLB_ENTRY.read / 8] = read ? page : NO_PAGE;
    Atomics.store(this.#tags, entry + TLB_ENTRY.write / 8, write ? page : NO_PAGE);
  }

  /** Takes the write tag away from whatever maps the page at `host`. */
  protect(host: number): void {
    for (let entry = 0; entry < TLB_ENTRIES * WORDS; entry += WORDS) {
      const page = Atomics.load(this.#tags, entry + TLB_ENTRY.write / 8);
      if (page === NO_PAGE) continue;
      const target = (Number(page & 0xffff_ffffn) + this.#addends[entry * 2 + ADDEND_WORD]!) >>> 0;
      if (target >>> PAGE_SHIFT === host >>> PAGE_SHIFT)
        Atomics.store(this.#tags, entry + TLB_ENTRY.write / 8, NO_PAGE);
    }
  }
}
