/** A hart's architectural state as it lies in the shared memory. Reset values are those of `reset` in `hart`. */
import { array, i32, struct, u32, u64, type View } from '../memory/struct.ts';

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
  /** Privilege mode: 0 user, 3 machine. Nothing shares its 8 bytes. */
  privilege: u32,
  /** Address and found value of the last load-reserved; the address is all ones where there is no reservation. */
  reservedAddress: u64,
  reservedValue: u64,
  /** Interrupt lines; written by other threads, so always with Atomics. */
  mip: i32,
});

const numberOf = (field: keyof typeof HartState.fields): number => HartState.offset[field] / 8;

/** Numbers by which instructions name registers: x0 to x31 are 0 to 31, f0 to f31 the next, others follow. */
export const REGISTER = {
  frm: numberOf('frm'),
  mstatus: numberOf('mstatus'),
  menvcfg: numberOf('menvcfg'),
  privilege: numberOf('privilege'),
} as const;

export type HartView = View<typeof HartState.fields>;
export const NO_RESERVATION = 0xffff_ffff_ffff_ffffn;
