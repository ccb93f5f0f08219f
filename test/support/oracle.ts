/**
 * The oracle machine: one hart and its RAM, run an instruction at a time by evaluating the IR. Slow, and meant to be
 * right at first sight; every other way of running guest code is tested against it.
 *
 * Where the manuals leave a choice, it makes the one that all engines here share. Plain loads and stores need no
 * alignment; atomics do, and fault otherwise. A store-conditional stores if its address is the reserved one and memory
 * still holds what the load-reserved found; it ends the reservation either way, a trap does not.
 */
import { Builder } from '../../core/ir/builder.ts';
import { type EvaluationTarget, evaluate } from '../../core/ir/eval.ts';
import type { AccessBytes } from '../../core/ir/ops.ts';
import { verify } from '../../core/ir/verify.ts';
import { decode, lengthOf } from '../../core/riscv/decode.ts';
import { DOORS, illegalInstruction } from '../../core/riscv/doors.ts';
import { CAUSE, Hart, Trap } from '../../core/riscv/hart.ts';
import { HartState, NO_RESERVATION } from '../../core/riscv/state.ts';

export const RAM_START = 0x8000_0000n;

/** What stands where there is no RAM. Undefined and false: nothing does. */
export interface OracleDevices {
  read(address: bigint, bytes: AccessBytes): bigint | undefined;
  write(address: bigint, bytes: AccessBytes, value: bigint): boolean;
}

export interface OracleOptions {
  /** RAM starts at RAM_START. */
  readonly ramBytes: number;
  /** Goes to `pc`, where the hart starts. */
  readonly code: Uint8Array;
  readonly pc?: bigint;
  readonly hartId?: number;
  readonly devices?: OracleDevices;
  /** The `time` CSR. */
  readonly time?: () => bigint;
}

export interface TakenTrap {
  readonly cause: number;
  readonly interrupt: boolean;
  readonly epc: bigint;
  readonly tval: bigint;
}

type AccessKind = 'fetch' | 'load' | 'store';

const FAULT: Record<AccessKind, number> = {
  fetch: CAUSE.instructionAccessFault,
  load: CAUSE.loadAccessFault,
  store: CAUSE.storeAccessFault,
};
const MISALIGNED = { load: CAUSE.loadAddressMisaligned, store: CAUSE.storeAddressMisaligned };

export class Oracle {
  readonly hart: Hart;
  readonly ram: Uint8Array;
  /** Instructions that were begun (those that trap too), and loads and stores that were completed. */
  readonly counts = { instructions: 0, loads: 0, stores: 0 };
  /** Every trap taken, the first one first. */
  readonly traps: TakenTrap[] = [];
  /** By the numbers that instructions use. */
  readonly #registers: BigUint64Array;
  readonly #devices: OracleDevices | undefined;
  #waiting = false;

  constructor({ ramBytes, code, pc = RAM_START, hartId = 0, devices, time = () => 0n }: OracleOptions) {
    this.#devices = devices;
    this.ram = new Uint8Array(ramBytes);
    this.ram.set(code, Number(pc - RAM_START));
    const words = new ArrayBuffer(HartState.size);
    this.#registers = new BigUint64Array(words);
    this.hart = new Hart(words, 0, {
      index: hartId,
      time,
      fenceI: () => {},
      waitForInterrupt: () => {
        this.#waiting = true;
      },
      trapped: (cause, interrupt, epc, tval) => this.traps.push({ cause, interrupt, epc, tval }),
    });
    this.hart.reset(pc);
  }

  /** It executed `wfi`, and nothing has woken it up. */
  get waiting(): boolean {
    return this.#waiting && !this.hart.hasWakeup;
  }

  /** Takes the interrupt that is due, if one is; then begins one instruction, unless the hart waits. */
  step(): void {
    if (this.waiting) return;
    this.#waiting = false;
    const { hart } = this;
    const interrupt = hart.pendingInterrupt();
    if (interrupt !== undefined) hart.interrupt(interrupt);
    try {
      this.#execute();
      hart.state.minstret++;
    } catch (thrown) {
      if (!(thrown instanceof Trap)) throw thrown;
      hart.raise(thrown.cause, thrown.tval);
    }
  }

  /**
   * Steps `stepsMax` times, or until the hart waits, or stands before the instruction at `end`.
   * @returns whether it reached `end`
   */
  run(stepsMax: number, end?: bigint): boolean {
    for (let step = 0; this.hart.state.pc !== end; step++) {
      if (step === stepsMax || this.waiting) return false;
      this.step();
    }
    return true;
  }

