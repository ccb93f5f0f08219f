/**
 * The oracle machine: one hart and its RAM, run an instruction at a time by evaluating the IR. Slow, and meant to be
 * right at first sight; every other way of running guest code is tested against it.
 *
 * Its translation of addresses is its own, and follows the manual step by step. Where the manuals leave a choice, it
 * makes the one that all engines here share. Plain loads and stores need no alignment; atomics do, and fault otherwise. A
 * store-conditional stores if its address is the reserved one and memory still holds what the load-reserved found; it
 * ends the reservation either way, a trap does not.
 */
import { Builder } from '../../core/ir/builder.ts';
import { type EvaluationTarget, evaluate } from '../../core/ir/eval.ts';
import type { AccessBytes, Fragment } from '../../core/ir/ops.ts';
import { verify } from '../../core/ir/verify.ts';
import { type Decoded, decode, lengthOf } from '../../core/riscv/decode.ts';
import { DOORS, illegalInstruction } from '../../core/riscv/doors.ts';
import { CAUSE, Hart, MACHINE, MENVCFG, MSTATUS, SUPERVISOR, Trap, USER } from '../../core/riscv/hart.ts';
import { HartState, NO_RESERVATION } from '../../core/riscv/state.ts';

export const RAM_START = 0x8000_0000n;

/** What stands at physical addresses where there is no RAM. Undefined and false: nothing does. */
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
  /** Told when to raise the supervisor timer interrupt; see HartEnvironment. */
  readonly setSupervisorTimer?: (deadline: bigint) => void;
}

export interface TakenTrap {
  readonly cause: number;
  readonly interrupt: boolean;
  readonly epc: bigint;
  readonly tval: bigint;
}

type AccessKind = 'fetch' | 'load' | 'store';

const ACCESS_FAULT: Record<AccessKind, number> = {
  fetch: CAUSE.instructionAccessFault,
  load: CAUSE.loadAccessFault,
  store: CAUSE.storeAccessFault,
};
const PAGE_FAULT: Record<AccessKind, number> = {
  fetch: CAUSE.instructionPageFault,
  load: CAUSE.loadPageFault,
  store: CAUSE.storePageFault,
};
const MISALIGNED = { load: CAUSE.loadAddressMisaligned, store: CAUSE.storeAddressMisaligned };

const PAGE_BYTES = 4096n;
/** Levels of page tables by `satp.MODE`. */
const LEVELS: Readonly<Record<string, bigint>> = { 8: 3n, 9: 4n, 10: 5n };

/** Bits `high` to `low` of `value`. */
const bits = (value: bigint, high: bigint, low: bigint): bigint => (value >> low) & ((1n << (high - low + 1n)) - 1n);

/** Flags of a page-table entry, most significant first, as the manual draws them. */
const flagsOf = (entry: bigint) => {
  const [D, A, G, U, X, W, R, V] = bits(entry, 7n, 0n).toString(2).padStart(8, '0').split('').map(Number) as number[];
  return { D, A, G, U, X, W, R, V };
};

/** What stands at some address, and what it means there. */
interface Known {
  readonly raw: number;
  readonly decoded: Decoded;
  readonly fragment: Fragment;
}

