/**
 * What reading and writing each CSR does on a hart with machine, supervisor and user mode (privileged manual, chapters
 * "Machine-Level ISA" and "Supervisor-Level ISA"). Who may access a CSR follows from its number and is checked in
 * `accessible`, not here. Fields are WARL: a write keeps what is legal and ignores the rest.
 */
import {
  CAUSE,
  type Hart,
  INTERRUPT,
  INTERRUPT_BITS,
  MACHINE,
  MENVCFG,
  MSTATUS,
  SUPERVISOR_INTERRUPT_BITS,
  USER,
} from '../hart.ts';
import { COUNTERS, type Csr, constant, legalCacheBlocks, type Unnamed, vector, view, word } from './csr.ts';
import { FLOAT_CSRS } from './float.ts';
import { csrNumber } from './numbers.ts';
import { PROTECTION_CSRS } from './protection.ts';
import { SUPERVISOR_CSRS } from './supervisor.ts';

/** RV64 with A, B, C, D, F, I, M, S and U. */
const MISA =
  (2n << 62n) | [...'ABCDFIMSU'].reduce((bits, letter) => bits | (1n << BigInt(letter.charCodeAt(0) - 65)), 0n);

const SSTATUS_WRITABLE = MSTATUS.SIE | MSTATUS.SPIE | MSTATUS.SPP | MSTATUS.FS | MSTATUS.SUM | MSTATUS.MXR;
const MSTATUS_WRITABLE =
  SSTATUS_WRITABLE | MSTATUS.MIE | MSTATUS.MPIE | MSTATUS.MPP | MSTATUS.MPRV | MSTATUS.TVM | MSTATUS.TW | MSTATUS.TSR;
const MENVCFG_WRITABLE = MENVCFG.FIOM | MENVCFG.ADUE | MENVCFG.PBMTE | MENVCFG.STCE;
/** All exceptions but environment calls from machine mode, and the misaligned jumps that C rules out. */
const DELEGABLE = Object.values(CAUSE)
  .filter((cause) => cause !== CAUSE.environmentCallFromMachine)
  .reduce((bits, cause) => bits | (1n << BigInt(cause)), 0n);

const bit = (code: number): number => 1 << code;

const time = { read: ({ environment }: Hart) => environment.time() };
const cycle = { read: ({ state }: Hart) => BigInt.asUintN(64, state.minstret + state.mcycleOffset) };

/** Legal values of `mstatus`: MPP is one of the modes that there are; SD says whether FS is dirty. */
function legalStatus(current: bigint, value: bigint): bigint {
  const mpp = value & MSTATUS.MPP;
  const reserved = 2n << 11n;
  const legal = mpp === reserved ? current & MSTATUS.MPP : mpp;
  const dirty = (value & MSTATUS.FS) === MSTATUS.FS ? MSTATUS.SD : 0n;
  return (current & ~(MSTATUS_WRITABLE | MSTATUS.SD)) | (value & MSTATUS_WRITABLE & ~MSTATUS.MPP) | legal | dirty;
}

const mstatus: Unnamed = {
  read: ({ state }) => state.mstatus,
  write: ({ state }, value) => {
    state.mstatus = legalStatus(state.mstatus, value);
  },
};

const mie = word('mie', BigInt(INTERRUPT_BITS));

const mip: Unnamed = {
  read: (hart) => hart.mip,
  held: (hart) => BigInt(hart.softwareInterrupts),
  write: (hart, value) => {
    const timer = hart.state.menvcfg & MENVCFG.STCE ? bit(INTERRUPT.supervisorTimer) : 0;
    hart.setSoftwareInterrupts(SUPERVISOR_INTERRUPT_BITS & ~timer, Number(BigInt.asUintN(16, value)));
  },
};

const menvcfg: Unnamed = {
  read: ({ state }) => state.menvcfg,
  write: (hart, value) => {
    const { state, environment } = hart;
    state.menvcfg = (value & MENVCFG_WRITABLE) | legalCacheBlocks(state.menvcfg, value);
    if (value & MENVCFG.STCE) hart.setSoftwareInterrupts(bit(INTERRUPT.supervisorTimer), 0);
    hart.updateSupervisorTimer();
    environment.translationChanged({});
  },
};

const delegated = ({ state }: Hart): bigint => state.mideleg;

const DEFINED: Readonly<Record<string, Unnamed>> = {
  ...FLOAT_CSRS,
  mvendorid: constant(0n),
  marchid: constant(0n),
  mimpid: constant(0n),
  mconfigptr: constant(0n),
  mhartid: { read: ({ environment }) => BigInt(environment.index) },

  mstatus,
  sstatus: view(mstatus, () => SSTATUS_WRITABLE | MSTATUS.UXL | MSTATUS.SD),
  misa: constant(MISA),
  medeleg: word('medeleg', DELEGABLE),
  mideleg: word('mideleg', BigInt(SUPERVISOR_INTERRUPT_BITS)),
  mie,
  sie: view(mie, delegated),
  mip,
  sip: view(mip, delegated, (hart) => delegated(hart) & BigInt(bit(INTERRUPT.supervisorSoftware))),
  mtvec: vector('mtvec'),
  mcounteren: word('mcounteren', COUNTERS),
  menvcfg,
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

  ...SUPERVISOR_CSRS,
  ...PROTECTION_CSRS,
};

const ZERO = Array.from({ length: 29 }, (_, index) => [
  `mhpmcounter${index + 3}`,
  `mhpmevent${index + 3}`,
  `hpmcounter${index + 3}`,
]).flat();

/** Every CSR of the hart, by number. */
export const CSRS: ReadonlyMap<number, Csr> = new Map(
  [...Object.entries(DEFINED), ...ZERO.map((name) => [name, constant(0n)] as const)].map(([name, csr]) => [
    csrNumber(name)!,
    { ...csr, name },
  ]),
);

const COUNTER_FIRST = 0xc00;
const COUNTER_LAST = 0xc1f;

/**
 * The CSR `number`, if the hart may access it now; undefined where that is an illegal instruction.
 * @param write whether the access writes
 */
export function accessible(hart: Hart, number: number, write: boolean): Csr | undefined {
  const { privilege, mcounteren, scounteren } = hart.state;
  const lowest = (number >> 8) & 3;
  const readOnly = number >> 10 === 3;
  if (privilege < lowest || (write && readOnly)) return undefined;
  if (privilege !== MACHINE && number >= COUNTER_FIRST && number <= COUNTER_LAST) {
    const enabled = privilege === USER ? mcounteren & scounteren : mcounteren;
    if ((enabled & (1n << BigInt(number - COUNTER_FIRST))) === 0n) return undefined;
  }
  const csr = CSRS.get(number);
  return csr?.allowed?.(hart) === false ? undefined : csr;
}
