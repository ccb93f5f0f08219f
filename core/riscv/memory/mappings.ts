/** What a hart's page tables map, as a list: for people who look at the machine. */
import type { HartView } from '../state.ts';
import {
  addressSpaceOf,
  ENTRY_BYTES,
  frameOf,
  INDEX_BITS,
  kindOf,
  PTE,
  shiftAt,
  sizeShiftOf,
  tableOf,
} from './page-table.ts';
import type { PageTableMemory } from './translation.ts';

/** A range of virtual addresses that is mapped to consecutive physical addresses in one way. */
export interface AddressMapping {
  readonly virtual: bigint;
  readonly physical: bigint;
  readonly bytes: bigint;
  /** Flags of the leaves: R, W, X, U, G, A and D of PTE. */
  readonly flags: number;
}

export interface AddressMappings {
  /** In ascending order of virtual addresses. */
  readonly mappings: readonly AddressMapping[];
  /** False where tables were left out because there are too many: tables may lead to themselves. */
  readonly complete: boolean;
}

const FLAGS = PTE.R | PTE.W | PTE.X | PTE.U | PTE.G | PTE.A | PTE.D;
/** More than any system has that was seen. */
const TABLES_MAX = 10_000;

/** Undefined where `satp` switches translation off. Reads memory as it is now, and changes nothing. */
export function addressMappings(
  { satp }: HartView,
  memory: Pick<PageTableMemory, 'readEntry'>,
): AddressMappings | undefined {
  const { levels, root } = addressSpaceOf(satp)!;
  if (levels === 0) return undefined;
  const mappings: AddressMapping[] = [];
  let tables = 0;

  const add = (mapping: AddressMapping): void => {
    const last = mappings.at(-1);
    const continues =
      last &&
      last.flags === mapping.flags &&
      last.virtual + last.bytes === mapping.virtual &&
      last.physical + last.bytes === mapping.physical;
    if (continues) mappings[mappings.length - 1] = { ...last, bytes: last.bytes + mapping.bytes };
    else mappings.push(mapping);
  };

  const visit = (table: number, level: number, start: bigint): void => {
    if (++tables > TABLES_MAX) return;
    for (let index = 0; index < 1 << INDEX_BITS; index++) {
      const entry = memory.readEntry(table + index * ENTRY_BYTES);
      if (entry === undefined) return;
      const low = Number(BigInt.asIntN(32, entry));
      const high = Number(BigInt.asIntN(32, entry >> 32n));
      const covered = start + (BigInt(index) << BigInt(shiftAt(level)));
      const virtual = BigInt.asUintN(64, BigInt.asIntN(shiftAt(levels), covered));
      // Memory types change nothing here.
      const kind = kindOf(low, high, level, true);
      if (kind === 'table') visit(tableOf(low, high), level - 1, covered);
      if (kind !== 'leaf') continue;
      const bytes = 2 ** shiftAt(level);
      // Each entry of a group that N joins maps its own share.
      const share = (index * bytes) % 2 ** sizeShiftOf(high, level);
      const physical = frameOf(low, high) + share;
      add({ virtual, physical: BigInt(physical), bytes: BigInt(bytes), flags: low & FLAGS });
    }
  };
  visit(root, levels - 1, 0n);
  return { mappings, complete: tables <= TABLES_MAX };
}
