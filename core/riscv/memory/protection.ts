/**
 * Physical memory protection (privileged manual, section "Physical Memory Protection") with a granularity of 4 KiB, so
 * that a page is either wholly in a region or not at all. Where regions overlap, the first one decides.
 */
import { MACHINE } from '../hart.ts';
import type { HartView } from '../state.ts';
import { PAGE_SHIFT } from './page-table.ts';

/** Fields of an entry of `pmpcfg`. */
export const PMPCFG = { R: 1, W: 2, X: 4, A: 3 << 3, L: 1 << 7 } as const;
/** Values of A. NA4 is not selectable, since the granularity is greater. */
export const PMP_MODE = { OFF: 0 << 3, TOR: 1 << 3, NA4: 2 << 3, NAPOT: 3 << 3 } as const;

/** What may be done to a page, as bits: R, W and X of PMPCFG. */
export const ALL = PMPCFG.R | PMPCFG.W | PMPCFG.X;

/** Bits of an address register below the granule: they read as zeros, and in NAPOT mode, but for the highest, as ones. */
const GRANULE_BITS = BigInt(PAGE_SHIFT - 2);
const BELOW_GRANULE = (1n << GRANULE_BITS) - 1n;
const NAPOT_ONES = BELOW_GRANULE >> 1n;
/** An address register holds bits 55 to 2 of a physical address. */
export const PMP_ADDRESS_BITS = 54;

/** An address register as it reads, from what was written to it. @param config the byte of its entry */
export function readAddress(config: number, written: bigint): bigint {
  const napot = (config & PMPCFG.A) === PMP_MODE.NAPOT;
  return napot ? written | NAPOT_ONES : written & ~BELOW_GRANULE;
}

interface Region {
  /** Physical, multiples of the granule. */
  readonly start: number;
  readonly end: number;
  readonly permissions: number;
  readonly locked: boolean;
}

/** Undefined where the entry matches nothing. */
function regionOf({ pmpcfg, pmpaddr }: HartView, index: number): Region | undefined {
  const config = pmpcfg[index]!;
  const mode = config & PMPCFG.A;
  const range = (start: bigint, end: bigint): Region => ({
    start: Number(start << 2n),
    end: Number(end << 2n),
    permissions: config & ALL,
    locked: (config & PMPCFG.L) !== 0,
  });
  const written = pmpaddr[index] as bigint;
  if (mode === PMP_MODE.TOR) {
    const start = index === 0 ? 0n : (pmpaddr[index - 1] as bigint);
    return range(readAddress(PMP_MODE.TOR, start), readAddress(config, written));
  }
  if (mode !== PMP_MODE.NAPOT) return undefined;
  const address = readAddress(config, written);
  // Ones at the low end, and the zero above them.
  const size = (address ^ (address + 1n)) + 1n;
  return range(address & ~(size - 1n), (address & ~(size - 1n)) + size);
}

/** What the registers say, decoded. */
export class Protection {
  readonly #regions: readonly Region[];

  constructor(state: HartView) {
    this.#regions = Array.from(state.pmpcfg, (_, index) => regionOf(state, index)).filter((region) => !!region);
  }

  /** What may be done to the page at physical `address` by an access with the rights of `privilege`; bits of ALL. */
  permissions(address: number, privilege: number): number {
    for (const { start, end, permissions, locked } of this.#regions)
      if (address >= start && address < end) return locked || privilege !== MACHINE ? permissions : ALL;
    return privilege === MACHINE ? ALL : 0;
  }
}
