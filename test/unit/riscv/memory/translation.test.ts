import { describe, expect, test } from 'vitest';
import { CAUSE, MACHINE, MENVCFG, MSTATUS, SUPERVISOR, Trap, USER } from '../../../../core/riscv/hart.ts';
import { PTE } from '../../../../core/riscv/memory/page-table.ts';
import {
  type AccessKind,
  type AccessMode,
  dataMode,
  PAGE_FAULT,
  physicalAddress,
  type Translation,
  Translator,
} from '../../../../core/riscv/memory/translation.ts';
import { HartState, type HartView } from '../../../../core/riscv/state.ts';
import { openMemory } from '../../../support/guest.ts';
import { entryOf, MODE, PageTables } from '../../../support/page-tables.ts';

const { V, R, W, X, U, G, A, D } = PTE;
const LEAF = V | R | W | X | A | D;
const KINDS: readonly AccessKind[] = ['fetch', 'load', 'store'];
const FRAME = 0x9_8765_4000n;
const N = 1n << 63n;

const modeOf = (privilege: number, options: Partial<AccessMode> = {}): AccessMode => ({
  privilege,
  sum: false,
  mxr: false,
  ...options,
});
const S = modeOf(SUPERVISOR);

function stateWith(fields: Partial<HartView> = {}): HartView {
  const state = HartState.view(new ArrayBuffer(HartState.size), 0);
  openMemory(state);
  return Object.assign(state, { menvcfg: MENVCFG.ADUE | MENVCFG.PBMTE, ...fields });
}

function translator(tables: PageTables, fields: Partial<HartView> = {}): Translator {
  return new Translator(stateWith({ satp: tables.satp(), ...fields }), tables);
}

/** The cause of the trap that it throws; undefined if it does not. */
function causeOf(work: () => unknown): number | undefined {
  try {
    work();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Trap) return thrown.cause;
    throw thrown;
  }
}

/** For fetch, load and store in turn: the cause of the fault, or 0 where there is none. */
const faults = (translate: (kind: AccessKind) => Translation): readonly number[] =>
  KINDS.map((kind) => causeOf(() => translate(kind)) ?? 0);
const NONE = [0, 0, 0];
const ALL_PAGE_FAULTS = Object.values(PAGE_FAULT);
const ALL_ACCESS_FAULTS = [CAUSE.instructionAccessFault, CAUSE.loadAccessFault, CAUSE.storeAccessFault];

describe.each(Object.keys(MODE) as (keyof typeof MODE)[])('%s', (mode) => {
  const levels = { sv39: 3, sv48: 4, sv57: 5 }[mode];
  const bits = BigInt(12 + 9 * levels);
  /** A number of pages with a different index at each level, and its highest bit set. */
  const VIRTUAL = BigInt.asUintN(64, BigInt.asIntN(Number(bits), 0o677_123_234_345_456_0000n | (1n << (bits - 1n))));

  test('walks all levels', () => {
    const tables = new PageTables(mode);
    tables.put(VIRTUAL, 0, entryOf(FRAME, LEAF));
    expect(translator(tables).translate(VIRTUAL + 0x123n, 'load', S)).toEqual({
      page: Number(FRAME),
      permissions: 7,
      shift: 12,
      global: false,
    });
  });

  test.each(Array.from({ length: levels - 1 }, (_, index) => index + 1))('has leaves at level %i', (level) => {
    const tables = new PageTables(mode);
    const shift = BigInt(12 + 9 * level);
    const frame = 3n << shift;
    tables.put(VIRTUAL, level, entryOf(frame, LEAF));
    expect(translator(tables).translate(VIRTUAL, 'store', S)).toMatchObject({
      page: Number(frame | (VIRTUAL & ((1n << shift) - 4096n))),
      shift: Number(shift),
    });
    // Its page number must be a multiple of its size.
    tables.put(VIRTUAL, level, entryOf(frame | (1n << (shift - 1n)), LEAF));
    expect(faults((kind) => translator(tables).translate(VIRTUAL, kind, S))).toEqual(ALL_PAGE_FAULTS);
  });

  test('takes no address whose high bits are not all like the highest one that is translated', () => {
    const tables = new PageTables(mode);
    const translate = (virtual: bigint) => faults((kind) => translator(tables).translate(virtual, kind, S));
    for (const virtual of [0n, (1n << (bits - 1n)) - 4096n]) {
      tables.put(virtual, levels - 1, entryOf(0n, LEAF));
      const high = BigInt.asUintN(64, ~virtual);
      tables.put(high, levels - 1, entryOf(0n, LEAF));
      expect([translate(virtual), translate(high)]).toEqual([NONE, NONE]);
      for (const flipped of [bits, 60n, 63n]) {
        expect(translate(virtual ^ (1n << flipped))).toEqual(ALL_PAGE_FAULTS);
        expect(translate(high ^ (1n << flipped))).toEqual(ALL_PAGE_FAULTS);
      }
    }
  });
});

