import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../../monitor/human/expression.ts';
import { Scanner } from '../../../../monitor/human/scanner.ts';

const registers = new Map([
  ['a0', 0x100n],
  ['sp', 0xffff_ffff_ffff_fff0n],
]);

/** The value of an expression, and what is left of the line behind it. */
function read(text: string): { value: bigint; rest: string } {
  const scanner = new Scanner(text);
  return { value: evaluate(scanner, (name) => registers.get(name)), rest: scanner.rest() };
}

describe('evaluate', () => {
  it.each([
    ['0', 0n],
    ['42', 42n],
    ['0x2A', 42n],
    ['0X2a', 42n],
    ['052', 42n],
    ['18446744073709551615', -1n],
    ['0xffffffffffffffff', -1n],
    ['9223372036854775807 + 1', -(1n << 63n)],
    ['-1', -1n],
    ['--1', 1n],
    ['+1', 1n],
    ['~0', -1n],
    ['~-~1', -3n],
    ['7 - 2 - 1', 4n],
    ['1 + 2 * 3', 7n],
    ['6 / 2 * 3', 9n],
    ['-7 / 2', -3n],
    ['-7 % 4', -3n],
    ['1|2^3', 0n],
    ['4 + 1 & 1', 5n],
    ['5 & 3 * 2', 4n],
    ['( 1 + 2 ) * 3', 9n],
    ['$a0', 0x100n],
    ['$sp + 0x10', 0n],
    ['$sp', -16n],
    [' \t1\n', 1n],
  ])('%s is %d', (text, value) => {
    expect(read(text)).toEqual({ value, rest: '' });
  });

  it.each([
    ['0x', 0n, 'x'],
    ['09', 0n, '9'],
    ['1)', 1n, ')'],
    ['1 << 2', 1n, '<< 2'],
    ['1 2', 1n, '2'],
    ['1 -2', -1n, ''],
  ])('of %s, takes what is an expression', (text, value, rest) => {
    expect(read(text)).toEqual({ value, rest });
  });

  it.each([
    ['', 'unexpected end of expression'],
    ['1 +', 'unexpected end of expression'],
    ['(', 'unexpected end of expression'],
    ['(1', "')' expected"],
    ['(1 2)', "')' expected"],
    ['x', "invalid char 'x' in expression"],
    ['1 + )', "invalid char ')' in expression"],
    ['1 / 0', 'division by zero'],
    ['1 % (1 - 1)', 'division by zero'],
    ['18446744073709551616', 'number too large'],
    ['0x10000000000000000', 'number too large'],
    ['$nosuch', 'unknown register'],
    ['$', 'unknown register'],
    ['-'.repeat(100_000), 'expression nested too deeply'],
    ['('.repeat(100_000), 'expression nested too deeply'],
  ])('refuses %s', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  it('takes a long expression that is not deep', () => {
    expect(read(`0${' + (1)'.repeat(10_000)}`).value).toBe(10_000n);
  });

  it('wraps where C would trap', () => {
    expect(read('(1 + ~0x8000000000000000 + 1) / 1').value).toBe(-(1n << 63n) + 1n);
    expect(read('0x8000000000000000 / -1').value).toBe(-(1n << 63n));
  });
});
