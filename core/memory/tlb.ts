/**
 * The softTLB of a vCPU: what generated code checks before it touches guest memory. It has several banks, for accesses
 * with different rights; generated code is told which one to use. A bank is direct-mapped by page number; a tag is the
 * page's address, or NO_PAGE. A page has a tag only for what may be done to it without looking: pages that hold
 * translated code have no write tag, devices have none at all.
 *
 * The vCPU's own thread fills entries; any thread may take write tags away, under the code lock.
 */
import { type Layout, PAGE_SHIFT, TLB_BANKS, TLB_ENTRIES, TLB_ENTRY_BYTES } from './layout.ts';

/** `page` is where the page lies in the shared memory; `size` is log2 of the bytes that were translated alike. */
export const TLB_ENTRY = { read: 0, write: 8, addend: 16, page: 20, size: 24, global: 28 } as const;

/** Matches no access: pages are aligned. */
const NO_PAGE = 0xffff_ffff_ffff_ffffn;
const WORDS = TLB_ENTRY_BYTES / 4;
const BANK_WORDS = TLB_ENTRIES * WORDS;

/** What an entry vouches for. */
export interface TlbEntry {
  /** Where the page lies in the shared memory. */
  readonly host: number;
  /** What may be done to it without looking. Nothing is written that cannot be read. */
  readonly read: boolean;
  readonly write: boolean;
  /** log2 of the bytes that were translated alike. */
  readonly shift: number;
  /** Holds in every address space. */
  readonly global: boolean;
}

/** An entry as others than its vCPU see it. */
export interface TlbRow extends TlbEntry {
  readonly bank: number;
  /** Guest address of the page. */
  readonly page: bigint;
}

/** Sizes of pages larger than 4 KiB that there are in Sv39 to Sv57; NAPOT ones have 64 KiB. */
const LARGE_SHIFTS: readonly number[] = [16, 21, 30, 39, 48];
/** A name for the page of this size that holds `address`, shared with few others. */
const wholeOf = (address: bigint, shift: number): number =>
  Number(BigInt.asUintN(46, address >> BigInt(shift))) * 64 + shift;

export class Tlb {
  readonly #base: number;
  readonly #tags: BigUint64Array;
  readonly #words: Int32Array;
  /** By bank: pages larger than 4 KiB that it may have parts of, as `wholeOf` names them. */
  readonly #wholes: readonly Set<number>[] = Array.from({ length: TLB_BANKS }, () => new Set());

  constructor(buffer: SharedArrayBuffer, layout: Layout, vcpu: number) {
    this.#base = layout.vcpus[vcpu]!.tlb;
    this.#tags = new BigUint64Array(buffer, this.#base, (TLB_BANKS * BANK_WORDS) / 2);
    this.#words = new Int32Array(buffer, this.#base, TLB_BANKS * BANK_WORDS);
  }

  /** Memory address of a bank. */
  addressOf(bank: number): number {
    return this.#base + bank * BANK_WORDS * 4;
  }

  /** Forgets every translation. */
  clear(): void {
    this.#tags.fill(NO_PAGE);
    for (const wholes of this.#wholes) wholes.clear();
  }

  /** Forgets every translation of a bank. */
  clearBank(bank: number): void {
    this.#tags.fill(NO_PAGE, (bank * BANK_WORDS) / 2, ((bank + 1) * BANK_WORDS) / 2);
  }

  /**
   * Forgets translations in every bank but `kept`.
   * @param address if given, only what was translated together with it
   * @param withGlobal also those that hold in every address space
   */
  forget(kept: number, address: bigint | undefined, withGlobal: boolean): void {
    for (let bank = 0; bank < TLB_BANKS; bank++)
      if (bank !== kept) {
        if (address === undefined) this.#forgetSpace(bank, withGlobal);
        else this.#forgetAddress(bank, address, withGlobal);
      }
  }

  #forgetSpace(bank: number, withGlobal: boolean): void {
    const words = this.#words;
    for (let entry = bank * BANK_WORDS; entry < (bank + 1) * BANK_WORDS; entry += WORDS)
      if (withGlobal || words[entry + TLB_ENTRY.global / 4] === 0) this.#drop(entry);
  }

