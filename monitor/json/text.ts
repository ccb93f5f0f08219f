/** From the bytes of a token to its value. */
import { JsonError, JsonNumber } from './value.ts';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });

/** Bytes as text for an error message: what is not UTF-8 shows as U+FFFD, and a NUL ends it, as QEMU prints it. */
export const shown = (bytes: Uint8Array): string => {
  const nul = bytes.indexOf(0);
  return lenient.decode(nul < 0 ? bytes : bytes.subarray(0, nul));
};

const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  '"': '"',
  "'": "'",
  '\\': '\\',
  '/': '/',
};

const NONCHARACTER = /\p{Noncharacter_Code_Point}|\p{Surrogate}/u;
const ESCAPE =
  /\\(?:u(?<high>[dD][89abAB][\da-fA-F]{2})\\u(?<low>[dD][c-fC-F][\da-fA-F]{2})|u(?<unit>[\s\S]{0,4})|(?<letter>[\s\S]))/g;

/** C0 80 is accepted as U+0000. As C0 occurs nowhere else in UTF-8, nothing else can be hit. */
function withoutOverlongNul(bytes: Uint8Array): Uint8Array {
  const result: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === 0xc0 && bytes[at + 1] === 0x80) {
      result.push(0);
      at++;
    } else {
      result.push(bytes[at]!);
    }
  }
  return Uint8Array.from(result);
}

function utf8(bytes: Uint8Array): string {
  try {
    const text = strict.decode(bytes.includes(0xc0) ? withoutOverlongNul(bytes) : bytes);
    if (!NONCHARACTER.test(text)) return text;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  throw new JsonError('invalid UTF-8 sequence in string');
}

/**
 * The value of a string token.
 * @param token its bytes with the quotes
 * @throws JsonError bad UTF-8, an unknown escape, or one that stands for no character
 */
export function stringValue(token: Uint8Array): string {
  // The closing quote stays for now: an escape cut short shows it in its error.
  const text = utf8(token.subarray(1));
  if (!text.includes('\\')) return text.slice(0, -1);
  const unescaped = text.replace(ESCAPE, (sequence: string, ...rest: unknown[]) => {
    const { high, low, unit, letter } = rest.at(-1) as Record<string, string | undefined>;
    if (letter !== undefined) {
      const character = ESCAPES[letter];
      if (character === undefined) throw new JsonError('invalid escape sequence in string');
      return character;
    }
    const units = high !== undefined && low !== undefined ? [high, low] : [unit ?? ''];
    const character = String.fromCharCode(...units.map((hex) => Number.parseInt(hex, 16)));
    if (units.some((hex) => !/^[\da-fA-F]{4}$/.test(hex)) || NONCHARACTER.test(character)) {
      throw new JsonError(`${sequence.slice(0, 6)} is not a valid Unicode character`);
    }
    return character;
  });
  return unescaped.slice(0, -1);
}

const INT64_MIN = -(1n << 63n);
const UINT64_MAX = (1n << 64n) - 1n;
/** The longest integer of 64 bits: -9223372036854775808, 18446744073709551615. */
const DIGITS_MAX = 20;

/** The value of an integer token: exact where it fits 64 bits. */
export function integerValue(token: Uint8Array): number | bigint | JsonNumber {
  const text = lenient.decode(token);
  const number = Number(text);
  // - 0 has no sign as an integer.
  if (Number.isSafeInteger(number)) return number + 0;
  if (text.length <= DIGITS_MAX) {
    const exact = BigInt(text);
    if (exact >= INT64_MIN && exact <= UINT64_MAX) return exact;
  }
  return new JsonNumber(number);
}

export const floatValue = (token: Uint8Array): JsonNumber => new JsonNumber(Number(lenient.decode(token)));

/** @throws JsonError any word but `true`, `false` and `null` */
export function keywordValue(token: Uint8Array): boolean | null {
  switch (lenient.decode(token)) {
    case 'true':
      return true;
    case 'false':
      return false;
    case 'null':
      return null;
    default:
      throw new JsonError(`invalid keyword '${shown(token)}'`);
  }
}
