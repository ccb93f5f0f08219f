import { describe, expect, it } from 'vitest';
import { JsonReader } from '../../../monitor/json/reader.ts';
import { JsonNumber, type JsonValue } from '../../../monitor/json/value.ts';
import { writeJson } from '../../../monitor/json/writer.ts';

/** A byte a character, so that tests can spell broken UTF-8. */
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** What the reader says to a stream: values as text, errors without what they have in common. */
function read(chunks: Iterable<Uint8Array>): string[] {
  const said: string[] = [];
  const reader = new JsonReader({
    value: (value) => said.push(writeJson(value)),
    error: (message) => said.push(`! ${message.replace(/^JSON parse error, /, '')}`),
  });
  for (const chunk of chunks) reader.feed(chunk);
  return said;
}

function* bytewise(bytes: Uint8Array): Generator<Uint8Array> {
  for (const byte of bytes) yield Uint8Array.of(byte);
}

function only(text: string): JsonValue {
  const values: JsonValue[] = [];
  const reader = new JsonReader({
    value: (value) => values.push(value),
    error: (message) => {
      throw new Error(message);
    },
  });
  reader.feed(new TextEncoder().encode(`${text}\n`));
  expect(values).toHaveLength(1);
  return values[0]!;
}

/** As QEMU 7.2 answers, but for the cases under `one error`. Input is one byte a character. */
const CASES: Readonly<Record<string, readonly (readonly [input: string, ...said: string[]])[]>> = {
  'any number of values': [
    [''],
    [' \t\r\n'],
    ['{}{}', '{}', '{}'],
    ['[]5 "s"true null ', '[]', '5', '"s"', 'true', 'null'],
    ['"a""b"\'c\'', '"a"', '"b"', '"c"'],
    ['1a ', '1', "! invalid keyword 'a'"],
    ['"ab"cd"', '"ab"', "! invalid keyword 'cd'"],
    ['"abc'],
    ['[1,2'],
    ['-'],
    ['12'],
  ],
  strings: [
    [`"'"'"'`, `"'"`, '"\\""'],
    [`'\\''"\\'"`, `"'"`, `"'"`],
    ['"\\b\\f\\n\\r\\t\\/\\\\\\""', '"\\b\\f\\n\\r\\t/\\\\\\""'],
    ['"\\u00e9\\ud83d\\ude00\\u0000"', '"\\u00E9\\uD83D\\uDE00\\u0000"'],
    ['"\xc3\xa9\xf0\x9f\x98\x80\xef\xbb\xbf"', '"\\u00E9\\uD83D\\uDE00\\uFEFF"'],
    ['"\xc0\x80"', '"\\u0000"'],
    ['"\x7f"', '"\\u007F"'],
    ['"%p"', '"%p"'],
  ],
  'bad strings': [
    ['"\\q"', '! invalid escape sequence in string'],
    ['"\\u12"', '! \\u12" is not a valid Unicode character'],
    ["'\\u12'", "! \\u12' is not a valid Unicode character"],
    ['"\\u12zz"', '! \\u12zz is not a valid Unicode character'],
    ['"\\ud83d"', '! \\ud83d is not a valid Unicode character'],
    ['"\\uD83d\\u0041"', '! \\uD83d is not a valid Unicode character'],
    ['"\\u0041\\ude00"', '! \\ude00 is not a valid Unicode character'],
    ['"\\uFFFF"', '! \\uFFFF is not a valid Unicode character'],
    ['"\\ufdd0"', '! \\ufdd0 is not a valid Unicode character'],
    ['"\xc3("', '! invalid UTF-8 sequence in string'],
    ['"\xc3"', '! invalid UTF-8 sequence in string'],
    ['"\xc0\x81"', '! invalid UTF-8 sequence in string'],
    ['"\xe0\x80\x80"', '! invalid UTF-8 sequence in string'],
    ['"\xed\xa0\x80"', '! invalid UTF-8 sequence in string'],
    ['"\xef\xbf\xbf"', '! invalid UTF-8 sequence in string'],
    ['"\xf4\x90\x80\x80"', '! invalid UTF-8 sequence in string'],
  ],
  numbers: [
    ['0 -0 10 -7 ', '0', '0', '10', '-7'],
    ['0.5 -0.0 2.50 0.1 ', '0.5', '-0', '2.5', '0.10000000000000001'],
    ['1.0 1e2 1E+2 1e-4 1e-5 ', '1', '100', '100', '0.0001', '1.0000000000000001e-05'],
    ['9007199254740993 18446744073709551615 ', '9007199254740993', '18446744073709551615'],
    ['-9223372036854775808 -9223372036854775809 ', '-9223372036854775808', '-9.2233720368547758e+18'],
    ['12345678901234567890123 ', '1.2345678901234568e+22'],
    ['-0a ', '0', "! invalid keyword 'a'"],
  ],
  'syntax errors': [
    ['}', '! expecting value'],
    [']', '! expecting value'],
    [',', '! expecting value'],
    [':', '! expecting value'],
    ['{"a":}', '! expecting value'],
    ['{"a":1,}', '! expecting value'],
    ['[1,]', '! expecting value'],
    ['foo bar ', "! invalid keyword 'foo'", "! invalid keyword 'bar'"],
    ['{foo:1}', "! invalid keyword 'foo'"],
    ['tru3 ', "! invalid keyword 'tru'", '3'],
    ['{"a" 1}', '! missing : in object pair'],
    ['{"a"}', '! missing : in object pair'],
    ['{"a",1}', '! missing : in object pair'],
    ['{"a":1 "b":2}', '! expected separator in dict'],
    ['[1 2]', '! expected separator in list'],
    ['[1 "\\q"]', '! expected separator in list'],
    ['{"a":1,"a":2}', '! duplicate key'],
    ['{"a":1,"a" 2}', '! missing : in object pair'],
    ['{"a":1,"a":foo}', "! invalid keyword 'foo'"],
    ['{1:2}', '! key is not a string in object'],
    ['{"a":1,2}', '! key is not a string in object'],
    ['{null:1}', '! key is not a string in object'],
    ['{[1]:2}', '! key is not a string in object'],
    ['{[1 2]:2}', '! expected separator in list'],
    ['{"__proto__":1,"toString":2}', '{"__proto__": 1, "toString": 2}'],
  ],
  'mismatched brackets': [
    ['{]', '! expecting value'],
    ['[}', '! expecting value'],
    ['[1}', '! expected separator in list'],
    ['{"a":1]', '! expected separator in dict'],
    ['{"a"]', '! missing : in object pair'],
    ['{]\n{}', '! expecting value', '{}'],
    ['{]{"a":1}', '! expecting value', '{"a": 1}'],
    ['{}}{}', '{}', '! expecting value', '{}'],
  ],
  'one error': [
    ['{]}', '! expecting value'],
    ['[}]{}', '! expecting value', '{}'],
    ['{"a":[}{}', '! expecting value', '{}'],
    ['[1,{"a":2],3,[4],"b"]5 ', '! expected separator in dict', '5'],
    ['{"a":[1}5\n6 ', '! expected separator in list', '6'],
  ],
  'lexical errors': [
    ['/', "! stray '/'"],
    ['%p{}', "! stray '%'", '{}'],
    ['+1 ', "! stray '+'"],
    ['NaN', "! stray 'N'"],
    ['01 ', "! stray '01'"],
    ['-01 ', "! stray '-01'"],
    ['- 1', "! stray '- '"],
    ['-a', "! stray '-a'"],
    ['1.x', "! stray '1.x'"],
    ['1ex', "! stray '1ex'"],
    ['1e+ ', "! stray '1e+ '"],
    ['1.5.5 ', '1.5', "! stray '.'"],
    ['a_b ', "! invalid keyword 'a'", "! stray '_'"],
    ['\x00', "! stray ''"],
    ['\x0c\x0b', "! stray '\x0c'", "! stray '\x0b'"],
    ['\x7f', "! stray '\x7f'"],
    ['\xef\xbb\xbf{}', "! stray '\ufffd'", '{}'],
    ['\xc3\xa9\xc3\xa9\n', "! stray '\ufffd'"],
    ['"b\tc"', "! stray '\"b\t'"],
    ['"b\n{}', "! stray '\"b\n'", '{}'],
    ['"\\\x01"', "! stray '\"\\\x01'"],
    ['"ab\xc3\xa9\x01', "! stray '\"ab\xe9\x01'"],
  ],
  'recovery from lexical errors': [
    ['@@@{}', "! stray '@'", '{}'],
    ['@ @', "! stray '@'"],
    ['@"{"}', "! stray '@'"],
    ['a@b 1\n2 ', "! invalid keyword 'a'", "! stray '@'", '2'],
    ['{@}{}', "! stray '@'", '! expecting value', '{}'],
    ['[01]', "! stray '01'", '! expecting value'],
    ['{\xff\n{}', "! stray '\ufffd'", '{}'],
    ['{\x01{}', "! stray '\x01'", '{}'],
    ["{'bad \xff{}", "! stray ''bad \ufffd'", '{}'],
    ['"\xff\xff"', "! stray '\"\ufffd'", "! stray '\ufffd'"],
    ['"ab\xfe', "! stray '\"ab\ufffd'"],
    ['{"a":"na\xff\n{}', "! stray '\"na\ufffd'", '{}'],
    [
      'GET / HTTP/1.1\r\nHost: abc\r\n\r\n',
      "! stray 'G'",
      "! stray 'H'",
      '! expecting value',
      "! invalid keyword 'abc'",
    ],
  ],
};

