/** Sizes as QEMU writes them. */
import { UsageError } from '../errors.ts';

const SUFFIXES = 'BKMGTPE';
const SIZE = /^(?:0[xX](?<hex>[\da-fA-F]+)|(?<decimal>\d+(?:\.\d*)?|\.\d+)(?<suffix>[bkmgtpe])?)$/i;
const LIMIT = 2 ** 64;

/**
 * Reads a number of bytes: decimal, with a fraction if it likes, and one of the suffixes k, M, G, T, P, E (powers of
 * 1024) or B in either case; or hexadecimal without a suffix.
 * @param unit suffix of a number that has none
 * @param name of the parameter, for the error
 * @returns bytes, rounded down
 * @throws UsageError it is no such number, or 2^64 or more
 */
export function parseSize(text: string, unit: 'B' | 'M', name = 'size'): number {
  const { hex, decimal, suffix = unit } = SIZE.exec(text)?.groups ?? {};
  const number = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
  const bytes = Math.floor(number * 1024 ** SUFFIXES.indexOf(suffix.toUpperCase()));
  if (!(bytes < LIMIT)) {
    throw new UsageError(
      `Parameter '${name}' expects a non-negative number below 2^64`,
      'Optional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta-\nand exabytes, respectively.',
    );
  }
  return bytes;
}
