/**
 * What a debugger does with a vCPU: stops it at addresses and accesses, and has it execute one instruction.
 *
 * Nothing in generated code asks whether there is a breakpoint: no block begins at its address or reaches over it, so that
 * control comes to the vCPU's loop in front of it. While anything is watched, blocks end behind each access, so that what
 * `Watchpoints` has found out shows before the next instruction. In both cases the guest stands between two blocks, and
 * what plugins count is what has been executed.
 */
import type { BlockCache } from '../jit/block-cache.ts';
import { UNLIMITED } from '../jit/decode-block.ts';
import { type Hart, Trap } from '../riscv/hart.ts';
import { writeRegister } from '../riscv/named-registers.ts';
import type { Mmu } from './mmu.ts';
import type { WatchHit, Watchpoint, Watchpoints } from './watchpoints.ts';

/** Where the guest is to stop. */
export interface DebugPoints {
  /** In front of instructions at these virtual addresses, in whatever address space. */
  readonly breakpoints: readonly bigint[];
  /** Behind instructions that have made such accesses. */
  readonly watchpoints: readonly Watchpoint[];
}

/** Why a vCPU has stopped: in front of a breakpoint, behind an access, after one instruction. */
export type VcpuStop =
  | { readonly reason: 'breakpoint' }
  | ({ readonly reason: 'watchpoint' } & WatchHit)
  | { readonly reason: 'step' };

/** How a vCPU begins to run. */
export type Start =
  | 'run'
  /** Executes the next instruction even if there is a breakpoint. */
  | 'pass'
  /** Executes the next instruction and stops. */
  | 'step'
  /** The same, but an interrupt that is due is taken in place of an instruction. */
  | 'step-or-interrupt';

/** The vCPU, as its debugger needs it. */
export interface DebuggedVcpu {
  readonly hart: Hart;
  readonly blocks: BlockCache;
  readonly mmu: Mmu;
  /** Runs the block at `record`, and does what its way out asks for. */
  execute(record: number): void;
  raise(trap: Trap): void;
  /** Registers have been written, or what the memory management vouches for has changed. */
  changed(): void;
  /** Does not wait for an interrupt any longer. */
  awaken(): void;
}

export class VcpuDebugger {
  readonly #watchpoints: Watchpoints;
  readonly #vcpu: DebuggedVcpu;
  #stop: VcpuStop | undefined;

  constructor(watchpoints: Watchpoints, vcpu: DebuggedVcpu) {
    this.#watchpoints = watchpoints;
    this.#vcpu = vcpu;
  }

  /** From here on the vCPU stops at these points. Between blocks. */
  setPoints({ breakpoints, watchpoints }: DebugPoints): void {
    const { blocks, mmu } = this.#vcpu;
    const watches = this.#watchpoints.any || watchpoints.length > 0;
    this.#watchpoints.set(watchpoints);
    blocks.limit({
      ...UNLIMITED,
      breakpoints: new Set(breakpoints),
      endsAtAccesses: this.#watchpoints.any,
    });
    if (!watches) return;
    mmu.watchpointsChanged();
    this.#vcpu.changed();
  }

  /** Whether there is a breakpoint at `pc`, where the vCPU is: it stops then. */
  stopsAt(pc: bigint): boolean {
    if (!this.#vcpu.blocks.isBreakpoint(pc)) return false;
    this.#stop = { reason: 'breakpoint' };
    return true;
  }

  /** Does what is to be done before the vCPU runs. A trap that the first instruction takes belongs to it. */
  start(start: Start): void {
    if (start === 'run') return;
    const { hart, blocks } = this.#vcpu;
    const isStep = start !== 'pass';
    if (isStep) {
      this.#vcpu.awaken();
      this.#stop = { reason: 'step' };
    }
    const interrupt = start === 'step-or-interrupt' ? hart.pendingInterrupt() : undefined;
    if (interrupt !== undefined) {
      hart.interrupt(interrupt);
      this.#vcpu.changed();
      return;
    }
    try {
      this.#vcpu.execute(blocks.single(hart.state.pc));
    } catch (thrown) {
      if (!(thrown instanceof Trap)) throw thrown;
      this.#vcpu.raise(thrown);
    }
  }

  /** Why the vCPU stops, if it does; once. */
  takeStop(): VcpuStop | undefined {
    const hit = this.#watchpoints.take();
    const stop = hit ? { reason: 'watchpoint' as const, ...hit } : this.#stop;
    this.#stop = undefined;
    return stop;
  }

  /** Writes a register; see `writeRegister`. Between blocks. */
  writeRegister(name: string, value: bigint): boolean {
    const written = writeRegister(this.#vcpu.hart, name, value);
    this.#vcpu.changed();
    return written;
  }
}
