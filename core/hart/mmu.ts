/**
 * A vCPU's memory management: translates by the hart's rules, and remembers what it has found out. What data accesses
 * may do is remembered in the softTLB, in one bank for each way in which their rights differ, so that going to and fro
 * between the modes forgets nothing. Instruction fetches are remembered by whoever translates code.
 */
import type { CodePages } from '../jit/code-pages.ts';
import type { FetchedPage } from '../jit/code-space.ts';
import { type Layout, PAGE_BYTES, TLB_BANKS } from '../memory/layout.ts';
import type { PhysicalMemory } from '../memory/physical.ts';
import { Tlb } from '../memory/tlb.ts';
import { type Invalidation, MACHINE, Trap, USER } from '../riscv/hart.ts';
import { PMPCFG } from '../riscv/memory/protection.ts';
import {
  ACCESS_FAULT,
  type AccessMode,
  dataMode,
  fetchMode,
  type PageTableMemory,
  type Translation,
  Translator,
} from '../riscv/memory/translation.ts';
import type { HartView } from '../riscv/state.ts';
import type { Watchpoints } from './watchpoints.ts';

/** Banks of the TLB, by whose rights accesses have. */
export const BANK = {
  machine: 0,
  supervisor: 1,
  /** With SUM: Linux sets it around each copy to or from a user. */
  supervisorAndUser: 2,
  user: 3,
  /** With MXR, for one mode at a time: firmware sets it to read the instruction that trapped. */
  executable: 4,
} as const;
if (Object.keys(BANK).length !== TLB_BANKS) throw new Error('the layout has another number of TLB banks');

function bankOf({ privilege, sum, mxr }: AccessMode): number {
  if (privilege === MACHINE) return BANK.machine;
  if (mxr) return BANK.executable;
  if (privilege === USER) return BANK.user;
  return sum ? BANK.supervisorAndUser : BANK.supervisor;
}

export interface MmuParts {
  readonly buffer: SharedArrayBuffer;
  readonly layout: Layout;
  readonly index: number;
  readonly hart: HartView;
  readonly physical: PhysicalMemory;
  readonly codePages: CodePages;
  readonly watchpoints: Watchpoints;
}

export class Mmu implements PageTableMemory {
  readonly #parts: MmuParts;
  readonly #tlb: Tlb;
  readonly #entries: BigInt64Array;
  readonly #translator: Translator;
  #mode: AccessMode;
  #bank = 0;
  /** Memory protection holds for machine mode too. */
  #locked = false;
  /** What the bank for MXR is about. */
  #executable: AccessMode | undefined;

  constructor(parts: MmuParts) {
    this.#parts = parts;
    this.#tlb = new Tlb(parts.buffer, parts.layout, parts.index);
    this.#entries = new BigInt64Array(parts.buffer);
    this.#translator = new Translator(parts.hart, this);
    this.#mode = dataMode(parts.hart);
    this.reset();
  }

  /** The hart has been reset. */
  reset(): void {
    this.#update();
    this.#tlb.clear();
    this.modeChanged();
  }

  /** To be called after each change of privilege or `mstatus`, before the next access. */
  modeChanged(): void {
    const mode = dataMode(this.#parts.hart);
    this.#mode = mode;
    this.#bank = bankOf(mode);
    if (this.#bank !== BANK.executable) return;
    const last = this.#executable;
    if (last?.privilege !== mode.privilege || last.sum !== mode.sum) this.#tlb.clearBank(BANK.executable);
    this.#executable = mode;
  }

  /** Data accesses go where their addresses say: machine mode, with nothing that restricts it, and nobody watching. */
  get isPhysical(): boolean {
    return this.#bank === BANK.machine && !this.#locked && !this.#parts.watchpoints.any;
  }

  /** Memory address of the bank that vouches for accesses with the rights of now. */
  get tlbAddress(): number {
    return this.#tlb.addressOf(this.#bank);
  }

  /**
   * Translates the address of a load or store, with the rights of now.
   * @throws Trap
   */
  translate(virtual: bigint, kind: 'load' | 'store'): Translation {
    return this.#translator.translate(virtual, kind, this.#mode);
  }

  /**
   * Lets generated code access the page by itself.
   * @param page guest address of the page, translated just now
   * @param host where it lies in the shared memory
   * @param writable whether stores need no look at it
   */
  vouch(page: bigint, translation: Translation, host: number, writable: boolean): void {
    const { permissions, shift, global } = translation;
    const { watchpoints } = this.#parts;
    const read = (permissions & PMPCFG.R) !== 0 && !watchpoints.covers(page, 'load');
    const write = writable && (permissions & PMPCFG.W) !== 0 && !watchpoints.covers(page, 'store');
    this.#tlb.fill(this.#bank, page, { host, read, write, shift, global });
  }

  /** Other addresses are watched: what has been vouched for is forgotten. `modeChanged` is to be called after it. */
  watchpointsChanged(): void {
    this.#tlb.clear();
  }

  /**
   * Where the page of `virtual` lies for instruction fetches in a mode.
   * @throws Trap
   */
  fetch(virtual: bigint, privilege: number): FetchedPage {
    const { page, shift, global } = this.#translator.translate(virtual, 'fetch', fetchMode(privilege));
    const host = this.#parts.physical.locate(page, PAGE_BYTES);
    if (host < 0) throw new Trap(ACCESS_FAULT.fetch, virtual);
    return { host, shift, global };
  }

  /**
   * Forgets what is not valid any more. What machine mode may do depends on memory protection alone.
   * @returns false where the change is about another address space than the one that anything is remembered of
   */
  translationChanged({ address, asid }: Invalidation): boolean {
    if (asid !== undefined && asid !== this.#translator.space.asid) return false;
    if (address === undefined && asid === undefined) this.#tlb.clear();
    else this.#tlb.forget(BANK.machine, address, asid === undefined);
    // What is said of one address is that its tables have changed, and nothing else.
    if (address === undefined) this.#update();
    return true;
  }

  #update(): void {
    this.#translator.update();
    this.#locked = this.#parts.hart.pmpcfg.some((entry) => (entry & PMPCFG.L) !== 0);
  }

  /** Page tables lie in RAM. */
  #locateEntry(address: number): number {
    const region = this.#parts.physical.region(address, 8);
    return region?.writable ? region.host + (address - region.address) : -1;
  }

  readEntry(address: number): bigint | undefined {
    const at = this.#locateEntry(address);
    return at < 0 ? undefined : BigInt.asUintN(64, Atomics.load(this.#entries, at >>> 3));
  }

  replaceEntry(address: number, expected: bigint, entry: bigint): boolean {
    const at = this.#locateEntry(address);
    const signed = (value: bigint): bigint => BigInt.asIntN(64, value);
    const found = this.#parts.codePages.write(at, () =>
      Atomics.compareExchange(this.#entries, at >>> 3, signed(expected), signed(entry)),
    );
    return found === signed(expected);
  }
}
