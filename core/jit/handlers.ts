/**
 * Where guest meets host: the instruction table of the guest and the probes become the handlers of the interpreter.
 * The numbering is the same in every thread, since it follows from the order of the tables alone.
 */
import { HART_STATE_OFFSET, VcpuState } from '../hart/state.ts';
import { Builder } from '../ir/builder.ts';
import { type Fragment, isAccess } from '../ir/ops.ts';
import { JUMP_CACHE_ENTRIES, PAGE_SHIFT, TLB_ENTRIES, TLB_ENTRY_BYTES } from '../memory/layout.ts';
import { TLB_ENTRY } from '../memory/tlb.ts';
import type { InstructionClass } from '../plugin/plugin.ts';
import { isFloatRegister } from '../riscv/encoding.ts';
import { type Instruction, openOperands } from '../riscv/instruction.ts';
import { HartState } from '../riscv/state.ts';
import { INSTRUCTIONS } from '../riscv/table.ts';
import type { TlbLayout } from '../wasm/access.ts';
import { FIRST_HANDLER, type StateLayout } from '../wasm/contract.ts';
import { hasFusedMultiplyAdd } from '../wasm/fused.ts';
import { createInterpreter, type Interpreter } from '../wasm/interpreter.ts';
import { isDirect } from '../wasm/lower.ts';
import { RECORD } from '../wasm/record.ts';
import { PROBE_FIELDS, PROBES } from './probes.ts';

/** What the translator needs to know of an instruction; all of it follows from its meaning. */
export interface Handled {
  /** Handler numbers: as it is, and leaving its access for the probes behind it. */
  readonly plain: number;
  readonly traced: number;
  readonly class: InstructionClass;
  readonly loads: boolean;
  readonly stores: boolean;
  /** Bytes of its access, 0 where it makes none. */
  readonly accessBytes: number;
  /** It ends a block. */
  readonly ends: boolean;
  /** It leaves by a door: the record holds its bits. */
  readonly door: boolean;
  /** It goes where a register says. */
  readonly indirect: boolean;
  /** It is illegal where a guard says so. */
  readonly guarded: boolean;
}

const ENDS = new Set(['jump', 'branch', 'exit']);

function meaningOf(instruction: Instruction): Fragment {
  const builder = new Builder();
  instruction.meaning(builder, openOperands(instruction));
  return builder.finish();
}

function classOf({ fields }: Instruction, names: ReadonlySet<string>): InstructionClass {
  if (names.has('amo') || names.has('loadReserved') || names.has('storeConditional')) return 'atomic';
  if (names.has('exit')) return 'system';
  if (names.has('zero')) return 'store';
  for (const name of ['load', 'store', 'branch', 'jump', 'fence'] as const) if (names.has(name)) return name;
  return Object.values(fields).some(isFloatRegister) ? 'float' : 'alu';
}

const meanings = INSTRUCTIONS.map((instruction) => ({ instruction, fragment: meaningOf(instruction) }));
const withAccess = meanings.filter(({ fragment }) => fragment.some(isAccess));
const tracedNumber = new Map(
  withAccess.map(({ instruction }, index) => [instruction, FIRST_HANDLER + meanings.length + index]),
);

/** Instructions of the guest, as the translator sees them. */
export const HANDLED: ReadonlyMap<Instruction, Handled> = new Map(
  meanings.map(({ instruction, fragment }, index) => {
    const names: ReadonlySet<string> = new Set(fragment.map((op) => op.name));
    const has = (...candidates: string[]): boolean => candidates.some((name) => names.has(name));
    const plain = FIRST_HANDLER + index;
    return [
      instruction,
      {
        plain,
        traced: tracedNumber.get(instruction) ?? plain,
        class: classOf(instruction, names),
        loads: has('load', 'amo', 'loadReserved'),
        stores: has('store', 'amo', 'storeConditional', 'zero'),
        accessBytes: fragment.find((op) => isAccess(op) && op.name !== 'touch')?.bytes ?? 0,
        ends: [...names].some((name) => ENDS.has(name)),
        door: names.has('exit'),
        guarded: names.has('guard'),
        indirect: fragment.some((op) => op.name === 'jump' && !isDirect(fragment, op.args[0]!)),
      },
    ];
  }),
);

const firstProbe = FIRST_HANDLER + meanings.length + withAccess.length;
/** Handler numbers of probes, by their names in PROBES. */
export const PROBE_HANDLERS: ReadonlyMap<string, number> = new Map(
  [...PROBES.keys()].map((name, index) => [name, firstProbe + index]),
);

const { offset } = VcpuState;
const guest = (field: keyof typeof HartState.offset): number => HART_STATE_OFFSET + HartState.offset[field];

/** Where generated code finds what it uses of a vCPU's state. */
export const GENERATED_STATE: StateLayout = {
  pc: guest('pc'),
  retired: guest('minstret'),
  attention: offset.attention,
  exitRecord: offset.exitRecord,
  callbackRecord: offset.callbackRecord,
  regionRetired: offset.regionRetired,
  exitLink: offset.exitLink,
  accessAddress: offset.accessAddress,
  accessKind: offset.accessKind,
  accessValue: offset.accessValue,
  accessResult: offset.accessResult,
  flags: guest('fflags'),
  floatOperands: offset.floatOperands,
  floatResult: offset.floatResult,
  reservedAddress: guest('reservedAddress'),
  reservedValue: guest('reservedValue'),
  regionKey: offset.regionKey,
  registers: HART_STATE_OFFSET,
};

export const TLB_LAYOUT: TlbLayout = {
  entries: TLB_ENTRIES,
  entryBytes: TLB_ENTRY_BYTES,
  read: TLB_ENTRY.read,
  write: TLB_ENTRY.write,
  addend: TLB_ENTRY.addend,
};

/** The interpreter of this guest. @param memoryPages pages of 64 KiB in the machine's memory */
export function createGuestInterpreter(memoryPages: number): Interpreter {
  return createInterpreter({
    handlers: [
      ...meanings.map(({ fragment }) => ({ fragment, traced: false })),
      ...withAccess.map(({ fragment }) => ({ fragment, traced: true })),
      ...[...PROBES.values()].map((fragment) => ({ fragment, traced: false })),
    ],
    fields: {
      rd: { offset: RECORD.first, bytes: 4 },
      rs1: { offset: RECORD.second, bytes: 4 },
      rs2: { offset: RECORD.third, bytes: 4 },
      rs3: { offset: RECORD.fourth, bytes: 4 },
      rm: { offset: RECORD.rounding, bytes: 1 },
      imm: { offset: RECORD.immediate, bytes: 8 },
      ...PROBE_FIELDS,
    },
    state: GENERATED_STATE,
    tlb: TLB_LAYOUT,
    pageShift: PAGE_SHIFT,
    jumpCacheEntries: JUMP_CACHE_ENTRIES,
    fusedMultiplyAdd: hasFusedMultiplyAdd(),
    memoryPages,
  });
}
