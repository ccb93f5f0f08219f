/** A vCPU with page tables, on this thread: for tests of what it does under translation. */
import { assemble } from '../../core/riscv/assemble.ts';
import { MSTATUS } from '../../core/riscv/hart.ts';
import { openMemory } from './guest.ts';
import {
  createInterpreterMachine,
  type InterpreterMachine,
  type InterpreterMachineOptions,
} from './interpreter-driver.ts';
import { RAM_START } from './oracle.ts';
import { PageTables } from './page-tables.ts';

/** Where page tables lie, within the 1 MiB of RAM; below, all is free but for the first page. */
const TABLES = RAM_START + 0x8_0000n;
/** Goes to a2 in the mode that a1, for `mstatus`, says; with a0 for `satp`. */
const PROLOGUE = 'csrrw zero, satp, a0\ncsrrw zero, mstatus, a1\ncsrrw zero, mepc, a2\nmret';

/** Where machine mode goes at each trap. */
const HANDLER = RAM_START + 0x4000n;
/** Back to where the trap came from, behind the instruction. */
const RETURN = ['csrrs t0, mepc, zero', 'addi t0, t0, 4', 'csrrw zero, mepc, t0', 'mret'];

export interface PagedMachine extends InterpreterMachine {
  readonly tables: PageTables;
  /** Copies the tables to RAM, as they are now. Like a hart that stores to them, it forgets nothing. */
  storeTables(): void;
  /** The entry for `virtual` in a table at level 0, as it is in RAM. */
  leaf(virtual: bigint): bigint;
  put(physical: bigint, bytes: Uint8Array | bigint): void;
  /** The 8 bytes at `physical`. */
  get(physical: bigint): bigint;
  /** Starts at `pc` in `privilege`, and runs to the first trap, in which the vCPU then stands. */
  start(privilege: number, pc: bigint, mstatus?: bigint, satp?: bigint): void;
  /**
   * Goes on, to the next trap.
   * @param handler what machine mode does first; always the same. It may use t0, and t0 only
   */
  goOn(...handler: readonly string[]): void;
}

/** The vCPU stops at each trap; they are in `traps`. Every mode may access all memory. */
export function createPagedMachine(options: InterpreterMachineOptions = {}): PagedMachine {
  const machine = createInterpreterMachine(options);
  const { vcpu, ram, traps } = machine;
  const view = new DataView(ram.buffer, ram.byteOffset);
  const tables = new PageTables('sv39', TABLES);
  const at = (physical: bigint): number => Number(physical - RAM_START);
  ram.set(assemble(PROLOGUE));

  const runToTrap = (): void => {
    const before = traps.length;
    for (let calls = 0; traps.length === before; calls++) {
      if (calls === 1000) throw new Error(`no trap; the vCPU is at 0x${vcpu.hart.state.pc.toString(16)}`);
      vcpu.run(1000);
    }
  };
  const storeTables = (): void => {
    for (const [address, entry] of tables.entries) view.setBigUint64(at(BigInt(address)), entry, true);
  };
  return {
    ...machine,
    tables,
    storeTables,
    goOn(...handler) {
      ram.set(assemble([...handler, ...RETURN].join('\n')), at(HANDLER));
      runToTrap();
    },
    leaf: (virtual) => view.getBigUint64(at(BigInt(tables.at(virtual, 0))), true),
    put: (physical, bytes) =>
      typeof bytes === 'bigint' ? view.setBigUint64(at(physical), bytes, true) : ram.set(bytes, at(physical)),
    get: (physical) => view.getBigUint64(at(physical), true),
    start(privilege, pc, mstatus = 0n, satp = tables.satp(1n)) {
      storeTables();
      const { state } = vcpu.hart;
      const registers = [...state.x];
      vcpu.reset(RAM_START);
      openMemory(state);
      state.mtvec = HANDLER;
      vcpu.hart.environment.translationChanged({});
      state.x.set(registers);
      // The prologue's registers, which tests do not use.
      state.x.set([satp, (BigInt(privilege) << 11n) | mstatus | MSTATUS.UXL | MSTATUS.SXL, pc], 10);
      runToTrap();
    },
  };
}