describe('entries', () => {
  const VIRTUAL = 0x12_3456_7000n;
  const faultsOf = (entry: bigint, fields: Partial<HartView> = {}, level = 0) => {
    const tables = new PageTables('sv39');
    tables.put(VIRTUAL, level, entry);
    return faults((kind) => translator(tables, fields).translate(VIRTUAL, kind, S));
  };

  test.each<[string, bigint]>([
    ['that are not valid', entryOf(FRAME, LEAF & ~V)],
    ['that may be written and not read', entryOf(FRAME, V | W | A | D)],
    ['that may be written and executed and not read', entryOf(FRAME, V | W | X | A | D)],
    ['with a reserved bit', entryOf(FRAME, LEAF, 1n << 54n)],
    ['with another reserved bit', entryOf(FRAME, LEAF, 1n << 60n)],
    ['with the reserved memory type', entryOf(FRAME, LEAF, 3n << 61n)],
    ['that are tables below the lowest level', entryOf(FRAME, V)],
    ['that are a group of any size but 64 KiB', entryOf(FRAME, LEAF, N)],
  ])('%s fault', (_, entry) => {
    expect(faultsOf(entry)).toEqual(ALL_PAGE_FAULTS);
  });

  test.each([A, D, U])('that lead to tables have no flag %i', (flag) => {
    const tables = new PageTables('sv39');
    tables.put(VIRTUAL, 0, entryOf(FRAME, LEAF));
    const translate = () => faults((kind) => translator(tables).translate(VIRTUAL, kind, S));
    expect(translate()).toEqual(NONE);
    tables.put(VIRTUAL, 1, tables.get(VIRTUAL, 1) | BigInt(flag));
    expect(translate()).toEqual(ALL_PAGE_FAULTS);
  });

  test('have memory types while menvcfg.PBMTE says so', () => {
    for (const type of [1n << 61n, 2n << 61n]) {
      expect(faultsOf(entryOf(FRAME, LEAF, type))).toEqual(NONE);
      expect(faultsOf(entryOf(FRAME, LEAF, type), { menvcfg: MENVCFG.ADUE })).toEqual(ALL_PAGE_FAULTS);
    }
  });

  test('of a group of 64 KiB map each its own page', () => {
    const tables = new PageTables('sv39');
    for (let index = 0n; index < 16n; index++) tables.put(index * 4096n, 0, entryOf(0x1234_8000n, LEAF, N));
    const translate = translator(tables);
    for (let index = 0; index < 16; index++)
      expect(translate.translate(BigInt(index * 4096), 'load', S)).toMatchObject({
        page: 0x1234_0000 + index * 4096,
        shift: 16,
      });
    expect(faultsOf(entryOf(0x1234_8000n, LEAF, N), {}, 1)).toEqual(ALL_PAGE_FAULTS);
  });

  test.each([
    [PTE.G, 0],
    [0, PTE.G],
  ])('are global if they, or those that lead to them, are', (leaf, table) => {
    const tables = new PageTables('sv39');
    tables.put(VIRTUAL, 0, entryOf(FRAME, LEAF | leaf));
    tables.put(VIRTUAL, 2, tables.get(VIRTUAL, 2) | BigInt(table));
    expect(translator(tables).translate(VIRTUAL, 'load', S).global).toBe(true);
    tables.put(VIRTUAL, 2, tables.get(VIRTUAL, 2) & ~BigInt(G));
    expect(translator(tables).translate(VIRTUAL, 'load', S).global).toBe(leaf !== 0);
  });

  test('must lie in memory', () => {
    const tables = new PageTables('sv39');
    tables.put(VIRTUAL, 1, entryOf(0x1000_0000n, V));
    expect(faults((kind) => translator(tables).translate(VIRTUAL, kind, S))).toEqual(ALL_ACCESS_FAULTS);
  });
});

