/**
 * The contract of an instruction: its encoding as a picture, its operands by format, its meaning as IR. Everything else
 * (decoder, disassembler, assembler, oracle, interpreter, compiler) is derived from this one statement.
 */
import type { Builder } from '../ir/builder.ts';
import type { Operand } from '../ir/ops.ts';
import {
  bitsOf,
  floatRegister,
  type Picture,
  picture,
  register,
  roundingMode,
  type Scatter,
  signed,
  unsigned,
} from './encoding.ts';

/** Operands by name: register numbers and immediates, as the encoding gives them. */
export type OperandValues = Readonly<Record<string, number>>;

/** Formats of the base instruction set (unprivileged manual, "Base Instruction Formats"). */
const FORMATS = {
  R: { rd: register(7), rs1: register(15), rs2: register(20) },
  I: { rd: register(7), rs1: register(15), imm: signed('31:20=11:0') },
  /** Shift by an immediate of 6 bits. */
  H: { rd: register(7), rs1: register(15), imm: unsigned('25:20=5:0') },
  /** Shift of a 32-bit value by an immediate of 5 bits. */
  W: { rd: register(7), rs1: register(15), imm: unsigned('24:20=4:0') },
  /** Prefetch: an immediate in units of 32. */
  P: { rs1: register(15), imm: signed('31:25=11:5') },
  S: { rs1: register(15), rs2: register(20), imm: signed('31:25=11:5 11:7=4:0') },
  B: { rs1: register(15), rs2: register(20), imm: signed('31=12 7=11 30:25=10:5 11:8=4:1') },
  U: { rd: register(7), imm: signed('31:12=31:12') },
  J: { rd: register(7), imm: signed('31=20 19:12=19:12 20=11 30:21=10:1') },
  /** Access to a CSR: `imm` is its number. */
  C: { rd: register(7), rs1: register(15), imm: unsigned('31:20=11:0') },
  /** The same with a five-bit immediate in place of rs1. */
  Z: { rd: register(7), uimm: unsigned('19:15=4:0'), imm: unsigned('31:20=11:0') },
  /** Memory ordering. */
  F: { pred: unsigned('27:24=3:0'), succ: unsigned('23:20=3:0') },
  N: {},
  /** Floating point: R with registers of that kind and a rounding mode. */
  FR: { rd: floatRegister(7), rs1: floatRegister(15), rs2: floatRegister(20), rm: roundingMode },
  /** With a third source. */
  R4: {
    ...{ rd: floatRegister(7), rs1: floatRegister(15), rs2: floatRegister(20), rs3: floatRegister(27) },
    rm: roundingMode,
  },
  /** From floating-point registers to an integer register, and back. */
  XF: { rd: register(7), rs1: floatRegister(15), rs2: floatRegister(20), rm: roundingMode },
  FX: { rd: floatRegister(7), rs1: register(15), rm: roundingMode },
  /** Loads and stores of floating-point registers. */
  FI: { rd: floatRegister(7), rs1: register(15), imm: signed('31:20=11:0') },
  FS: { rs1: register(15), rs2: floatRegister(20), imm: signed('31:25=11:5 11:7=4:0') },
} as const satisfies Record<string, Readonly<Record<string, Scatter>>>;

export type FormatName = keyof typeof FORMATS;

/** What a meaning of this format sees: register numbers and immediates, each given or still open. */
export type Operands<F extends FormatName> = { readonly [K in keyof (typeof FORMATS)[F]]: Operand<number> };

/** A picture together with the format of its operands. */
export interface Encoding<F extends FormatName> {
  readonly picture: Picture;
  readonly fields: Readonly<Record<string, Scatter>>;
  readonly format: F;
}

const tag =
  <F extends FormatName>(format: F) =>
  (text: TemplateStringsArray, ...parts: readonly string[]): Encoding<F> => ({
    picture: picture(String.raw(text, ...parts)),
    fields: FORMATS[format],
    format,
  });

/** Tags for pictures: B`....... ..... ..... 000 ..... 1100011` is a branch. */
export const R = tag('R');
export const I = tag('I');
export const H = tag('H');
export const W = tag('W');
export const P = tag('P');
export const S = tag('S');
export const B = tag('B');
export const U = tag('U');
export const J = tag('J');
export const C = tag('C');
export const Z = tag('Z');
export const F = tag('F');
export const N = tag('N');
export const FR = tag('FR');
export const R4 = tag('R4');
export const XF = tag('XF');
export const FX = tag('FX');
export const FI = tag('FI');
export const FS = tag('FS');

/** How operands are written in assembly, by format; an instruction may say otherwise. */
const SYNTAX: Record<FormatName, string> = {
  R: 'rd, rs1, rs2',
  I: 'rd, rs1, imm',
  H: 'rd, rs1, imm',
  W: 'rd, rs1, imm',
  P: 'imm(rs1)',
  S: 'rs2, imm(rs1)',
  B: 'rs1, rs2, target',
  U: 'rd, upper',
  J: 'rd, target',
  C: 'rd, csr, rs1',
  Z: 'rd, csr, uimm',
  F: 'pred, succ',
  N: '',
  FR: 'rd, rs1, rs2[, rm]',
  R4: 'rd, rs1, rs2, rs3[, rm]',
  XF: 'rd, rs1, rs2',
  FX: 'rd, rs1[, rm]',
  FI: 'rd, imm(rs1)',
  FS: 'rs2, imm(rs1)',
};

export interface Instruction {
  /** As the manual and assemblers write it: `addi`, `lr.w`. */
  readonly name: string;
  readonly picture: Picture;
  readonly fields: Readonly<Record<string, Scatter>>;
  readonly syntax: string;
  /**
   * What it does. Operands are numbers for a decoded instruction, fields for a handler; `position` says where a decoded
   * instruction stands. Sets of x0 are dropped where the register is known, and must be harmless where it is not.
   */
  meaning(builder: Builder, operands: Readonly<Record<string, Operand<number>>>): void;
}

interface Unnamed extends Omit<Instruction, 'name'> {}

/** States one instruction. */
export function instruction<F extends FormatName>(
  encoding: Encoding<F>,
  meaning: (builder: Builder, operands: Operands<F>) => void,
  syntax: string = SYNTAX[encoding.format],
): Unnamed {
  // lr.w has no rs2: a field whose bits the picture fixes is no operand.
  const open = Object.entries(encoding.fields).filter(([, field]) => (bitsOf(field) & encoding.picture.mask) === 0);
  return {
    picture: encoding.picture,
    fields: Object.fromEntries(open),
    syntax,
    meaning: meaning as Instruction['meaning'],
  };
}

/** A table of instructions, each named by its key; `_` stands for the dot of `lr.w`. */
export const extension = (table: Readonly<Record<string, Unnamed>>): readonly Instruction[] =>
  Object.entries(table).map(([key, stated]) => ({ ...stated, name: key.replaceAll('_', '.') }));

/** The operands of `instruction` as open fields, for a handler. */
export const openOperands = (instruction: Instruction): Readonly<Record<string, Operand<number>>> =>
  Object.fromEntries(Object.keys(instruction.fields).map((name) => [name, { field: name }]));
