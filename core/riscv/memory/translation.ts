/**
 * From virtual to physical addresses, with every check on the way (privileged manual, section "Virtual Address
 * Translation Process"). A and D are set in page tables as they must be, atomically with the checks.
 */
import { CAUSE, MACHINE, MENVCFG, MSTATUS, SUPERVISOR, Trap, USER } from '../hart.ts';
import type { HartView } from '../state.ts';
import {
  type AddressSpace,
  addressSpaceOf,
  ENTRY_BYTES,
  frameOf,
  INDEX_BITS,
  kindOf,
  PAGE_SHIFT,
  PTE,
  shiftAt,
  sizeShiftOf,
  tableOf,
} from './page-table.ts';
import { ALL, PMPCFG, Protection } from './protection.ts';

export type AccessKind = 'fetch' | 'load' | 'store';

export const PAGE_FAULT: Readonly<Record<AccessKind, number>> = {
  fetch: CAUSE.instructionPageFault,
  load: CAUSE.loadPageFault,
  store: CAUSE.storePageFault,
};
export const ACCESS_FAULT: Readonly<Record<AccessKind, number>> = {
  fetch: CAUSE.instructionAccessFault,
  load: CAUSE.loadAccessFault,
  store: CAUSE.storeAccessFault,
};
const NEEDED: Readonly<Record<AccessKind, number>> = { fetch: PMPCFG.X, load: PMPCFG.R, store: PMPCFG.W };

/** By whose rights an access is made. */
export interface AccessMode {
  readonly privilege: number;
  /** Supervisor mode may access pages of user mode. */
  readonly sum: boolean;
  /** What may be executed may be loaded. */
  readonly mxr: boolean;
}

/** The rights of loads and stores now. */
export function dataMode({ privilege, mstatus }: HartView): AccessMode {
  const isModified = privilege === MACHINE && (mstatus & MSTATUS.MPRV) !== 0n;
  return {
    privilege: isModified ? Number((mstatus & MSTATUS.MPP) >> 11n) : privilege,
    sum: (mstatus & MSTATUS.SUM) !== 0n,
    mxr: (mstatus & MSTATUS.MXR) !== 0n,
  };
}

/** The rights of instruction fetches. */
export const fetchMode = (privilege: number): AccessMode => ({ privilege, sum: false, mxr: false });

/** Physical memory as page tables lie in it. */
export interface PageTableMemory {
  /** The 8 bytes at physical `address`, a multiple of 8; undefined where no page table can lie. */
  readEntry(address: number): bigint | undefined;
  /**
   * Puts `entry` at `address` if `expected` is still there; one step to every other hart. False where it is not.
   * Absent where nothing may be changed: translation then goes on as if it had been.
   */
  replaceEntry?(address: number, expected: bigint, entry: bigint): boolean;
}

/** What holds for the page of 4 KiB that was asked about, for accesses with the same rights. */
export interface Translation {
  /** Physical address of the page. */
  readonly page: number;
  /** What may be done to it without asking again; bits of ALL. What was asked for always may. */
  readonly permissions: number;
  /** log2 of the bytes that were translated alike: what `sfence.vma` for any address among them is about. */
  readonly shift: number;
  /** Maps the same in every address space. */
  readonly global: boolean;
}

/** The index into a table at `level`, from the halves of a virtual address. */
function indexAt(low: number, high: number, level: number): number {
  const shift = shiftAt(level);
  const bits = shift < 32 ? (low >>> shift) | (high << (32 - shift)) : high >>> (shift - 32);
  return bits & ((1 << INDEX_BITS) - 1);
}

/** The low `shift` bits of an address, in whole pages. */
function pagesBelow(low: number, high: number, shift: number): number {
  const pages = low & (-1 << PAGE_SHIFT);
  if (shift < 32) return pages & ((1 << shift) - 1);
  return (pages >>> 0) + (high & ((1 << (shift - 32)) - 1)) * 2 ** 32;
}

export class Translator {
  readonly #state: HartView;
  readonly #memory: PageTableMemory;
  #space: AddressSpace;
  #protection: Protection;
  #hasTypes = false;
  #setsFlags = false;

  constructor(state: HartView, memory: PageTableMemory) {
    this.#state = state;
    this.#memory = memory;
    this.#space = addressSpaceOf(0n)!;
    this.#protection = new Protection(state);
    this.update();
  }

  /** To be called after changes to `satp`, `menvcfg` or the registers of memory protection. */
  update(): void {
    const { satp, menvcfg } = this.#state;
    this.#space = addressSpaceOf(satp)!;
    this.#protection = new Protection(this.#state);
    this.#hasTypes = (menvcfg & MENVCFG.PBMTE) !== 0n;
    this.#setsFlags = (menvcfg & MENVCFG.ADUE) !== 0n;
  }

  /** The address space that it translates by. */
  get space(): AddressSpace {
    return this.#space;
  }