  #forgetAddress(bank: number, address: bigint, withGlobal: boolean): void {
    const words = this.#words;
    const low = Number(BigInt.asIntN(32, address));
    const high = Number(BigInt.asIntN(32, address >> 32n));
    const own = this.#entryOf(bank, address);
    // A page of 4 KiB can only be in one place; parts of a larger one may be anywhere.
    const wholes = this.#wholes[bank]!;
    const isLarge = wholes.size > 0 && LARGE_SHIFTS.some((shift) => wholes.has(wholeOf(address, shift)));
    const first = isLarge ? bank * BANK_WORDS : own;
    const end = isLarge ? (bank + 1) * BANK_WORDS : own + WORDS;
    for (let entry = first; entry < end; entry += WORDS) {
      const size = words[entry + TLB_ENTRY.size / 4]!;
      if (size === PAGE_SHIFT && entry !== own) continue;
      const lowDiffers = words[entry + TLB_ENTRY.read / 4]! ^ low;
      const highDiffers = words[entry + TLB_ENTRY.read / 4 + 1]! ^ high;
      const isTogether = size < 32 ? highDiffers === 0 && lowDiffers >>> size === 0 : highDiffers >>> (size - 32) === 0;
      if (isTogether && (withGlobal || words[entry + TLB_ENTRY.global / 4] === 0)) this.#drop(entry);
    }
  }

  #entryOf(bank: number, page: bigint): number {
    return bank * BANK_WORDS + Number((page >> BigInt(PAGE_SHIFT)) & BigInt(TLB_ENTRIES - 1)) * WORDS;
  }

  #drop(entry: number): void {
    this.#tags[(entry + TLB_ENTRY.read / 4) / 2] = NO_PAGE;
    this.#tags[(entry + TLB_ENTRY.write / 4) / 2] = NO_PAGE;
  }

  /**
   * Vouches for a page. The code lock is held.
   * @param page guest address of the page
   */
  fill(bank: number, page: bigint, { host, read, write, shift, global }: TlbEntry): void {
    const entry = this.#entryOf(bank, page);
    if (shift !== PAGE_SHIFT) this.#wholes[bank]!.add(wholeOf(page, shift));
    const words = this.#words;
    words[entry + TLB_ENTRY.addend / 4] = (host - Number(page & 0xffff_ffffn)) | 0;
    words[entry + TLB_ENTRY.page / 4] = host;
    words[entry + TLB_ENTRY.size / 4] = shift;
    words[entry + TLB_ENTRY.global / 4] = global ? 1 : 0;
    this.#tags[(entry + TLB_ENTRY.read / 4) / 2] = read ? page : NO_PAGE;
    Atomics.store(this.#tags, (entry + TLB_ENTRY.write / 4) / 2, write ? page : NO_PAGE);
  }

  /** Takes the write tag away from whatever maps the page at `host`. The code lock is held. */
  protect(host: number): void {
    const page = host & -(1 << PAGE_SHIFT);
    const words = this.#words;
    for (let entry = 0; entry < words.length; entry += WORDS)
      if (words[entry + TLB_ENTRY.page / 4] === page)
        Atomics.store(this.#tags, (entry + TLB_ENTRY.write / 4) / 2, NO_PAGE);
  }
}

/** What the softTLB of a vCPU vouches for, by bank and place: a racy sample while it runs. */
export function tlbRows(buffer: SharedArrayBuffer, layout: Layout, vcpu: number): readonly TlbRow[] {
  const base = layout.vcpus[vcpu]!.tlb;
  const tags = new BigUint64Array(buffer, base, (TLB_BANKS * BANK_WORDS) / 2);
  const words = new Int32Array(buffer, base, TLB_BANKS * BANK_WORDS);
  const rows: TlbRow[] = [];
  for (let entry = 0; entry < words.length; entry += WORDS) {
    const read = tags[(entry + TLB_ENTRY.read / 4) / 2]!;
    const write = tags[(entry + TLB_ENTRY.write / 4) / 2]!;
    const shift = words[entry + TLB_ENTRY.size / 4]!;
    // Before its vCPU has begun, all is zero.
    if (shift === 0 || (read === NO_PAGE && write === NO_PAGE)) continue;
    rows.push({
      bank: Math.floor(entry / BANK_WORDS),
      page: read === NO_PAGE ? write : read,
      host: words[entry + TLB_ENTRY.page / 4]! >>> 0,
      read: read !== NO_PAGE,
      write: write !== NO_PAGE,
      shift,
      global: words[entry + TLB_ENTRY.global / 4] !== 0,
    });
  }
  return rows;
}
