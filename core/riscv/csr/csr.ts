/** What a CSR is, and the common kinds of them. */
import { type Hart, MENVCFG } from '../hart.ts';
import type { HartView } from '../state.ts';

export interface Csr {
  readonly name: string;
  read(hart: Hart): bigint;
  /** What csrrs and csrrc set and clear bits of, where that is not what `read` gives. */
  held?(hart: Hart): bigint;
  /** Absent where writes are ignored. */
  write?(hart: Hart, value: bigint): void;
  /** Whether the hart may access it now, as far as that does not follow from its number. */
  allowed?(hart: Hart): boolean;
}

/** A CSR to which the table of CSRs gives its name. */
export type Unnamed = Omit<Csr, 'name'>;

type Word = { [K in keyof HartView]: HartView[K] extends bigint ? K : never }[keyof HartView];

/** A CSR that is a word of state; `mask` has the bits that a write can change. */
export const word = (field: Word, mask = -1n): Unnamed => ({
  read: ({ state }) => state[field],
  write: ({ state }, value) => {
    state[field] = (state[field] & ~mask) | (value & mask);
  },
});

/** Bits of `mcounteren` and `scounteren`: cycle, time, instret. */
export const COUNTERS = 7n;

export const constant = (value: bigint): Unnamed => ({ read: () => value });

/** A trap vector. Modes 2 and 3 are reserved: such a write is ignored. */
export const vector = (field: 'mtvec' | 'stvec'): Unnamed => ({
  read: ({ state }) => state[field],
  write: ({ state }, value) => {
    if ((value & 2n) === 0n) state[field] = value;
  },
});

/** Supervisor mode's view of another CSR: the bits that it can see, and those of them that it can change. */
export const view = (
  csr: Unnamed,
  visible: (hart: Hart) => bigint,
  writable: (hart: Hart) => bigint = visible,
): Unnamed => ({
  read: (hart) => csr.read(hart) & visible(hart),
  write: (hart, value) => {
    const mask = writable(hart);
    csr.write?.(hart, ((csr.held ?? csr.read)(hart) & ~mask) | (value & mask));
  },
});

const CBIE_RESERVED = 2n << 4n;

/** The fields of `menvcfg` and `senvcfg` about cache blocks, with legal values: of CBIE, 2 is reserved. */
export function legalCacheBlocks(current: bigint, value: bigint): bigint {
  const cbie = (value & MENVCFG.CBIE) === CBIE_RESERVED ? current & MENVCFG.CBIE : value & MENVCFG.CBIE;
  return (value & (MENVCFG.CBCFE | MENVCFG.CBZE)) | cbie;
}
