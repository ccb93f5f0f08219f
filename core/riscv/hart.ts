/**
 * A hart's behaviour between instructions: traps, interrupts, privilege (privileged manual, chapter "Machine-Level
 * ISA"). It works on the state in memory and knows neither how instructions are run nor what lies on the bus.
 */
import { HartState, type HartView, NO_RESERVATION } from './state.ts';

export const USER = 0;
export const MACHINE = 3;

/** Exception codes of `mcause`. */
export const CAUSE = {
  instructionAccessFault: 1,
  illegalInstruction: 2,
  breakpoint: 3,
  loadAddressMisaligned: 4,
  loadAccessFault: 5,
  storeAddressMisaligned: 6,
  storeAccessFault: 7,
  environmentCallFromUser: 8,
  environmentCallFromMachine: 11,
} as const;

/** Interrupt codes of `mcause`, which are also their bits in `mip` and `mie`. */
export const INTERRUPT = { machineSoftware: 3, machineTimer: 7, machineExternal: 11 } as const;
/** From the highest priority to the lowest. */
const PRIORITY = [INTERRUPT.machineExternal, INTERRUPT.machineSoftware, INTERRUPT.machineTimer];
export const INTERRUPT_BITS = PRIORITY.reduce((bits, code) => bits | (1 << code), 0);
const INTERRUPT_FLAG = 1n << 63n;

/** Fields of `mstatus`. */
export const MSTATUS = {
  MIE: 1n << 3n,
  MPIE: 1n << 7n,
  MPP: 3n << 11n,
  FS: 3n << 13n,
  MPRV: 1n << 17n,
  TW: 1n << 21n,
  UXL: 2n << 32n,
  SD: 1n << 63n,
} as const;
const MPP_SHIFT = 11n;

/** Fields of `menvcfg`. */
export const MENVCFG = { FIOM: 1n, CBIE: 3n << 4n, CBCFE: 1n << 6n, CBZE: 1n << 7n } as const;

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

/** What a hart needs of the world around it. */
export interface HartEnvironment {
  readonly index: number;
  /** The `time` CSR: ticks of mtime. */
  time(): bigint;
  /** The hart executed `fence.i`: stores seen so far must be seen by its instruction fetches. */
  fenceI(): void;
  /** The hart waits for an interrupt. Returns at once; the caller of the hart sleeps if it likes. */
  waitForInterrupt(): void;
  /** Called for each trap, when state is already that of the handler. */
  trapped(cause: number, interrupt: boolean, epc: bigint, tval: bigint): void;
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

  /** State after reset; the registers of instructions too are zero. @param pc the reset vector */
  reset(pc: bigint): void {
    const { state } = this;
    state.x.fill(0n);
    state.f.fill(0n);
    Object.assign(state, {
      fflags: 0n,
      frm: 0n,
      pc,
      minstret: 0n,
      mcycleOffset: 0n,
      mstatus: MSTATUS.UXL,
      mie: 0n,
      mtvec: 0n,
      mscratch: 0n,
      mepc: 0n,
      mcause: 0n,
      mtval: 0n,
      mcounteren: 0n,
      menvcfg: 0n,
      privilege: MACHINE,
      reservedAddress: NO_RESERVATION,
    });
  }

  get mip(): bigint {
    return BigInt(Atomics.load(this.#mip, 0));
  }

  /** Enters the trap handler for an exception at `pc`. */
  raise(cause: number, tval: bigint): void {
    this.#enter(BigInt(cause), tval, 0n);
  }

  /** Code of the interrupt to take now, or undefined: pending, enabled, and not masked by `mstatus`. */
  pendingInterrupt(): number | undefined {
    const { state } = this;
    const ready = Atomics.load(this.#mip, 0) & Number(state.mie);
    if (ready === 0) return undefined;
    if (state.privilege === MACHINE && (state.mstatus & MSTATUS.MIE) === 0n) return undefined;
    return PRIORITY.find((code) => ready & (1 << code));
  }

  /** True while an interrupt is pending that `mie` enables: what ends `wfi`, whatever `mstatus` says. */
  get hasWakeup(): boolean {
    return (Atomics.load(this.#mip, 0) & Number(this.state.mie)) !== 0;
  }

  /** Takes the interrupt `code`. */
  interrupt(code: number): void {
    this.#enter(INTERRUPT_FLAG | BigInt(code), 0n, BigInt(code) * 4n);
  }

  #enter(cause: bigint, tval: bigint, vector: bigint): void {
    const { state } = this;
    const { mstatus, mtvec, pc } = state;
    state.mepc = pc;
    state.mcause = cause;
    state.mtval = tval;
    const previous = (BigInt(state.privilege) << MPP_SHIFT) | (mstatus & MSTATUS.MIE ? MSTATUS.MPIE : 0n);
    state.mstatus = (mstatus & ~(MSTATUS.MIE | MSTATUS.MPIE | MSTATUS.MPP)) | previous;
    state.privilege = MACHINE;
    state.pc = (mtvec & ~3n) + (mtvec & 1n ? vector : 0n);
    this.environment.trapped(Number(cause & 0xffn), cause >= INTERRUPT_FLAG, pc, tval);
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
}
