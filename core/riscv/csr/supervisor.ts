/**
 * CSRs of supervisor mode (privileged manual, chapter "Supervisor-Level ISA") that are not views of those of machine
 * mode.
 */
import { type Hart, MACHINE, MENVCFG, MSTATUS, SUPERVISOR } from '../hart.ts';
import { addressSpaceOf } from '../memory/page-table.ts';
import { COUNTERS, legalCacheBlocks, type Unnamed, vector, word } from './csr.ts';

const SENVCFG_FIOM = 1n;
const MCOUNTEREN_TM = 1n << 1n;

const satp: Unnamed = {
  allowed: ({ state }) => state.privilege !== SUPERVISOR || (state.mstatus & MSTATUS.TVM) === 0n,
  read: ({ state }) => state.satp,
  // A write with a reserved mode has no effect at all.
  write: (hart, value) => {
    const before = addressSpaceOf(hart.state.satp)!;
    const after = addressSpaceOf(value);
    if (!after || value === hart.state.satp) return;
    hart.state.satp = value;
    hart.environment.translationChanged(after.levels === before.levels ? { asid: before.asid } : {});
  },
};

/** Sstc. */
const stimecmp: Unnamed = {
  allowed: ({ state: { privilege, mcounteren, menvcfg } }: Hart) =>
    privilege === MACHINE || ((mcounteren & MCOUNTEREN_TM) !== 0n && (menvcfg & MENVCFG.STCE) !== 0n),
  read: ({ state }) => state.stimecmp,
  write: (hart, value) => {
    hart.state.stimecmp = value;
    hart.updateSupervisorTimer();
  },
};

export const SUPERVISOR_CSRS: Readonly<Record<string, Unnamed>> = {
  stvec: vector('stvec'),
  scounteren: word('scounteren', COUNTERS),
  senvcfg: {
    read: ({ state }) => state.senvcfg,
    write: ({ state }, value) => {
      state.senvcfg = (value & SENVCFG_FIOM) | legalCacheBlocks(state.senvcfg, value);
    },
  },
  sscratch: word('sscratch'),
  sepc: word('sepc', ~1n),
  scause: word('scause'),
  stval: word('stval'),
  satp,
  stimecmp,
};