describe('permissions', () => {
  const [fetch, load, store] = ALL_PAGE_FAULTS as [number, number, number];

  test.each<[flags: number, mode: AccessMode, faults: readonly number[]]>([
    [R, S, [fetch, 0, store]],
    [R | W, S, [fetch, 0, 0]],
    [X, S, [0, load, store]],
    [R | X, S, [0, 0, store]],
    [X, modeOf(SUPERVISOR, { mxr: true }), [0, 0, store]],
    [R | W | X | U, S, [fetch, load, store]],
    [R | W | X | U, modeOf(SUPERVISOR, { sum: true }), [fetch, 0, 0]],
    [X | U, modeOf(SUPERVISOR, { sum: true }), [fetch, load, store]],
    [X | U, modeOf(SUPERVISOR, { sum: true, mxr: true }), [fetch, 0, store]],
    [R | W | X | U, modeOf(USER), [0, 0, 0]],
    [X | U, modeOf(USER, { mxr: true }), [0, 0, store]],
    [R | W | X, modeOf(USER, { sum: true }), [fetch, load, store]],
  ])('flags %i in mode %j', (flags, mode, expected) => {
    const tables = new PageTables('sv39');
    tables.put(0n, 0, entryOf(FRAME, flags | V | A | D));
    const translate = translator(tables);
    expect(faults((kind) => translate.translate(0n, kind, mode))).toEqual(expected);
    // Whichever access asks, the answer covers the others.
    for (const [index, kind] of KINDS.entries()) {
      if (expected[index] !== 0) continue;
      const bits = [expected[1] === 0 ? 1 : 0, expected[2] === 0 ? 2 : 0, expected[0] === 0 ? 4 : 0];
      expect(translate.translate(0n, kind, mode).permissions).toBe(bits.reduce((sum, bit) => sum + bit));
    }
  });
});

describe('A and D', () => {
  const translateWith = (flags: number, kind: AccessKind, fields: Partial<HartView> = {}) => {
    const tables = new PageTables('sv39');
    tables.put(0n, 0, entryOf(FRAME, flags));
    const fault = causeOf(() => translator(tables, fields).translate(0n, kind, S));
    return { fault, flags: Number(tables.get(0n, 0) & 0xffn) };
  };
  const leaf = V | R | W | X;

  test('are set by the first access, and D by the first store', () => {
    expect(translateWith(leaf, 'fetch').flags).toBe(leaf | A);
    expect(translateWith(leaf, 'load').flags).toBe(leaf | A);
    expect(translateWith(leaf, 'store').flags).toBe(leaf | A | D);
    expect(translateWith(leaf | A, 'store').flags).toBe(leaf | A | D);
  });

  test('fault instead where menvcfg.ADUE is clear', () => {
    const fields = { menvcfg: 0n };
    for (const kind of KINDS)
      expect(translateWith(leaf, kind, fields)).toEqual({ fault: PAGE_FAULT[kind], flags: leaf });
    expect(translateWith(leaf | A, 'load', fields).fault).toBeUndefined();
    expect(translateWith(leaf | A, 'store', fields)).toEqual({ fault: CAUSE.storePageFault, flags: leaf | A });
  });

  test('stay as they are where the access is not allowed', () => {
    expect(translateWith(V | R, 'store')).toEqual({ fault: CAUSE.storePageFault, flags: V | R });
  });

  test('let nobody store to a page that is not known to be dirty', () => {
    const tables = new PageTables('sv39');
    tables.put(0n, 0, entryOf(FRAME, leaf));
    const translate = translator(tables);
    expect(translate.translate(0n, 'load', S).permissions).toBe(5);
    translate.translate(0n, 'store', S);
    expect(translate.translate(0n, 'load', S).permissions).toBe(7);
  });

  test('are set in the entry that was checked: if it has changed, all is looked at again', () => {
    const tables = new PageTables('sv39');
    tables.put(0n, 0, entryOf(FRAME, leaf));
    const address = tables.at(0n, 0);
    let changed = false;
    const racing = {
      readEntry: (at: number) => tables.readEntry(at),
      replaceEntry: (at: number, expected: bigint, entry: bigint) => {
        if (!changed) tables.entries.set(address, entryOf(FRAME + 4096n, leaf));
        changed = true;
        return tables.replaceEntry(at, expected, entry);
      },
    };
    const { page } = new Translator(stateWith({ satp: tables.satp() }), racing).translate(0n, 'store', S);
    expect(page).toBe(Number(FRAME) + 4096);
    expect(tables.get(0n, 0)).toBe(entryOf(FRAME + 4096n, leaf | A | D));
  });
});

