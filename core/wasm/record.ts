/**
 * Decoded code as it lies in memory: one record of 32 bytes an instruction (or probe), in execution order. A block is a
 * run of records; its last record ends with a control transfer and is followed by a link record. In front of its first
 * record stands a header, and behind the link record of an indirect jump a ring of targets.
 */
export const RECORD_BYTES = 32;

export const RECORD = {
  /** Number of the handler, 16 bits. */
  handler: 0,
  /** Guest instructions of this block that stand before this one, 8 bits. */
  index: 2,
  /** Bytes of the guest instruction, 8 bits. */
  length: 3,
  /** Three words: memory addresses of the guest registers that are operands, or what a probe needs. */
  first: 4,
  second: 8,
  third: 12,
  /** Immediate, 64 bits; where a cut block goes on. */
  immediate: 16,
  /** In its place where there is none: a fourth such word, and a rounding mode, 8 bits. */
  fourth: 16,
  rounding: 20,
  /** Guest address of the instruction, 64 bits. */
  pc: 24,
} as const;

/** The header, from the block's first record on: so its offset is negative. */
export const HEADER_BYTES = 32;
export const HEADER = {
  /** Times that the block may be entered before it must be looked at, 32 bits; negative: any number of times. */
  coldness: -HEADER_BYTES,
} as const;

/** A sample of the addresses that an indirect jump has gone to: their low 32 bits, 0 where there is none. */
export const TARGETS = 16;
export const TARGET_BYTES = TARGETS * 4;

/**
 * Fields of the record that stands for a compiled region: index of its function, its link slots, its budget, and the
 * vCPU's `regionKey` while it may be entered.
 */
export const REGION = {
  table: RECORD.first,
  slots: RECORD.second,
  budget: RECORD.third,
  key: RECORD.immediate,
} as const;

/** Fields of the link record: records of the blocks to go on with, or a value of NO_LINK. */
export const LINK = {
  /** After a jump, a taken branch, or at the end of a block that was cut. */
  taken: 0,
  /** After a branch that is not taken. */
  next: 4,
} as const;

/**
 * A link holds for good, so it can lead only to where its own block may always go on: what else is not to be linked is
 * looked up in the jump cache each time.
 */
export const NO_LINK = { unknown: 0, lookUp: 1 } as const;

/** Instructions that a block can hold. */
export const BLOCK_INSTRUCTIONS_MAX = 64;
