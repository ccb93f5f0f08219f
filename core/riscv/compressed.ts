/**
 * The contract of a compressed instruction (C extension): its own encoding, and the base instruction it stands for.
 * It has no meaning of its own.
 */
import { type Picture, picture, type Scatter } from './encoding.ts';

export interface Compressed {
  /** `c.addi`. */
  readonly name: string;
  readonly picture: Picture;
  /** Name of the instruction that it stands for. */
  readonly base: string;
  /** The base instruction's operands: read from these bits, or always this number, or copied from another operand. */
  readonly fields: Readonly<Record<string, Scatter | number>>;
  readonly copies: Readonly<Record<string, string>>;
  /** Operands that must not be zero; with a zero there the encoding is another one's, or reserved. */
  readonly nonzero: readonly string[];
}

/** Operand by operand: bits, a fixed number, or `'rd'` for "the same as rd". A trailing `!` in a key: never zero. */
type Expansion = Readonly<Record<string, Scatter | number | string>>;

export type Stated = Omit<Compressed, 'name'>;

/** States one compressed instruction: `stands('addi', '000 . ..... ..... 01', { ... })`. */
export function stands(base: string, text: string, expansion: Expansion): Stated {
  const fields: Record<string, Scatter | number> = {};
  const copies: Record<string, string> = {};
  const nonzero: string[] = [];
  for (const [key, source] of Object.entries(expansion)) {
    const name = key.replace('!', '');
    if (key.endsWith('!')) nonzero.push(name);
    if (typeof source === 'string') copies[name] = source;
    else fields[name] = source;
  }
  return { picture: picture(text), base, fields, copies, nonzero };
}

export const compressedExtension = (table: Readonly<Record<string, Stated>>): readonly Compressed[] =>
  Object.entries(table).map(([name, stated]) => ({ ...stated, name: name.replaceAll('_', '.') }));
