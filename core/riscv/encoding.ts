/**
 * Bit pictures and operand fields: the shape of an encoding, read in both directions.
 *
 * A picture has one character a bit, most significant first: `0` and `1` are fixed, `.` belongs to a field, spaces are
 * for the reader. A field is given as the manual draws it: which bits of the instruction hold which bits of the value.
 */
import type { OperandValues } from './instruction.ts';

export interface Picture {
  /** Bits that are fixed, and their values. */
  readonly mask: number;
  readonly match: number;
  /** 2 or 4. */
  readonly bytes: 2 | 4;
}

/** @throws Error unless the picture has 16 or 32 bits, all of them `0`, `1` or `.`. */
export function picture(text: string): Picture {
  const bits = text.replaceAll(' ', '');
  if (!/^[01.]{16}([01.]{16})?$/.test(bits)) throw new Error(`not a picture of 16 or 32 bits: ${text}`);
  const read = (one: RegExp): number => Number.parseInt(bits.replace(one, '1').replace(/[^1]/g, '0'), 2);
  return {
    mask: Number.parseInt(bits.replace(/[01]/g, '1').replaceAll('.', '0'), 2) >>> 0,
    match: read(/(?!)/g) >>> 0,
    bytes: bits.length === 16 ? 2 : 4,
  };
}

interface Piece {
  /** Lowest bit in the instruction. */
  readonly from: number;
  readonly width: number;
  /** Lowest bit in the value. */
  readonly to: number;
}

/** A value scattered over the instruction. */
export interface Scatter {
  readonly pieces: readonly Piece[];
  readonly signed: boolean;
  /** One more than the highest bit of the value. */
  readonly bits: number;
  /** Low bits that are always zero, as in branch offsets. */
  readonly zeros: number;
  /** Added to what the bits say: for register fields of three bits, and of floating-point registers. */
  readonly bias: number;
  /** Values that make the encoding a reserved one. */
  readonly reserved?: readonly number[];
}

const range = (text: string): { high: number; low: number } => {
  const [high, low = high] = text.split(':').map(Number);
  return { high: high!, low: low! };
};

/** `30:25=10:5`: bits 30 to 25 of the instruction are bits 10 to 5 of the value. Pieces are separated by spaces. */
function scatter(text: string, signed: boolean, bias = 0): Scatter {
  const pieces = text.split(' ').map((piece): Piece => {
    const [source, target] = piece.split('=').map((side) => range(side));
    if (source!.high - source!.low !== target!.high - target!.low) throw new Error(`sides differ in width: ${piece}`);
    return { from: source!.low, width: source!.high - source!.low + 1, to: target!.low };
  });
  return {
    pieces,
    signed,
    bias,
    bits: Math.max(...pieces.map(({ to, width }) => to + width)),
    zeros: Math.min(...pieces.map(({ to }) => to)),
  };
}

export const signed = (text: string): Scatter => scatter(text, true);
export const unsigned = (text: string): Scatter => scatter(text, false);
/** A register number in five bits, the lowest at `low`. */
export const register = (low: number): Scatter => scatter(`${low + 4}:${low}=4:0`, false);
/** A register of x8 to x15 in three bits, the lowest at `low` (rd', rs1', rs2' of the C extension). */
export const registerPrime = (low: number): Scatter => scatter(`${low + 2}:${low}=2:0`, false, 8);

/** Number of f0, where registers of both kinds are numbered. */
const F0 = 32;
/** The same for floating-point registers, which are numbered from 32 to 63. */
export const floatRegister = (low: number): Scatter => scatter(`${low + 4}:${low}=4:0`, false, F0);
export const floatRegisterPrime = (low: number): Scatter => scatter(`${low + 2}:${low}=2:0`, false, F0 + 8);
export const isFloatRegister = ({ bias }: Scatter): boolean => bias >= F0;

/** A rounding mode, `rm`. */
export const roundingMode: Scatter = { ...unsigned('14:12=2:0'), reserved: [5, 6] };

/** The field's value in `word`. */
export function extract(field: Scatter, word: number): number {
  let value = 0;
  for (const { from, width, to } of field.pieces) value |= ((word >>> from) & (2 ** width - 1)) << to;
  if (field.signed) value = (value << (32 - field.bits)) >> (32 - field.bits);
  return value + field.bias;
}

/** The bits that `value` sets in an instruction. @throws RangeError where the field cannot hold it. */
export function insert(field: Scatter, value: number): number {
  const raw = value - field.bias;
  const low = field.signed ? -(2 ** (field.bits - 1)) : 0;
  const high = field.signed ? 2 ** (field.bits - 1) : 2 ** field.bits;
  if (!Number.isInteger(value) || raw < low || raw >= high || raw % 2 ** field.zeros !== 0)
    throw new RangeError(
      `${value} does not fit: expected ${low + field.bias} to ${high + field.bias - 2 ** field.zeros}` +
        (field.zeros ? `, a multiple of ${2 ** field.zeros}` : ''),
    );
  let word = 0;
  for (const { from, width, to } of field.pieces) word |= ((raw >>> to) & (2 ** width - 1)) << from;
  return word >>> 0;
}

/** The bits of the instruction that the field covers. */
export const bitsOf = (field: Scatter): number =>
  field.pieces.reduce((bits, { from, width }) => (bits | ((2 ** width - 1) << from)) >>> 0, 0);

/** The operands that `fields` reads out of `word`; those given as numbers are fixed by the encoding. */
export function extractAll(fields: Readonly<Record<string, Scatter | number>>, word: number): OperandValues {
  const values: Record<string, number> = {};
  for (const name in fields) {
    const field = fields[name]!;
    values[name] = typeof field === 'number' ? field : extract(field, word);
  }
  return values;
}

/** True where an operand has a value that its field reserves. */
export const isReserved = (fields: Readonly<Record<string, Scatter>>, operands: OperandValues): boolean =>
  Object.entries(fields).some(([name, { reserved }]) => reserved?.includes(operands[name]!));
