import { describe, expect, it } from 'vitest';
import { readJson, writeJson } from '../../../clients/json.ts';

describe('JSON', () => {
  it.each([
    ['18446744073709551615', 18446744073709551615n],
    ['-9223372036854775808', -9223372036854775808n],
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', 9007199254740993n],
    ['1.5', 1.5],
    ['1e30', 1e30],
    ['{"a":[9007199254740993,"9007199254740993"]}', { a: [9007199254740993n, '9007199254740993'] }],
  ])('%s', (text, value) => {
    expect(readJson(text)).toEqual(value);
    expect(readJson(writeJson(value))).toEqual(value);
  });

  it('is written with integers as they are', () => {
    expect(writeJson({ a: 2n ** 64n - 1n, b: 5n, c: undefined, d: [1.5, 'x'] })).toBe(
      '{"a":18446744073709551615,"b":5,"d":[1.5,"x"]}',
    );
    expect(writeJson([1n], 2)).toBe('[\n  1\n]');
  });
});
