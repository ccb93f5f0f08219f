/**
 * A hart's behaviour between instructions: traps, interrupts, privilege (privileged manual, chapters "Machine-Level ISA"
 * and "Supervisor-Level ISA"). It works on the state in memory and knows neither how instructions are run nor what lies
 * on the bus.
 */
import { HartState, type HartView, NO_RESERVATION, pendingInterrupts } from './state.ts';

export const USER = 0;
export const SUPERVISOR = 1;
export const MACHINE = 3;

/** Exception codes of `mcause` and `scause`. */
export const CAUSE = {
  instructionAccessFault: 1,
  illegalInstruction: 2,
  breakpoint: 3,
  loadAddressMisaligned: 4,
  loadAccessFault: 5,
  storeAddressMisaligned: 6,
  storeAccessFault: 7,
  environmentCallFromUser: 8,
  environmentCallFromSupervisor: 9,
  environmentCallFromMachine: 11,
  instructionPageFault: 12,
  loadPageFault: 13,
  storePageFault: 15,
} as const;

/** Interrupt codes of `mcause` and `scause`, which are also their bits in `mip` and `mie`. */
export const INTERRUPT = {
  supervisorSoftware: 1,
  machineSoftware: 3,
  supervisorTimer: 5,
  machineTimer: 7,
  supervisorExternal: 9,
  machineExternal: 11,
} as const;
/** From the highest priority to the lowest. */
const PRIORITY = [
  INTERRUPT.machineExternal,
  INTERRUPT.machineSoftware,
  INTERRUPT.machineTimer,
  INTERRUPT.supervisorExternal,
  INTERRUPT.supervisorSoftware,
  INTERRUPT.supervisorTimer,
];
const bitsOf = (codes: readonly number[]): number => codes.reduce((bits, code) => bits | (1 << code), 0);
export const INTERRUPT_BITS = bitsOf(PRIORITY);
/** Interrupts that can be delegated. */
export const SUPERVISOR_INTERRUPT_BITS = bitsOf([
  INTERRUPT.supervisorSoftware,
  INTERRUPT.supervisorTimer,
  INTERRUPT.supervisorExternal,
]);
const INTERRUPT_FLAG = 1n << 63n;

/** Fields of `mstatus`. */
export const MSTATUS = {
  SIE: 1n << 1n,
  MIE: 1n << 3n,
  SPIE: 1n << 5n,
  MPIE: 1n << 7n,
  SPP: 1n << 8n,
  MPP: 3n << 11n,
  FS: 3n << 13n,
  MPRV: 1n << 17n,
  SUM: 1n << 18n,
  MXR: 1n << 19n,
  TVM: 1n << 20n,
  TW: 1n << 21n,
  TSR: 1n << 22n,
  UXL: 2n << 32n,
  SD: 1n << 63n,
  SXL: 2n << 34n,
} as const;
const MPP_SHIFT = 11n;
const SPP_SHIFT = 8n;
const MSTATUS_RESET = MSTATUS.UXL | MSTATUS.SXL;

/** Fields of `menvcfg`. */
export const MENVCFG = {
  FIOM: 1n << 0n,
  /** What less privileged modes may do with cache blocks (Zicbom, Zicboz). */
  CBIE: 3n << 4n,
  CBCFE: 1n << 6n,
  CBZE: 1n << 7n,
  /** The hart sets A and D in page tables (Svadu); else it faults (Svade). */
  ADUE: 1n << 61n,
  /** Page tables give memory types (Svpbmt). */
  PBMTE: 1n << 62n,
  /** `stimecmp` drives the supervisor timer interrupt (Sstc). */
  STCE: 1n << 63n,
} as const;
/** What old firmware does not know of must be on, for systems that find it in the device tree. */
const MENVCFG_RESET = MENVCFG.ADUE | MENVCFG.PBMTE;

/** A time that never comes. */
const NEVER = 0xffff_ffff_ffff_ffffn;

/** An exception on its way to the trap handler. */
export class Trap {
  /** A code of CAUSE. */
  readonly cause: number;
  readonly tval: bigint;
  constructor(cause: number, tval: bigint) {
    this.cause = cause;
    this.tval = tval;
  }
}

