/**
 * What generated code, interpreter and regions alike, and those who run it agree on: how it is called, what it calls, where
 * in memory both meet, and why it comes back.
 */

/** Why `run` returned, by number. `exitRecord` and `exitLink` in memory then say where. */
export const EXITS = [
  /** pc has no known block; `exitLink` is the link to fill in, 0 after an indirect jump. */
  'need-block',
  /** The attention word is set. */
  'attention',
  /** The budget of blocks is spent. */
  'budget',
  /** The instruction at `exitRecord` and pc leaves by a door; its bits are the record's immediate. */
  'door',
  /** The access of the instruction at `exitRecord` and pc faulted; `slow` has said how. */
  'trap',
  /** The block at pc must be looked at before it is entered; `exitLink` is the link that led to it, 0 if none did. */
  'revisit',
  /** A guard found the instruction at `exitRecord` and pc illegal here and now. */
  'illegal',
] as const;
export type Exit = (typeof EXITS)[number];

/** What `slow` answers. */
export const SLOW = { done: 0, retry: 1, trap: 2 } as const;

/** Offsets of the words that generated code uses, from the base of the vCPU's state. */
export interface StateLayout {
  readonly pc: number;
  readonly retired: number;
  readonly attention: number;
  readonly exitRecord: number;
  readonly callbackRecord: number;
  readonly regionRetired: number;
  readonly exitLink: number;
  readonly accessAddress: number;
  readonly accessKind: number;
  readonly accessValue: number;
  readonly accessResult: number;
  readonly reservedAddress: number;
  readonly reservedValue: number;
  readonly regionKey: number;
  readonly flags: number;
  readonly floatOperands: number;
  readonly floatResult: number;
  /** Register n of the guest, where a handler names it itself, is 64 bits at `registers` + 8n. */
  readonly registers: number;
}

/** Handlers that stand for no instruction: goes on at the record's immediate; runs a compiled region. */
export const PSEUDO = { cut: 0, region: 1 } as const;
export const FIRST_HANDLER = 2;

/** Functions that the module imports from `env`. */
export interface InterpreterImports {
  /** Performs access number `access` of the record, out of line; answers with a value of SLOW. */
  slow(record: number, access: number): number;
  /** Performs floating-point op number `float`: its operands are in memory, and so will be its result. */
  float(float: number): void;
  /** Runs callback number `callback`, for the probe at `callbackRecord`. */
  call(callback: number): void;
}

/**
 * Interprets from the block at `record`, about `budget` blocks. The result is an index of EXITS.
 * @param tlb, jumpCache memory addresses of the tables that hold for the vCPU's mode
 */
export type Run = (record: number, budget: number, tlb: number, jumpCache: number) => number;

/**
 * A compiled region, entered at its first block. It runs until it has to leave, or the budget of instructions is spent,
 * and adds to `retired`. Between blocks it leaves with `pc` set, and returns the address of the link slot that leads on,
 * 0 where there is none. In front of an instruction that it cannot perform it returns, negated, the address of its
 * record; then `retired` counts none of that block, and `pc` means nothing.
 * @param slots memory address of its slots: link slots, and addresses of records
 * @param tlb as of `Run`
 */
export type RegionFunction = (slots: number, budget: number, tlb: number) => number;
