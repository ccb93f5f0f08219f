/** `/FMT`: how many items to show, how, and how large they are. */
import type { HumanFormat, HumanSession } from '../command.ts';
import { LineError, type Scanner } from './scanner.ts';

/** What was said: the count, 1 where nothing was, and the rest as far as it was. */
export interface FormatArgument extends Partial<HumanFormat> {
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

/** Takes `/FMT` if it is there. Of several letters of a kind, the last one counts. @throws LineError */
export function scanFormat(scanner: Scanner): FormatArgument {
  if (scanner.atEnd() || scanner.take(/\//y) === undefined) return { count: 1 };
  let format: FormatArgument = { count: Number(scanner.take(/\d+/y) ?? 1) };
  for (let letter = scanner.take(/\S/y); letter !== undefined; letter = scanner.take(/\S/y)) {
    const part = LETTERS[letter];
    if (part === undefined) throw new LineError(`invalid char in format: '${letter}'`);
    format = { ...format, ...part };
  }
  return format;
}

/** What was said, completed by what was said before, which it replaces. */
export function chooseFormat(session: HumanSession, { letter, size }: FormatArgument): HumanFormat {
  const { format } = session;
  // Instructions have a size of their own, whatever was said.
  session.format = { letter: letter ?? format.letter, size: letter === 'i' ? format.size : (size ?? format.size) };
  return session.format;
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