/** Address translations that must not be used any more (`sfence.vma`). */
export interface Invalidation {
  /** Only those of the page that holds this address, however large it is. */
  readonly address?: bigint | undefined;
  /** Only those of this address space, and of them only those that are not global. */
  readonly asid?: number | undefined;
}

/** What a hart needs of the world around it. */
export interface HartEnvironment {
  readonly index: number;
  /** The `time` CSR: ticks of mtime. */
  time(): bigint;
  /** From this `time` on the supervisor timer interrupt line is high, until the next call. All ones: never. */
  setSupervisorTimer(deadline: bigint): void;
  /** The hart executed `fence.i`: stores seen so far must be seen by its instruction fetches. */
  fenceI(): void;
  /** `satp`, memory protection or what page tables mean has been changed, or a fence was executed for changed tables. */
  translationChanged(invalid: Invalidation): void;
  /** The hart waits for an interrupt. Returns at once; the caller of the hart sleeps if it likes. */
  waitForInterrupt(): void;
  /** Called for each trap, when state is already that of the handler. @param from, to privilege before and now */
  trapped(cause: number, interrupt: boolean, epc: bigint, tval: bigint, from: number, to: number): void;
}

export class Hart {
  readonly state: HartView;
  readonly environment: HartEnvironment;
  readonly #mip: Int32Array;

  /** The hart whose state starts at byte `base` of `buffer`. */
  constructor(buffer: ArrayBufferLike, base: number, environment: HartEnvironment) {
    this.state = HartState.view(buffer, base);
    this.#mip = new Int32Array(buffer as ArrayBuffer, base + HartState.offset.mip, 1);
    this.environment = environment;
  }

  /**
   * State after reset; the registers of instructions too are zero. Interrupt lines and the timer are not the hart's to
   * reset.
   * @param pc the reset vector
   */
  reset(pc: bigint): void {
    const { state } = this;
    state.x.fill(0n);
    state.f.fill(0n);
    state.pmpcfg.fill(0);
    state.pmpaddr.fill(0n);
    Object.assign(state, {
      fflags: 0n,
      frm: 0n,
      pc,
      minstret: 0n,
      mcycleOffset: 0n,
      mstatus: MSTATUS_RESET,
      mie: 0n,
      mtvec: 0n,
      mscratch: 0n,
      mepc: 0n,
      mcause: 0n,
      mtval: 0n,
      mcounteren: 0n,
      menvcfg: MENVCFG_RESET,
      medeleg: 0n,
      mideleg: 0n,
      stvec: 0n,
      sscratch: 0n,
      sepc: 0n,
      scause: 0n,
      stval: 0n,
      scounteren: 0n,
      senvcfg: 0n,
      satp: 0n,
      stimecmp: NEVER,
      privilege: MACHINE,
      reservedAddress: NO_RESERVATION,
    });
    this.setSoftwareInterrupts(SUPERVISOR_INTERRUPT_BITS, 0);
  }

