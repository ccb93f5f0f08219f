import { describe, expect, it } from 'vitest';
import { JsonNumber } from '../../../monitor/json/value.ts';
import { writeJson } from '../../../monitor/json/writer.ts';

describe('writeJson', () => {
  it.each([
    [{ a: [1, 'b', null, true], c: {} }, '{"a": [1, "b", null, true], "c": {}}'],
    [{ a: undefined, b: [undefined] }, '{"b": [null]}'],
    ['é😀\x7f/"\\\b\f\n\r\t\x01\0', '"\\u00E9\\uD83D\\uDE00\\u007F/\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u0000"'],
    ['\ud83d', '"\\uFFFD"'],
    [18446744073709551615n, '18446744073709551615'],
    [-9223372036854775808n, '-9223372036854775808'],
    [9007199254740991, '9007199254740991'],
  ])('writes %o', (value, text) => {
    expect(writeJson(value)).toBe(text);
  });

  it.each([
    [0.1, '0.10000000000000001'],
    [2.5, '2.5'],
    [100, '100'],
    [-0, '-0'],
    [1e-4, '0.0001'],
    [1e-5, '1.0000000000000001e-05'],
    [1e16, '10000000000000000'],
    [1e17, '1e+17'],
    [1e21, '1e+21'],
    [2 ** 64, '1.8446744073709552e+19'],
    [1.5e300, '1.5000000000000001e+300'],
    [-1.25e-7, '-1.2499999999999999e-07'],
    [Number.NEGATIVE_INFINITY, '-1e+999'],
    [Number.NaN, 'null'],
  ])('writes the double %d as C does', (value, text) => {
    expect(writeJson(new JsonNumber(value))).toBe(text);
    expect(writeJson(value)).toBe(text);
  });

  it('writes pretty text as QEMU does', () => {
    const value = { return: {}, id: [[], {}, 1, { a: 2 }] };
    const text = `{
    "return": {
    },
    "id": [
        [
        ],
        {
        },
        1,
        {
            "a": 2
        }
    ]
}`;
    expect(writeJson(value, true)).toBe(text.replaceAll('\n', '\r\n'));
  });
});