  #execute(): void {
    const { hart, counts } = this;
    const { state } = hart;
    const pc = state.pc;
    const halfword = Number(this.#fetch(pc, pc));
    const length = lengthOf(halfword);
    const raw = length === 2 ? halfword : halfword + Number(this.#fetch(pc + 2n, pc)) * 0x10000;
    counts.instructions++;
    const decoded = decode(raw);
    if (!decoded) throw illegalInstruction(raw);

    const builder = new Builder({ pc, length });
    decoded.instruction.meaning(builder, decoded.operands);
    const fragment = builder.finish();
    verify(fragment);
    const outcome = evaluate(fragment, this.#target(pc, BigInt.asUintN(64, pc + BigInt(length))));
    if (outcome === 'illegal') throw illegalInstruction(raw);
    if ('pc' in outcome) state.pc = outcome.pc;
    else DOORS[outcome.door]!(hart, decoded);
  }

  #target(pc: bigint, next: bigint): EvaluationTarget {
    const { hart, counts } = this;
    const { state } = hart;
    return {
      pc,
      next,
      get: (register) => this.#registers[register]!,
      set: (register, value) => {
        if (register !== 0) this.#registers[register] = value;
      },
      load: (address, bytes) => {
        const value = this.#load(address, bytes);
        counts.loads++;
        return value;
      },
      store: (address, bytes, value) => {
        this.#store(address, bytes, value);
        counts.stores++;
      },
      amo: (address, bytes, update) => {
        const at = this.#atomic(address, bytes, 'store');
        const old = this.#read(at, bytes);
        this.#write(at, bytes, update(old));
        counts.loads++;
        counts.stores++;
        return old;
      },
      raise: (flags) => {
        state.fflags |= BigInt(flags);
      },
      touch: (address, bytes) => {
        const missing = this.#missing(address, bytes);
        if (missing !== undefined) throw new Trap(FAULT.store, missing);
      },
      loadReserved: (address, bytes) => {
        const value = this.#read(this.#atomic(address, bytes, 'load'), bytes);
        state.reservedAddress = address;
        state.reservedValue = value;
        counts.loads++;
        return value;
      },
      storeConditional: (address, bytes, value) => {
        const at = this.#atomic(address, bytes, 'store');
        const stores = state.reservedAddress === address && this.#read(at, bytes) === state.reservedValue;
        state.reservedAddress = NO_RESERVATION;
        if (!stores) return false;
        this.#write(at, bytes, value);
        counts.stores++;
        return true;
      },
    };
  }

  /** The halfword at `address`, for the instruction at `pc`. */
  #fetch(address: bigint, pc: bigint): bigint {
    if (this.#missing(address, 2) !== undefined) throw new Trap(FAULT.fetch, pc);
    return this.#read(Number(address - RAM_START), 2);
  }

  #load(address: bigint, bytes: AccessBytes): bigint {
    const missing = this.#missing(address, bytes);
    if (missing === undefined) return this.#read(Number(address - RAM_START), bytes);
    const value = this.#devices?.read(address, bytes);
    if (value === undefined) throw new Trap(FAULT.load, missing);
    return value;
  }

  #store(address: bigint, bytes: AccessBytes, value: bigint): void {
    const missing = this.#missing(address, bytes);
    if (missing === undefined) this.#write(Number(address - RAM_START), bytes, value);
    else if (bytes > 8 || !this.#devices?.write(address, bytes, value)) throw new Trap(FAULT.store, missing);
  }

  /** Where in RAM an atomic access takes place: devices know none. */
  #atomic(address: bigint, bytes: AccessBytes, kind: 'load' | 'store'): number {
    if (address % BigInt(bytes) !== 0n) throw new Trap(MISALIGNED[kind], address);
    const missing = this.#missing(address, bytes);
    if (missing !== undefined) throw new Trap(FAULT[kind], missing);
    return Number(address - RAM_START);
  }

  /** The first byte of the access that is not in RAM. */
  #missing(address: bigint, bytes: number): bigint | undefined {
    const end = RAM_START + BigInt(this.ram.length);
    for (let offset = 0n; offset < bytes; offset++) {
      const byte = BigInt.asUintN(64, address + offset);
      if (byte < RAM_START || byte >= end) return byte;
    }
    return undefined;
  }

  #read(at: number, bytes: number): bigint {
    let value = 0n;
    for (let offset = bytes - 1; offset >= 0; offset--) value = (value << 8n) | BigInt(this.ram[at + offset]!);
    return value;
  }

  #write(at: number, bytes: number, value: bigint): void {
    for (let offset = 0; offset < bytes; offset++)
      this.ram[at + offset] = Number((value >> BigInt(offset * 8)) & 0xffn);
  }
}

export const createOracle = (options: OracleOptions): Oracle => new Oracle(options);