  /** Interrupts that are pending, by their bits in `mip`. */
  get pending(): number {
    return pendingInterrupts(Atomics.load(this.#mip, 0));
  }

  get mip(): bigint {
    return BigInt(this.pending);
  }

  /** What software has set in `mip`, lines into the hart left aside. */
  get softwareInterrupts(): number {
    return Atomics.load(this.#mip, 0) >>> 16;
  }

  /** Sets the bits in `mask` of `softwareInterrupts` to those of `bits`. */
  setSoftwareInterrupts(mask: number, bits: number): void {
    Atomics.or(this.#mip, 0, (bits & mask) << 16);
    Atomics.and(this.#mip, 0, ~((~bits & mask) << 16));
  }

  /** Lets the timer know of changes to `stimecmp` and `menvcfg.STCE`. */
  updateSupervisorTimer(): void {
    const { menvcfg, stimecmp } = this.state;
    this.environment.setSupervisorTimer(menvcfg & MENVCFG.STCE ? stimecmp : NEVER);
  }

  /** Enters the trap handler for an exception at `pc`. */
  raise(cause: number, tval: bigint): void {
    this.#enter(cause, false, tval);
  }

  /** Code of the interrupt to take now, or undefined: pending, enabled, and not masked by `mstatus`. */
  pendingInterrupt(): number | undefined {
    const { state } = this;
    const ready = this.pending & Number(state.mie);
    if (ready === 0) return undefined;
    const { privilege, mstatus } = state;
    const delegated = Number(state.mideleg);
    const unmasked = (mode: number, enable: bigint): boolean =>
      privilege < mode || (privilege === mode && (mstatus & enable) !== 0n);
    const machine = unmasked(MACHINE, MSTATUS.MIE) ? ready & ~delegated : 0;
    const supervisor = unmasked(SUPERVISOR, MSTATUS.SIE) ? ready & delegated : 0;
    const candidates = machine === 0 ? supervisor : machine;
    return PRIORITY.find((code) => candidates & (1 << code));
  }

  /** True while an interrupt is pending that `mie` enables: what ends `wfi`, whatever `mstatus` and `mideleg` say. */
  get hasWakeup(): boolean {
    return (this.pending & Number(this.state.mie)) !== 0;
  }

  /** Takes the interrupt `code`. */
  interrupt(code: number): void {
    this.#enter(code, true, 0n);
  }

  #enter(code: number, isInterrupt: boolean, tval: bigint): void {
    const { state } = this;
    const { mstatus, pc, privilege } = state;
    const cause = BigInt(code) | (isInterrupt ? INTERRUPT_FLAG : 0n);
    const delegation = isInterrupt ? state.mideleg : state.medeleg;
    let vector: bigint;
    if (privilege <= SUPERVISOR && delegation & (1n << BigInt(code))) {
      state.sepc = pc;
      state.scause = cause;
      state.stval = tval;
      const previous = (BigInt(privilege) << SPP_SHIFT) | (mstatus & MSTATUS.SIE ? MSTATUS.SPIE : 0n);
      state.mstatus = (mstatus & ~(MSTATUS.SIE | MSTATUS.SPIE | MSTATUS.SPP)) | previous;
      state.privilege = SUPERVISOR;
      vector = state.stvec;
    } else {
      state.mepc = pc;
      state.mcause = cause;
      state.mtval = tval;
      const previous = (BigInt(privilege) << MPP_SHIFT) | (mstatus & MSTATUS.MIE ? MSTATUS.MPIE : 0n);
      state.mstatus = (mstatus & ~(MSTATUS.MIE | MSTATUS.MPIE | MSTATUS.MPP)) | previous;
      state.privilege = MACHINE;
      vector = state.mtvec;
    }
    state.pc = (vector & ~3n) + (isInterrupt && vector & 1n ? BigInt(code) * 4n : 0n);
    this.environment.trapped(code, isInterrupt, pc, tval, privilege, state.privilege);
  }

  /** `mret`. */
  returnFromMachine(): void {
    const { state } = this;
    const { mstatus } = state;
    const privilege = Number((mstatus & MSTATUS.MPP) >> MPP_SHIFT);
    let next = (mstatus & ~(MSTATUS.MIE | MSTATUS.MPP)) | MSTATUS.MPIE;
    if (mstatus & MSTATUS.MPIE) next |= MSTATUS.MIE;
    if (privilege !== MACHINE) next &= ~MSTATUS.MPRV;
    state.mstatus = next;
    state.privilege = privilege;
    state.pc = state.mepc;
  }

  /** `sret`. */
  returnFromSupervisor(): void {
    const { state } = this;
    const { mstatus } = state;
    let next = (mstatus & ~(MSTATUS.SIE | MSTATUS.SPP | MSTATUS.MPRV)) | MSTATUS.SPIE;
    if (mstatus & MSTATUS.SPIE) next |= MSTATUS.SIE;
    state.mstatus = next;
    state.privilege = mstatus & MSTATUS.SPP ? SUPERVISOR : USER;
    state.pc = state.sepc;
  }
}
