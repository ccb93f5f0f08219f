import { expect, test } from 'vitest';
import { addressMappings } from '../../../../core/riscv/memory/mappings.ts';
import { PTE } from '../../../../core/riscv/memory/page-table.ts';
import { HartState } from '../../../../core/riscv/state.ts';
import { entryOf, PageTables } from '../../../support/page-tables.ts';

const { V, R, W, X, U, A, D } = PTE;

function mappingsOf(tables: PageTables, satp = tables.satp()) {
  const state = HartState.view(new ArrayBuffer(HartState.size), 0);
  state.satp = satp;
  return addressMappings(state, tables);
}

test('nothing is mapped where translation is off', () => {
  expect(mappingsOf(new PageTables('sv39'), 0n)).toBeUndefined();
  expect(mappingsOf(new PageTables('sv39'))).toEqual({ mappings: [], complete: true });
});

test('what lies together and is alike is one mapping', () => {
  const tables = new PageTables('sv57');
  const data = V | R | W | A | D;
  tables.put(0x1000n, 0, entryOf(0x8000_0000n, data));
  tables.put(0x2000n, 0, entryOf(0x8000_1000n, data));
  tables.put(0x3000n, 0, entryOf(0x8000_2000n, V | R | X | U));
  tables.put(0x4000n, 0, entryOf(0x9000_0000n, V | R | X | U));
  tables.put(0x6000n, 0, entryOf(0x9000_2000n, V | R | X | U));
  // A large page that goes on in small ones.
  tables.put(0x20_0000n, 1, entryOf(0x4000_0000n, data));
  tables.put(0x40_0000n, 0, entryOf(0x4020_0000n, data));
  const high = 0xffff_ffc0_0000_0000n;
  tables.put(high, 2, entryOf(0x8000_0000n, data));
  const flags = data & ~V;
  const code = R | X | U;
  expect(mappingsOf(tables)).toEqual({
    complete: true,
    mappings: [
      { virtual: 0x1000n, physical: 0x8000_0000n, bytes: 0x2000n, flags },
      { virtual: 0x3000n, physical: 0x8000_2000n, bytes: 0x1000n, flags: code },
      { virtual: 0x4000n, physical: 0x9000_0000n, bytes: 0x1000n, flags: code },
      { virtual: 0x6000n, physical: 0x9000_2000n, bytes: 0x1000n, flags: code },
      { virtual: 0x20_0000n, physical: 0x4000_0000n, bytes: 0x20_1000n, flags },
      { virtual: high, physical: 0x8000_0000n, bytes: 0x4000_0000n, flags },
    ],
  });
});

test('a group of 64 KiB is one mapping', () => {
  const tables = new PageTables('sv39');
  for (let page = 0n; page < 16n; page++) tables.put(page * 4096n, 0, entryOf(0x8000_8000n, V | R | A, 1n << 63n));
  expect(mappingsOf(tables)!.mappings).toEqual([
    { virtual: 0n, physical: 0x8000_0000n, bytes: 0x1_0000n, flags: R | A },
  ]);
});

test('tables that lead to themselves come to an end', () => {
  const tables = new PageTables('sv57');
  for (let index = 0n; index < 512n; index++) tables.put(index << 48n, 4, entryOf(tables.root, V));
  expect(mappingsOf(tables)).toEqual({ mappings: [], complete: false });
});

test('tables that are nowhere map nothing', () => {
  const tables = new PageTables('sv39');
  tables.put(0n, 2, entryOf(0x1000n, V));
  expect(mappingsOf(tables)).toEqual({ mappings: [], complete: true });
});
