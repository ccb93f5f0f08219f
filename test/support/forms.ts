/** Every encoding of the instruction table, base and compressed alike: the way from operands back to bits. */
import { Builder } from '../../core/ir/builder.ts';
import type { Fragment } from '../../core/ir/ops.ts';
import { encode } from '../../core/riscv/assemble.ts';
import type { Compressed } from '../../core/riscv/compressed.ts';
import { type Decoded, decode } from '../../core/riscv/decode.ts';
import { insert, type Picture } from '../../core/riscv/encoding.ts';
import { type Instruction, type OperandValues, openOperands } from '../../core/riscv/instruction.ts';
import { BY_NAME, COMPRESSED_INSTRUCTIONS, INSTRUCTIONS } from '../../core/riscv/table.ts';
import type { Random } from './random.ts';

/** One encoding of an instruction. */
export interface Form {
  /** `addi` or `c.addi`. */
  readonly name: string;
  /** What it means. */
  readonly instruction: Instruction;
  readonly picture: Picture;
  /** Bytes. */
  readonly length: 2 | 4;
  readonly compressed?: Compressed;
}

export const FORMS: readonly Form[] = [
  ...INSTRUCTIONS.map((instruction) => ({
    name: instruction.name,
    instruction,
    picture: instruction.picture,
    length: 4 as const,
  })),
  ...COMPRESSED_INSTRUCTIONS.map((compressed) => ({
    name: compressed.name,
    instruction: BY_NAME.get(compressed.base)!,
    picture: compressed.picture,
    length: 2 as const,
    compressed,
  })),
];

/** The form of what was decoded. */
export const formOf = ({ instruction, compressed }: Decoded): Form =>
  FORMS.find((form) => form.instruction === instruction && form.compressed === compressed)!;

/** `bits` as this form and no other; undefined where they are another one's, or reserved. */
export function decodeAs(form: Form, bits: number): Decoded | undefined {
  const decoded = decode(bits);
  const same = decoded?.instruction === form.instruction && decoded.compressed === form.compressed;
  return same ? decoded : undefined;
}

/**
 * The bits of `form` with these operands, which are named as the base instruction names them.
 * @throws RangeError where an operand does not fit its field
 */
export function encodeForm(form: Form, operands: OperandValues): number {
  const { compressed } = form;
  if (!compressed) return encode(form.instruction, operands);
  let bits = compressed.picture.match;
  for (const [name, field] of Object.entries(compressed.fields)) {
    const value = operands[name] ?? 0;
    if (typeof field !== 'number') bits |= insert(field, value);
    else if (value !== field) throw new RangeError(`${form.name}: ${name} is ${field}, not ${value}`);
  }
  for (const [name, original] of Object.entries(compressed.copies))
    if (operands[name] !== operands[original]) throw new RangeError(`${form.name}: ${name} is the same as ${original}`);
  return bits;
}

/** As `encodeForm`; undefined where the form cannot say it. */
export function tryEncode(form: Form, operands: OperandValues): number | undefined {
  try {
    const bits = encodeForm(form, operands);
    return decodeAs(form, bits) && bits;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Bits with this form's picture and any operands; now and then they are another form's, or reserved. */
export function randomBits({ picture }: Form, random: Random): number {
  const open = picture.bytes === 2 ? 0xffff & ~picture.mask : ~picture.mask;
  return (picture.match | (random.word() & open)) >>> 0;
}

/** The meaning of an instruction with its operands open. */
export function meaningOf(instruction: Instruction): Fragment {
  const builder = new Builder();
  instruction.meaning(builder, openOperands(instruction));
  return builder.finish();
}