/** Some bytes of an access that lie on one page. */
interface Part {
  readonly virtual: bigint;
  readonly physical: bigint;
  readonly bytes: number;
}

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
  /** Meanings that have been found out already, by pc. */
  readonly #known = new Map<bigint, Known>();
  #waiting = false;

  constructor(options: OracleOptions) {
    const { ramBytes, code, pc = RAM_START, hartId = 0, devices, time = () => 0n } = options;
    this.#devices = devices;
    this.ram = new Uint8Array(ramBytes);
    this.ram.set(code, Number(pc - RAM_START));
    const words = new ArrayBuffer(HartState.size);
    this.#registers = new BigUint64Array(words);
    this.hart = new Hart(words, 0, {
      index: hartId,
      time,
      setSupervisorTimer: options.setSupervisorTimer ?? (() => {}),
      fenceI: () => {},
      // It remembers no translation.
      translationChanged: () => {},
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
    const halfword = Number(this.#fetch(pc));
    const length = lengthOf(halfword);
    const raw = length === 2 ? halfword : halfword + Number(this.#fetch(BigInt.asUintN(64, pc + 2n))) * 0x10000;
    counts.instructions++;
    const { decoded, fragment } = this.#meaning(pc, raw, length);
    const outcome = evaluate(fragment, this.#target(pc, BigInt.asUintN(64, pc + BigInt(length))));
    if (outcome === 'illegal') throw illegalInstruction(raw);
    if ('pc' in outcome) state.pc = outcome.pc;
    else DOORS[outcome.door]!(hart, decoded);
  }

  #meaning(pc: bigint, raw: number, length: number): Known {
    const known = this.#known.get(pc);
    if (known?.raw === raw) return known;
    const decoded = decode(raw);
    if (!decoded) throw illegalInstruction(raw);
    const builder = new Builder({ pc, length });
    decoded.instruction.meaning(builder, decoded.operands);
    const fragment = builder.finish();
    verify(fragment);
    const found = { raw, decoded, fragment };
    this.#known.set(pc, found);
    return found;
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
        try {
          this.#inRam(this.#partsOf(address, bytes, 'load')[0]!, 'load');
        } catch (thrown) {
          if (!(thrown instanceof Trap)) throw thrown;
          // Told as of a store: the codes of stores are two behind those of loads.
          throw new Trap(thrown.cause + 2, thrown.tval);
        }
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

  /** The halfword at `address`. */
  #fetch(address: bigint): bigint {
    const physical = this.#translate(address, 'fetch');
    if (!this.#isRam(physical, 2)) throw new Trap(ACCESS_FAULT.fetch, address);
    return this.#read(Number(physical - RAM_START), 2);
  }

  #load(address: bigint, bytes: AccessBytes): bigint {
    const parts = this.#partsOf(address, bytes, 'load');
    if (parts.length === 1 && !this.#isRam(parts[0]!.physical, bytes)) {
      const value = this.#devices?.read(parts[0]!.physical, bytes);
      if (value === undefined) throw new Trap(ACCESS_FAULT.load, address);
      return value;
    }
    return parts
      .map((part) => this.#read(this.#inRam(part, 'load'), part.bytes))
      .reduceRight((value, part, index) => (value << BigInt(parts[index]!.bytes * 8)) | part, 0n);
  }

  #store(address: bigint, bytes: AccessBytes, value: bigint): void {
    const parts = this.#partsOf(address, bytes, 'store');
    if (parts.length === 1 && !this.#isRam(parts[0]!.physical, bytes)) {
      if (bytes > 8 || !this.#devices?.write(parts[0]!.physical, bytes, value))
        throw new Trap(ACCESS_FAULT.store, address);
      return;
    }
    const places = parts.map((part) => this.#inRam(part, 'store'));
    let rest = value;
    for (const [index, { bytes: count }] of parts.entries()) {
      this.#write(places[index]!, count, rest);
      rest >>= BigInt(count * 8);
    }
  }

  /** Where in RAM an atomic access takes place: devices know none. */
  #atomic(address: bigint, bytes: AccessBytes, kind: 'load' | 'store'): number {
    if (address % BigInt(bytes) !== 0n) throw new Trap(MISALIGNED[kind], address);
    return this.#inRam(this.#partsOf(address, bytes, kind)[0]!, kind);
  }

  #partsOf(address: bigint, bytes: number, kind: AccessKind): readonly Part[] {
    const first = Math.min(bytes, Number(PAGE_BYTES - (address % PAGE_BYTES)));
    const part = (virtual: bigint, count: number): Part => ({
      virtual,
      physical: this.#translate(virtual, kind),
      bytes: count,
    });
    if (first === bytes) return [part(address, bytes)];
    return [part(address, first), part(BigInt.asUintN(64, address + BigInt(first)), bytes - first)];
  }

  #inRam({ virtual, physical, bytes }: Part, kind: AccessKind): number {
    if (!this.#isRam(physical, bytes)) throw new Trap(ACCESS_FAULT[kind], virtual);
    return Number(physical - RAM_START);
  }

  #isRam(physical: bigint, bytes: number): boolean {
    return physical >= RAM_START && physical + BigInt(bytes) <= RAM_START + BigInt(this.ram.length);
  }

  /** Section "Virtual Address Translation Process", with Svadu, Svnapot and Svpbmt; then memory protection. */
  #translate(va: bigint, kind: AccessKind): bigint {
    const { mstatus, satp, menvcfg, privilege: current } = this.hart.state;
    const isModified = kind !== 'fetch' && current === MACHINE && (mstatus & MSTATUS.MPRV) !== 0n;
    const privilege = isModified ? Number(bits(mstatus, 12n, 11n)) : current;
    const pageFault = new Trap(PAGE_FAULT[kind], va);
    const accessFault = new Trap(ACCESS_FAULT[kind], va);
    const right = { fetch: 4, load: 1, store: 2 }[kind];
    const checked = (pa: bigint): bigint => {
      if ((this.#protection(pa, privilege) & right) === 0) throw accessFault;
      return pa;
    };
    const levels = LEVELS[Number(satp >> 60n)];
    if (privilege === MACHINE || levels === undefined) return checked(va);

    const vaBits = 12n + 9n * levels;
    if (BigInt.asUintN(64, BigInt.asIntN(Number(vaBits), va)) !== va) throw pageFault;
    let a = bits(satp, 43n, 0n) * PAGE_BYTES;
    for (let i = levels - 1n; ; i--) {
      const at = a + bits(va, 20n + 9n * i, 12n + 9n * i) * 8n;
      if (!this.#isRam(at, 8) || (this.#protection(at, SUPERVISOR) & 1) === 0) throw accessFault;
      const pte = this.#read(Number(at - RAM_START), 8);
      const { D, A, U, X, W, R, V } = flagsOf(pte);
      const ppn = bits(pte, 53n, 10n);
      const n = bits(pte, 63n, 63n);
      const pbmt = bits(pte, 62n, 61n);
      if (!V || (!R && W) || bits(pte, 60n, 54n) !== 0n) throw pageFault;
      if (pbmt === 3n || (pbmt !== 0n && (menvcfg & MENVCFG.PBMTE) === 0n)) throw pageFault;
      if (!R && !X) {
        if (D || A || U || n !== 0n || pbmt !== 0n || i === 0n) throw pageFault;
        a = ppn * PAGE_BYTES;
        continue;
      }
      const isReadable = R || (mstatus & MSTATUS.MXR && X);
      if (!{ fetch: X, load: isReadable, store: W }[kind]) throw pageFault;
      if (privilege === USER && !U) throw pageFault;
      if (privilege === SUPERVISOR && U && (kind === 'fetch' || (mstatus & MSTATUS.SUM) === 0n)) throw pageFault;
      if (ppn % (1n << (9n * i)) !== 0n) throw pageFault;
      if (n !== 0n && (i > 0n || bits(ppn, 3n, 0n) !== 8n)) throw pageFault;
      if (!A || (kind === 'store' && !D)) {
        if ((menvcfg & MENVCFG.ADUE) === 0n) throw pageFault;
        if ((this.#protection(at, SUPERVISOR) & 2) === 0) throw accessFault;
        this.#write(Number(at - RAM_START), 8, pte | 0x40n | (kind === 'store' ? 0x80n : 0n));
      }
      const offsetBits = n === 0n ? 12n + 9n * i : 16n;
      const mask = (1n << offsetBits) - 1n;
      return checked(((ppn * PAGE_BYTES) & ~mask) | (va & mask));
    }
  }

  /** Section "Physical Memory Protection": what the first entry that matches allows; R, W, X are 1, 2, 4. */
  #protection(pa: bigint, privilege: number): number {
    const { pmpcfg, pmpaddr } = this.hart.state;
    const page = pa >> 12n;
    for (const [index, config] of pmpcfg.entries()) {
      if (config === 0) continue;
      const address = pmpaddr[index] as bigint;
      const below = index === 0 ? 0n : (pmpaddr[index - 1] as bigint);
      let matches = false;
      if (bits(BigInt(config), 4n, 3n) === 1n) matches = page >= below >> 10n && page < address >> 10n;
      if (bits(BigInt(config), 4n, 3n) === 3n) {
        // Ones at the low end and the zero above them say how large it is; nine ones are always there.
        const low = address | 0x1ffn;
        const size = low ^ (low + 1n);
        matches = ((pa >> 2n) | size) === (low | size);
      }
      if (matches) return privilege === MACHINE && config < 0x80 ? 7 : config & 7;
    }
    return privilege === MACHINE ? 7 : 0;
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
