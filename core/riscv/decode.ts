/** From bits to an instruction and its operands; derived from the pictures in the table. */
import type { Compressed } from './compressed.ts';
import { extractAll, isReserved } from './encoding.ts';
import type { Instruction, OperandValues } from './instruction.ts';
import { BY_NAME, COMPRESSED_INSTRUCTIONS, INSTRUCTIONS } from './table.ts';

export interface Decoded {
  readonly instruction: Instruction;
  readonly operands: OperandValues;
  /** The bits: 16 of a compressed instruction, else 32. */
  readonly raw: number;
  /** Bytes: 2 or 4. */
  readonly length: 2 | 4;
  /** Set where the encoding is a compressed one. */
  readonly compressed?: Compressed;
}

/** Bytes of the instruction whose first halfword is this one (16 or 32 bits; longer ones do not exist here). */
export const lengthOf = (halfword: number): 2 | 4 => ((halfword & 3) === 3 ? 4 : 2);

/** Instructions that a word may be, by its opcode and funct3. */
const index32: Instruction[][] = [];
const key32 = (word: number): number => (word & 0x7f) | ((word >>> 5) & 0x380);
for (let key = 0; key < 1024; key++) {
  const word = (key & 0x7f) | ((key & 0x380) << 5);
  index32.push(INSTRUCTIONS.filter(({ picture: { mask, match } }) => ((word ^ match) & mask & 0x707f) === 0));
}

const index16: Compressed[][] = [];
const key16 = (halfword: number): number => (halfword & 3) | ((halfword >>> 11) & 0x1c);
for (let key = 0; key < 32; key++) {
  const halfword = (key & 3) | ((key & 0x1c) << 11);
  index16.push(
    COMPRESSED_INSTRUCTIONS.filter(({ picture: { mask, match } }) => ((halfword ^ match) & mask & 0xe003) === 0),
  );
}

function decode16(raw: number): Decoded | undefined {
  for (const compressed of index16[key16(raw)]!) {
    const { picture, fields, copies, nonzero, base } = compressed;
    if (((raw ^ picture.match) & picture.mask) !== 0) continue;
    const operands: Record<string, number> = { ...extractAll(fields, raw) };
    if (nonzero.some((name) => operands[name] === 0)) continue;
    for (const name in copies) operands[name] = operands[copies[name]!]!;
    return { instruction: BY_NAME.get(base)!, operands, raw, length: 2, compressed };
  }
  return undefined;
}

function decode32(raw: number): Decoded | undefined {
  for (const instruction of index32[key32(raw)]!) {
    const { picture, fields } = instruction;
    if (((raw ^ picture.match) & picture.mask) !== 0) continue;
    const operands = extractAll(fields, raw);
    return isReserved(fields, operands) ? undefined : { instruction, operands, raw, length: 4 };
  }
  return undefined;
}

/**
 * The instruction in the low bits of `word`; undefined where it is illegal.
 * @param word 32 bits; only the low 16 count where they hold a compressed instruction
 */
export function decode(word: number): Decoded | undefined {
  return lengthOf(word) === 2 ? decode16(word & 0xffff) : decode32(word >>> 0);
}
