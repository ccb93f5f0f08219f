import { describe, expect, it } from 'vitest';
import { EscapeParser } from '../../../../server/chardev/escape.ts';

/** What comes out of chunks: commands as `<help>`, plain bytes as text, neighbours joined. */
function fed(...chunks: string[]): string {
  const parser = new EscapeParser();
  return chunks
    .flatMap((chunk) => [...parser.feed(Buffer.from(chunk, 'latin1'))])
    .map((part) => (typeof part === 'string' ? `<${part}>` : Buffer.from(part).toString('latin1')))
    .join('');
}

describe('EscapeParser', () => {
  it.each([
    ['passes plain bytes', ['hello', ' world\xff\0'], 'hello world\xff\0'],
    ['finds commands', ['a\x01hb\x01xc\x01td\x01ce\x01?'], 'a<help>b<exit>c<timestamps>d<switch>e<help>'],
    ['finds a command cut in two', ['ab\x01', 'cde'], 'ab<switch>de'],
    ['lets one of two escapes through', ['a\x01\x01c', '\x01', '\x01d'], 'a\x01c\x01d'],
    ['takes the escape behind a doubled one as an escape', ['\x01\x01\x01x'], '\x01<exit>'],
    ['drops what it does not know', ['a\x01qb\x01', '\nc'], 'abc'],
    ['is case-sensitive', ['\x01X\x01C'], ''],
  ])('%s', (_, chunks, expected) => {
    expect(fed(...chunks)).toBe(expected);
  });
});
