/** A hart's architectural state as it lies in the shared memory. Reset values are those of `reset` in `hart`. */
import { array, i32, struct, u8, u32, u64, type View } from '../memory/struct.ts';

/** Entries of physical memory protection that are implemented; all others read as zero. */
export const PMP_ENTRIES = 16;

export const HartState = struct({
  /** x0 to x31; x0 is never written. */
  x: array(u64, 32),
  /** f0 to f31. */
  f: array(u64, 32),
  /** Accrued exceptions and rounding mode of floating point, the two parts of `fcsr`. */
  fflags: u64,
  frm: u64,
  /** Where writes to x0 go. */
  sink: u64,
  pc: u64,
  /** Instructions retired, as `minstret` shows it: also the hart's cycle count. */
  minstret: u64,
  /** What `mcycle` shows more than `minstret`. */
  mcycleOffset: u64,
  mstatus: u64,
  mie: u64,
  mtvec: u64,
  mscratch: u64,
  mepc: u64,
  mcause: u64,
  mtval: u64,
  mcounteren: u64,
  menvcfg: u64,
  medeleg: u64,
  mideleg: u64,
  stvec: u64,
  sscratch: u64,
  sepc: u64,
  scause: u64,
  stval: u64,
  scounteren: u64,
  senvcfg: u64,
  satp: u64,
  stimecmp: u64,
  /** One byte for each entry: `pmpcfg0` has the first eight, `pmpcfg2` the others. */
  pmpcfg: array(u8, PMP_ENTRIES),
  /** As written; what reads as a constant because of the granularity is kept. */
  pmpaddr: array(u64, PMP_ENTRIES),
  /** Privilege mode: 0 user, 1 supervisor, 3 machine. Nothing shares its 8 bytes. */
  privilege: u32,
  /** Address and found value of the last load-reserved; the address is all ones where there is no reservation. */
  reservedAddress: u64,
  reservedValue: u64,
  /**
   * Interrupts, by their bits in `mip`: the low half has the lines into the hart, the high half what software on the
   * hart has set. Lines are written by other threads, so always with Atomics.
   */
  mip: i32,
});

const numberOf = (field: keyof typeof HartState.fields): number => HartState.offset[field] / 8;

/** Numbers by which instructions name registers: x0 to x31 are 0 to 31, f0 to f31 the next, others follow. */
export const REGISTER = {
  frm: numberOf('frm'),
  mstatus: numberOf('mstatus'),
  menvcfg: numberOf('menvcfg'),
  senvcfg: numberOf('senvcfg'),
  privilege: numberOf('privilege'),
} as const;

export type HartView = View<typeof HartState.fields>;
export const NO_RESERVATION = 0xffff_ffff_ffff_ffffn;

/** `mip` as it reads, from the word of that name in the state. */
export const pendingInterrupts = (mip: number): number => (mip | (mip >>> 16)) & 0xffff;
