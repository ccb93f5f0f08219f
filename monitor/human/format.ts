/** `/FMT`: how many items to show, how, and how large they are. */
import type { HumanFormat, HumanSession } from '../command.ts';
import { LineError, type Scanner } from './scanner.ts';

/** What a command is to show. */
export interface FormatArgument extends HumanFormat {
  readonly count: number;
}

const LETTERS: Readonly<Record<string, Partial<HumanFormat>>> = {
  x: { letter: 'x' },
  d: { letter: 'd' },
  u: { letter: 'u' },
  o: { letter: 'o' },
  c: { letter: 'c' },
  i: { letter: 'i' },
  b: { size: 1 },
  h: { size: 2 },
  w: { size: 4 },
  g: { size: 8 },
};

/**
 * Takes `/FMT` if it is there. Of several letters of a kind, the last one counts. What is not said is as it was before;
 * the count is 1.
 * @throws LineError
 */
export function takeFormat(session: HumanSession, scanner: Scanner): FormatArgument {
  if (scanner.atEnd() || scanner.take(/\//y) === undefined) return { ...session.format, count: 1 };
  const count = Number(scanner.take(/\d+/y) ?? 1);
  let format = session.format;
  for (let next = scanner.take(/\S/y); next !== undefined; next = scanner.take(/\S/y)) {
    const part = LETTERS[next];
    if (part === undefined) throw new LineError(`invalid char in format: '${next}'`);
    format = { ...format, ...part };
  }
  // Instructions have a size of their own, whatever was said.
  session.format = format.letter === 'i' ? { ...session.format, letter: 'i' } : format;
  return { ...session.format, count };
}

/** `'A'`. What is not printable, or not ASCII, shows as `\n`, `\r` or a number. @param code 0 to 2^32 - 1 */
export function showCharacter(code: number): string {
  switch (code) {
    case 0x0a:
      return "'\\n'";
    case 0x0d:
      return "'\\r'";
    case 0x27:
      return "'\\''";
    case 0x5c:
      return "'\\\\'";
    default:
      return code >= 0x20 && code < 0x7f
        ? `'${String.fromCharCode(code)}'`
        : `'\\x${code.toString(16).padStart(2, '0')}'`;
  }
}