  /**
   * Translates the page of `virtual`.
   * @throws Trap with `virtual` as its value where the access is not allowed
   */
  translate(virtual: bigint, kind: AccessKind, mode: AccessMode): Translation {
    if (mode.privilege !== MACHINE && this.#space.levels > 0) return this.#walk(virtual, kind, mode);
    const page = Number(virtual & (-1n << BigInt(PAGE_SHIFT)));
    return this.#protect(virtual, kind, mode, { page, permissions: ALL, shift: PAGE_SHIFT, global: false });
  }

  #walk(virtual: bigint, kind: AccessKind, mode: AccessMode): Translation {
    const { levels, root } = this.#space;
    const low = Number(BigInt.asIntN(32, virtual));
    const high = Number(BigInt.asIntN(32, virtual >> 32n));
    // Bits above those that are translated must be copies of the highest that is.
    const sign = high >> (shiftAt(levels) - 33);
    if (sign !== 0 && sign !== -1) throw new Trap(PAGE_FAULT[kind], virtual);

    let level = levels - 1;
    let table = root;
    let global = false;
    for (;;) {
      const address = table + indexAt(low, high, level) * ENTRY_BYTES;
      const entry = this.#readEntry(address);
      if (entry === undefined) throw new Trap(ACCESS_FAULT[kind], virtual);
      const entryLow = Number(BigInt.asIntN(32, entry));
      const entryHigh = Number(BigInt.asIntN(32, entry >> 32n));
      const entryKind = kindOf(entryLow, entryHigh, level, this.#hasTypes);
      if (entryKind === 'invalid') throw new Trap(PAGE_FAULT[kind], virtual);
      global ||= (entryLow & PTE.G) !== 0;
      if (entryKind === 'table') {
        table = tableOf(entryLow, entryHigh);
        level--;
        continue;
      }

      let permissions = this.#granted(entryLow, mode);
      if ((permissions & NEEDED[kind]) === 0) throw new Trap(PAGE_FAULT[kind], virtual);
      const flags = entryLow | PTE.A | (kind === 'store' ? PTE.D : 0);
      if (flags !== entryLow) {
        if (!this.#setsFlags) throw new Trap(PAGE_FAULT[kind], virtual);
        if ((this.#protection.permissions(address, SUPERVISOR) & PMPCFG.W) === 0)
          throw new Trap(ACCESS_FAULT[kind], virtual);
        if (!(this.#memory.replaceEntry?.(address, entry, entry | BigInt(flags & 0xff)) ?? true)) {
          // Somebody has changed it meanwhile: from the beginning.
          level = levels - 1;
          table = root;
          global = false;
          continue;
        }
      }
      if ((flags & PTE.D) === 0) permissions &= ~PMPCFG.W;
      const shift = sizeShiftOf(entryHigh, level);
      const page = frameOf(entryLow, entryHigh) + pagesBelow(low, high, shift);
      return this.#protect(virtual, kind, mode, { page, permissions, shift, global });
    }
  }

  /** Implicit accesses to page tables have the rights of supervisor mode. */
  #readEntry(address: number): bigint | undefined {
    if ((this.#protection.permissions(address, SUPERVISOR) & PMPCFG.R) === 0) return undefined;
    return this.#memory.readEntry(address);
  }

  /** What the flags of a leaf allow. */
  #granted(flags: number, { privilege, sum, mxr }: AccessMode): number {
    const isUsers = (flags & PTE.U) !== 0;
    const mayTouch = privilege === USER ? isUsers : !isUsers || sum;
    const mayExecute = isUsers === (privilege === USER);
    let granted = 0;
    if (mayTouch && flags & (mxr ? PTE.R | PTE.X : PTE.R)) granted |= PMPCFG.R;
    if (mayTouch && flags & PTE.W) granted |= PMPCFG.W;
    if (mayExecute && flags & PTE.X) granted |= PMPCFG.X;
    return granted;
  }

  #protect(virtual: bigint, kind: AccessKind, { privilege }: AccessMode, translation: Translation): Translation {
    const permissions = translation.permissions & this.#protection.permissions(translation.page, privilege);
    if ((permissions & NEEDED[kind]) === 0) throw new Trap(ACCESS_FAULT[kind], virtual);
    return permissions === translation.permissions ? translation : { ...translation, permissions };
  }
}

/**
 * Where `virtual` lies in physical memory, for somebody who looks at the hart from outside; undefined where a load that
 * the hart would make now would fault. The onlooker sees pages of user mode in supervisor mode, and those that may only
 * be executed, too. Nothing is changed, so any thread may ask, though a hart that runs may change what it is asked about.
 */
export function physicalAddress(
  state: HartView,
  memory: Pick<PageTableMemory, 'readEntry'>,
  virtual: bigint,
): number | undefined {
  const mode = { ...dataMode(state), sum: true, mxr: true };
  const readOnly = { readEntry: (address: number) => memory.readEntry(address) };
  try {
    const { page } = new Translator(state, readOnly).translate(virtual, 'load', mode);
    return page + Number(BigInt.asUintN(PAGE_SHIFT, virtual));
  } catch (thrown) {
    if (thrown instanceof Trap) return undefined;
    throw thrown;
  }
}
