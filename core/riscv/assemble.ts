/** Assembles guest code for tests: one instruction, label (`name:`) or `.word N` a line; `#` starts a comment. */
import { insert } from './encoding.ts';
import type { Instruction, OperandValues } from './instruction.ts';
import { parseOperands } from './syntax.ts';
import { BY_NAME } from './table.ts';

/** The bits of one instruction. @throws RangeError where an operand does not fit its field. */
export function encode(instruction: Instruction, operands: OperandValues): number {
  let word = instruction.picture.match;
  for (const [name, field] of Object.entries(instruction.fields)) {
    try {
      word |= insert(field, operands[name] ?? 0);
    } catch (error) {
      throw new RangeError(`${instruction.name}: ${name} = ${(error as Error).message}`);
    }
  }
  return word >>> 0;
}

function parseWord(text: string): number {
  const value = Number(text);
  if (text === '' || !Number.isInteger(value) || value < -(2 ** 31) || value >= 2 ** 32)
    throw new Error(`.word "${text}": expected a number of 32 bits`);
  return value >>> 0;
}

/**
 * The code of `source`, to stand at `origin`.
 * @throws Error that names the line and what is wrong with it
 */
export function assemble(source: string, origin = 0x8000_0000n): Uint8Array {
  const lines: { readonly text: string; readonly pc: bigint; readonly number: number }[] = [];
  const labels = new Map<string, bigint>();
  for (const [index, full] of source.split('\n').entries()) {
    const text = full.replace(/#.*/, '').trim();
    const pc = origin + BigInt(lines.length * 4);
    if (text.endsWith(':')) labels.set(text.slice(0, -1), pc);
    else if (text !== '') lines.push({ text, pc, number: index + 1 });
  }
  const words = lines.map(({ text, pc, number }) => {
    const [name = '', ...rest] = text.split(' ');
    try {
      if (name === '.word') return parseWord(rest.join(' '));
      const instruction = BY_NAME.get(name);
      if (!instruction) throw new Error(`no such instruction: ${name}`);
      return encode(instruction, parseOperands(instruction.syntax, rest.join(' '), pc, labels));
    } catch (error) {
      throw new Error(`line ${number}: ${(error as Error).message}`);
    }
  });
  return new Uint8Array(Uint32Array.from(words).buffer);
}
