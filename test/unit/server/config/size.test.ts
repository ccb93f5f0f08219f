import { describe, expect, it } from 'vitest';
import { parseSize } from '../../../../server/config/size.ts';

describe('parseSize', () => {
  it.each([
    ['1', 'M', 1 << 20],
    ['1', 'B', 1],
    ['256', 'M', 256 << 20],
    ['512k', 'M', 512 << 10],
    ['512K', 'B', 512 << 10],
    ['1.5G', 'M', 1.5 * 2 ** 30],
    ['.5M', 'M', 1 << 19],
    ['2g', 'M', 2 ** 31],
    ['3T', 'M', 3 * 2 ** 40],
    ['1P', 'B', 2 ** 50],
    ['1e', 'B', 2 ** 60],
    ['7b', 'M', 7],
    ['0x10', 'M', 16 << 20],
    ['0x10', 'B', 16],
    ['1.0009k', 'B', 1024],
  ] as const)('reads %s in %s as %d bytes', (text, unit, bytes) => {
    expect(parseSize(text, unit)).toBe(bytes);
  });

  it.each(['', ' 1', '1 ', '-1', '+1', '5x', '1e3', '1MM', '0x10M', '0x', '1,5', '.', '16E', '18446744073709551616'])(
    'refuses %j',
    (text) => {
      expect(() => parseSize(text, 'B')).toThrow("Parameter 'size' expects a non-negative number below 2^64");
    },
  );

  it('names the parameter and the suffixes', () => {
    expect(() => parseSize('x', 'B', 'limit')).toThrow(
      expect.objectContaining({
        message: expect.stringContaining("'limit'"),
        hint: expect.stringContaining('k, M, G'),
      }),
    );
  });
});
