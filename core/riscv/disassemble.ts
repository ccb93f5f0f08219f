/** Guest code as text, in the syntax of the assembler, with ABI register names and no pseudo-instructions. */
import { type Decoded, decode, lengthOf } from './decode.ts';
import { printOperands } from './syntax.ts';

/** `addi a0,a0,1`. @param pc where the instruction stands, for the targets of jumps */
export function printInstruction(decoded: Decoded, pc: bigint): string {
  const { instruction, operands } = decoded;
  const text = printOperands(instruction.syntax, operands, pc).replaceAll(', ', ',');
  return text === '' ? instruction.name : `${instruction.name.padEnd(15)} ${text}`;
}

/**
 * The instruction at the start of `bytes` (at least 2), and its length in bytes. Illegal ones show as data, and so does
 * the first half of one whose second half is not there.
 */
export function disassemble(bytes: Uint8Array, pc: bigint): { readonly text: string; readonly length: number } {
  const halfword = bytes[0]! | (bytes[1]! << 8);
  const whole = lengthOf(halfword) <= bytes.length;
  const length = whole ? lengthOf(halfword) : 2;
  const word = length === 4 ? (halfword | (bytes[2]! << 16) | (bytes[3]! << 24)) >>> 0 : halfword;
  const decoded = whole ? decode(word) : undefined;
  if (decoded) return { text: printInstruction(decoded, pc), length };
  return {
    text: `${`.${length === 2 ? 'half' : 'word'}`.padEnd(15)} 0x${word.toString(16).padStart(length * 2, '0')}`,
    length,
  };
}
