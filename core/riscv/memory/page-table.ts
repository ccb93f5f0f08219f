/**
 * Page tables as they lie in memory: Sv39, Sv48 and Sv57 with Svnapot and Svpbmt (privileged manual, chapter
 * "Supervisor-Level ISA"). An entry is handled as its two halves of 32 bits, signed.
 */

/** Flags in the low half of an entry. */
export const PTE = { V: 1, R: 2, W: 4, X: 8, U: 16, G: 32, A: 64, D: 128 } as const;

/** In the high half. */
const N = 1 << 31;
const PBMT = 3 << 29;
const RESERVED = 0x7f << 22;
const PPN_HIGH = 0x3f_ffff;
const PPN_LOW_SHIFT = 10;

export const PAGE_SHIFT = 12;
export const PAGE_BYTES = 1 << PAGE_SHIFT;
export const ENTRY_BYTES = 8;
/** Bits of a virtual address that pick the entry of one table. */
export const INDEX_BITS = 9;
/** A leaf with N set is one of this many (as a power of two) that map the whole of them. */
const NAPOT_SHIFT = 4;

/** Levels of tables by `satp.MODE`: Bare, Sv39, Sv48, Sv57. All other modes are reserved. */
const LEVELS: ReadonlyMap<number, number> = new Map([
  [0, 0],
  [8, 3],
  [9, 4],
  [10, 5],
]);

/** What `satp` says. */
export interface AddressSpace {
  /** Levels of tables; 0 where virtual addresses are physical ones. */
  readonly levels: number;
  /** Physical address of the table to begin with. */
  readonly root: number;
  readonly asid: number;
}

/** Undefined where the mode is reserved: such a value cannot be written to `satp`. */
export function addressSpaceOf(satp: bigint): AddressSpace | undefined {
  const levels = LEVELS.get(Number(satp >> 60n));
  if (levels === undefined) return undefined;
  return {
    levels,
    root: Number(BigInt.asUintN(44, satp)) * PAGE_BYTES,
    asid: Number(BigInt.asUintN(16, satp >> 44n)),
  };
}

/** log2 of the bytes that one entry of a table at `level` covers. Tables of leaves for pages of 4 KiB are at level 0. */
export const shiftAt = (level: number): number => PAGE_SHIFT + INDEX_BITS * level;

/** What an entry is. Whatever is reserved makes it invalid. */
export type EntryKind = 'invalid' | 'table' | 'leaf';

/** @param hasTypes whether entries may give memory types: `menvcfg.PBMTE` */
export function kindOf(low: number, high: number, level: number, hasTypes: boolean): EntryKind {
  if ((low & PTE.V) === 0 || (low & (PTE.R | PTE.W)) === PTE.W || high & RESERVED) return 'invalid';
  const type = high & PBMT;
  if (type !== 0 && (!hasTypes || type === PBMT)) return 'invalid';
  if ((low & (PTE.R | PTE.X)) === 0)
    return level > 0 && (low & (PTE.U | PTE.A | PTE.D)) === 0 && (high & (N | PBMT)) === 0 ? 'table' : 'invalid';
  // The lowest bits of a leaf's page number are zero above level 0, and say the size where N is set.
  if (high & N) return level === 0 && ((low >>> PPN_LOW_SHIFT) & 0xf) === 1 << (NAPOT_SHIFT - 1) ? 'leaf' : 'invalid';
  return level === 0 || pageNumberOf(low, high) % 2 ** (INDEX_BITS * level) === 0 ? 'leaf' : 'invalid';
}

const pageNumberOf = (low: number, high: number): number =>
  (low >>> PPN_LOW_SHIFT) + (high & PPN_HIGH) * 2 ** (32 - PPN_LOW_SHIFT);

/** Physical address of the table that the entry of a table leads to. */
export const tableOf = (low: number, high: number): number => pageNumberOf(low, high) * PAGE_BYTES;

/** log2 of the bytes that the leaf at `level` maps together with its like. */
export const sizeShiftOf = (high: number, level: number): number => shiftAt(level) + (high & N ? NAPOT_SHIFT : 0);

/** Physical address of the first page that a leaf maps together with its like. */
export const frameOf = (low: number, high: number): number =>
  (pageNumberOf(low, high) - (high & N ? 1 << (NAPOT_SHIFT - 1) : 0)) * PAGE_BYTES;