describe('memory protection', () => {
  const everything: readonly [number, bigint] = [0x1f, (1n << 56n) - 1n];
  /** A translator under these entries. */
  const under = (
    tables: PageTables,
    entries: readonly (readonly [number, bigint])[],
    fields: Partial<HartView> = {},
  ) => {
    const state = stateWith({ satp: tables.satp(), ...fields });
    for (const [index, [config, address]] of entries.entries()) {
      state.pmpcfg[index] = config;
      state.pmpaddr[index] = address >> 2n;
    }
    return new Translator(state, tables);
  };

  test('is about physical addresses, and the fault is an access fault', () => {
    const tables = new PageTables('sv39');
    tables.put(0n, 0, entryOf(FRAME, LEAF));
    tables.put(4096n, 0, entryOf(FRAME + 4096n, LEAF));
    const translate = under(tables, [[0x18, FRAME | 0x7ffn], everything]);
    expect(faults((kind) => translate.translate(0n, kind, S))).toEqual(ALL_ACCESS_FAULTS);
    expect(faults((kind) => translate.translate(4096n, kind, S))).toEqual(NONE);
    // Machine mode translates nothing, and is bound by locked entries only.
    expect(faults((kind) => translate.translate(FRAME, kind, modeOf(MACHINE)))).toEqual(NONE);
    const locked = under(tables, [[0x98, FRAME | 0x7ffn], everything]);
    expect(faults((kind) => locked.translate(FRAME, kind, modeOf(MACHINE)))).toEqual(ALL_ACCESS_FAULTS);
  });

  test('covers page tables', () => {
    const tables = new PageTables('sv39');
    tables.put(0n, 0, entryOf(FRAME, LEAF & ~(A | D)));
    const root = tables.root;
    const hidden = under(tables, [[0x18, root | 0x7ffn], everything]);
    expect(faults((kind) => hidden.translate(0n, kind, S))).toEqual(ALL_ACCESS_FAULTS);
    const readOnly = under(tables, [[0x19, root | 0x3fffn], everything]);
    expect(faults((kind) => readOnly.translate(0n, kind, S))).toEqual(ALL_ACCESS_FAULTS);
    tables.put(0n, 0, entryOf(FRAME, LEAF));
    expect(faults((kind) => readOnly.translate(0n, kind, S))).toEqual(NONE);
  });

  test('narrows what page tables allow', () => {
    const tables = new PageTables('sv39');
    tables.put(0n, 0, entryOf(FRAME, LEAF));
    const translate = under(tables, [[0x19, FRAME | 0x7ffn], everything]);
    expect(translate.translate(0n, 'load', S).permissions).toBe(1);
  });

  test('lets the lower modes do nothing where there is no entry', () => {
    const translate = under(new PageTables('sv39'), [[0, 0n]], { satp: 0n });
    expect(faults((kind) => translate.translate(FRAME, kind, S))).toEqual(ALL_ACCESS_FAULTS);
    expect(faults((kind) => translate.translate(FRAME, kind, modeOf(MACHINE)))).toEqual(NONE);
  });
});

