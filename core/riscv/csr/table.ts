/**
 * What reading and writing each CSR does on a hart with machine and user mode (privileged manual, chapter
 * "Machine-Level ISA"). Who may access a CSR follows from its number and is checked in `access`, not here. Fields are
 * WARL: a write keeps what is legal and ignores the rest. No physical memory protection is implemented: its registers
 * read as zero and every mode may access all memory.
 */
import { type Hart, INTERRUPT_BITS, MENVCFG, MSTATUS, USER } from '../hart.ts';
import type { HartView } from '../state.ts';
import { csrNumber } from './numbers.ts';

export interface Csr {
  readonly name: string;
  read(hart: Hart): bigint;
  /** Absent where writes are ignored. */
  write?(hart: Hart, value: bigint): void;
}

/** RV64 with A, B, C, D, F, I, M and U. */
const MISA =
  (2n << 62n) | [...'ABCDFIMU'].reduce((bits, letter) => bits | (1n << BigInt(letter.charCodeAt(0) - 65)), 0n);

const MSTATUS_WRITABLE = MSTATUS.MIE | MSTATUS.MPIE | MSTATUS.MPP | MSTATUS.FS | MSTATUS.MPRV | MSTATUS.TW;
const CBIE_RESERVED = 2n << 4n;
/** cycle, time, instret. */
const COUNTERS = 7n;

type Word = { [K in keyof HartView]: HartView[K] extends bigint ? K : never }[keyof HartView];

/** A CSR that is a word of state; `mask` has the bits that a write can change. */
const word = (field: Word, mask = -1n): Omit<Csr, 'name'> => ({
  read: ({ state }) => state[field],
  write: ({ state }, value) => {
    state[field] = (state[field] & ~mask) | (value & mask);
  },
});

const constant = (value: bigint): Omit<Csr, 'name'> => ({ read: () => value });

const time = { read: ({ environment }: Hart) => environment.time() };
const cycle = { read: ({ state }: Hart) => BigInt.asUintN(64, state.minstret + state.mcycleOffset) };

/** Legal values of `mstatus`: MPP is user or machine; SD says whether FS is dirty. */
function legalStatus(current: bigint, value: bigint): bigint {
  const mpp = value & MSTATUS.MPP;
  const legal = mpp === MSTATUS.MPP || mpp === 0n ? mpp : current & MSTATUS.MPP;
  const dirty = (value & MSTATUS.FS) === MSTATUS.FS ? MSTATUS.SD : 0n;
  return (current & ~(MSTATUS_WRITABLE | MSTATUS.SD)) | (value & MSTATUS_WRITABLE & ~MSTATUS.MPP) | legal | dirty;
}

const FFLAGS = 0x1fn;
const FRM_SHIFT = 5n;
const FRM = 7n;

/** A part of `fcsr`, or all of it; writing it leaves the floating-point state dirty. */
const float = (read: (state: HartView) => bigint, write: (state: HartView, value: bigint) => void) => ({
  read: ({ state }: Hart) => read(state),
  write: ({ state }: Hart, value: bigint) => {
    write(state, value);
    state.mstatus |= MSTATUS.FS | MSTATUS.SD;
  },
});

/** Legal values of `menvcfg`: of CBIE, 2 is reserved. */
function legalEnvironment(current: bigint, value: bigint): bigint {
  const cbie = (value & MENVCFG.CBIE) === CBIE_RESERVED ? current & MENVCFG.CBIE : value & MENVCFG.CBIE;
  return (value & (MENVCFG.FIOM | MENVCFG.CBCFE | MENVCFG.CBZE)) | cbie;
}