describe.each(Object.entries(CASES))('%s', (_, cases) => {
  it.each(cases)('%j', (input, ...said) => {
    const bytes = latin1(input);
    expect(read([bytes])).toEqual(said);
    expect(read(bytewise(bytes))).toEqual(said);
    for (let cut = 1; cut < bytes.length; cut++) {
      expect(read([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(said);
    }
  });
});

describe('values', () => {
  it('tells integers from other numbers', () => {
    expect(only('1')).toBe(1);
    expect(only('1.0')).toEqual(new JsonNumber(1));
    expect(only('1e400')).toEqual(new JsonNumber(Number.POSITIVE_INFINITY));
    expect(only('9007199254740991')).toBe(9007199254740991);
    expect(only('9007199254740992')).toBe(9007199254740992n);
    expect(only('18446744073709551616')).toEqual(new JsonNumber(2 ** 64));
    expect(only('9'.repeat(100_000))).toEqual(new JsonNumber(Number.POSITIVE_INFINITY));
  });

  it('has objects without prototype', () => {
    expect(Object.getPrototypeOf(only('{"a": 1}'))).toBeNull();
  });
});

describe('limits', () => {
  const NESTING = '! JSON nesting depth limit exceeded';
  const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

  it('nests 1024 deep', () => {
    expect(read([utf8(nested(1024))])).toEqual([nested(1024)]);
  });

  it('reports what is nested deeper once, and finds the end of it', () => {
    expect(read([utf8(`${nested(1025)}5 `)])).toEqual([NESTING, '5']);
    expect(read([utf8(`[${nested(2000)}, {"a": ${nested(2000)}}]5 `)])).toEqual([NESTING, '5']);
    expect(read([utf8(`${'['.repeat(5000)}\n{}`)])).toEqual([NESTING, '{}']);
    expect(read([utf8('['.repeat(5000)), Uint8Array.of(0xff), utf8('{}')])).toEqual([
      NESTING,
      "! stray '\ufffd'",
      '{}',
    ]);
  });

  it('takes 2 Mi tokens', () => {
    const list = (length: number): string => `[${'1,'.repeat(length - 1)}1]`;
    const said: number[] = [];
    const errors: string[] = [];
    const reader = new JsonReader({
      value: (value) => said.push((value as JsonValue[]).length),
      error: (message) => errors.push(message),
    });
    // Brackets, elements and commas: 2 × length + 1.
    reader.feed(utf8(list(2 ** 20 - 1)));
    reader.feed(utf8(list(2 ** 20)));
    reader.feed(utf8('[1]'));
    expect(said).toEqual([2 ** 20 - 1, 1]);
    expect(errors).toEqual(['JSON token count limit exceeded']);
  });

  it('takes 64 MiB of tokens, in one or in many', () => {
    const SIZE = '! JSON token size limit exceeded';
    const chunk = utf8('x'.repeat(2 ** 20));
    const long = (mebibytes: number): Uint8Array[] => [utf8('"'), ...Array(mebibytes).fill(chunk), utf8('"')];
    expect(read([...long(65), utf8('5 ')])).toEqual([SIZE, '5']);
    expect(read([utf8('["a",'), ...long(65), utf8(',{"b":1}]5 ')])).toEqual([SIZE, '5']);
    const many = Array(65)
      .fill([chunk, utf8('","')])
      .flat();
    expect(read([utf8('["'), ...many, utf8('"]5 ')])).toEqual([SIZE, '5']);
  });

  it('reads a long string, even a byte at a time: in time that grows with its length', () => {
    const text = 'x'.repeat(2 ** 20);
    expect(read(bytewise(utf8(JSON.stringify(text))))).toEqual([JSON.stringify(text)]);
  });
});