describe('without translation', () => {
  test('addresses are physical, all 64 bits of them', () => {
    const translate = translator(new PageTables('sv39'), { satp: 0n });
    for (const mode of [S, modeOf(USER), modeOf(MACHINE)])
      expect(translate.translate(FRAME + 5n, 'load', mode).page).toBe(Number(FRAME));
    expect(translate.translate(0xffff_ffff_ffff_ffffn, 'load', modeOf(MACHINE)).page).toBe(2 ** 64 - 4096);
  });

  test('machine mode is, whatever satp says', () => {
    expect(translator(new PageTables('sv39')).translate(FRAME, 'load', modeOf(MACHINE)).page).toBe(Number(FRAME));
  });
});

test('changes to satp count from the update on', () => {
  const tables = new PageTables('sv39');
  tables.put(0n, 0, entryOf(FRAME, LEAF));
  const state = stateWith();
  const translate = new Translator(state, tables);
  state.satp = tables.satp(7n);
  expect(translate.translate(0n, 'load', S).page).toBe(0);
  translate.update();
  expect(translate.translate(0n, 'load', S).page).toBe(Number(FRAME));
  expect(translate.space).toEqual({ levels: 3, root: Number(tables.root), asid: 7 });
});

describe('loads and stores', () => {
  test.each<[privilege: number, mstatus: bigint, effective: number]>([
    [MACHINE, 0n, MACHINE],
    [MACHINE, MSTATUS.MPRV, USER],
    [MACHINE, MSTATUS.MPRV | (1n << 11n), SUPERVISOR],
    [MACHINE, MSTATUS.MPRV | MSTATUS.MPP, MACHINE],
    [SUPERVISOR, MSTATUS.MPP, SUPERVISOR],
    [USER, 0n, USER],
  ])('in mode %i with mstatus %s have the rights of mode %i', (privilege, mstatus, effective) => {
    expect(dataMode(stateWith({ privilege, mstatus }))).toEqual(modeOf(effective));
  });

  test('have SUM and MXR', () => {
    const mstatus = MSTATUS.SUM | MSTATUS.MXR;
    expect(dataMode(stateWith({ privilege: SUPERVISOR, mstatus }))).toEqual({ privilege: 1, sum: true, mxr: true });
  });
});

describe('an onlooker', () => {
  test('is told the physical address, and changes nothing', () => {
    const tables = new PageTables('sv48');
    tables.put(0x7000n, 0, entryOf(FRAME, V | R | W));
    const state = stateWith({ satp: tables.satp(), privilege: SUPERVISOR });
    expect(physicalAddress(state, tables, 0x7123n)).toBe(Number(FRAME) + 0x123);
    expect(physicalAddress(state, tables, 0x8123n)).toBeUndefined();
    expect(tables.get(0x7000n, 0)).toBe(entryOf(FRAME, V | R | W));
  });

  test('sees what the hart sees now', () => {
    const state = stateWith({ satp: 0n, privilege: MACHINE });
    expect(physicalAddress(state, new PageTables('sv39'), 0x8000_0123n)).toBe(0x8000_0123);
  });

  test('sees what the hart would need SUM and MXR for', () => {
    const tables = new PageTables('sv39');
    tables.put(0x7000n, 0, entryOf(FRAME, V | R | U));
    tables.put(0x8000n, 0, entryOf(FRAME, V | X));
    const supervisor = stateWith({ satp: tables.satp(), privilege: SUPERVISOR });
    expect(physicalAddress(supervisor, tables, 0x7000n)).toBe(Number(FRAME));
    expect(physicalAddress(supervisor, tables, 0x8000n)).toBe(Number(FRAME));
    expect(physicalAddress(stateWith({ satp: tables.satp(), privilege: USER }), tables, 0x8000n)).toBeUndefined();
  });
});