const DEFINED: Readonly<Record<string, Omit<Csr, 'name'>>> = {
  fflags: float(
    ({ fflags }) => fflags,
    (state, value) => {
      state.fflags = value & FFLAGS;
    },
  ),
  frm: float(
    ({ frm }) => frm,
    (state, value) => {
      state.frm = value & FRM;
    },
  ),
  fcsr: float(
    ({ fflags, frm }) => (frm << FRM_SHIFT) | fflags,
    (state, value) => {
      state.fflags = value & FFLAGS;
      state.frm = (value >> FRM_SHIFT) & FRM;
    },
  ),

  mvendorid: constant(0n),
  marchid: constant(0n),
  mimpid: constant(0n),
  mconfigptr: constant(0n),
  mhartid: { read: ({ environment }) => BigInt(environment.index) },

  mstatus: {
    read: ({ state }) => state.mstatus,
    write: ({ state }, value) => {
      state.mstatus = legalStatus(state.mstatus, value);
    },
  },
  misa: constant(MISA),
  mie: word('mie', BigInt(INTERRUPT_BITS)),
  mip: { read: ({ mip }) => mip },
  mtvec: {
    read: ({ state }) => state.mtvec,
    // Modes 2 and 3 are reserved: such a write is ignored.
    write: ({ state }, value) => {
      if ((value & 2n) === 0n) state.mtvec = value;
    },
  },
  mcounteren: word('mcounteren', COUNTERS),
  menvcfg: {
    read: ({ state }) => state.menvcfg,
    write: ({ state }, value) => {
      state.menvcfg = legalEnvironment(state.menvcfg, value);
    },
  },
  mcountinhibit: constant(0n),
  mscratch: word('mscratch'),
  mepc: word('mepc', ~1n),
  mcause: word('mcause'),
  mtval: word('mtval'),

  // The instruction that reads or writes a counter counts itself only after the access.
  mcycle: {
    ...cycle,
    write: ({ state }, value) => {
      state.mcycleOffset = BigInt.asUintN(64, value - state.minstret - 1n);
    },
  },
  minstret: {
    read: ({ state }) => state.minstret,
    write: ({ state }, value) => {
      state.mcycleOffset = BigInt.asUintN(64, state.mcycleOffset + state.minstret - (value - 1n));
      state.minstret = BigInt.asUintN(64, value - 1n);
    },
  },
  cycle,
  time,
  instret: { read: ({ state }) => state.minstret },
};

const ZERO = [
  ...Array.from({ length: 29 }, (_, index) => [
    `mhpmcounter${index + 3}`,
    `mhpmevent${index + 3}`,
    `hpmcounter${index + 3}`,
  ]),
  ...Array.from({ length: 8 }, (_, index) => `pmpcfg${index * 2}`),
  ...Array.from({ length: 64 }, (_, index) => `pmpaddr${index}`),
].flat();

/** Every CSR of the hart, by number. */
export const CSRS: ReadonlyMap<number, Csr> = new Map(
  [...Object.entries(DEFINED), ...ZERO.map((name) => [name, constant(0n)] as const)].map(([name, csr]) => [
    csrNumber(name)!,
    { ...csr, name },
  ]),
);

const FFLAGS_NUMBER = csrNumber('fflags')!;
const FCSR_NUMBER = csrNumber('fcsr')!;
const COUNTER_FIRST = 0xc00;
const COUNTER_LAST = 0xc1f;

/**
 * The CSR `number`, if the hart may access it now; undefined where that is an illegal instruction.
 * @param write whether the access writes
 */
export function accessible(hart: Hart, number: number, write: boolean): Csr | undefined {
  const { privilege, mstatus, mcounteren } = hart.state;
  const lowest = (number >> 8) & 3;
  const readOnly = number >> 10 === 3;
  if (privilege < lowest || (write && readOnly)) return undefined;
  if (number >= FFLAGS_NUMBER && number <= FCSR_NUMBER && (mstatus & MSTATUS.FS) === 0n) return undefined;
  if (privilege === USER && number >= COUNTER_FIRST && number <= COUNTER_LAST)
    if ((mcounteren & (1n << BigInt(number - COUNTER_FIRST))) === 0n) return undefined;
  return CSRS.get(number);
}
