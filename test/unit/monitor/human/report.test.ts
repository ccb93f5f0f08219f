import { describe, expect, it } from 'vitest';
import { valueLines } from '../../../../monitor/human/report.ts';

describe('a report', () => {
  it('shows a list of objects as a table, numbers to the right, addresses in hexadecimal', () => {
    expect(
      valueLines([
        { pc: 0xffff_ffff_8000_0000n, count: 1_234_567, symbol: 'memcpy' },
        { pc: 0x8000_0000, count: 3n, symbol: 'main' },
      ]),
    ).toEqual([
      '                pc      count  symbol',
      '0xffffffff80000000  1,234,567  memcpy',
      '0x0000000080000000          3  main',
    ]);
  });

  it('gives a member that only some have a column of its own', () => {
    expect(valueLines([{ a: 1 }, { b: 'x' }, { a: 10, b: undefined }])).toEqual([' a  b', ' 1', '    x', '10']);
  });

  it('shows an object as names and values', () => {
    expect(valueLines({ name: 'loop', vaddr: 16, hits: 12_345 })).toEqual([
      'name   loop',
      'vaddr  0x0000000000000010',
      'hits   12,345',
    ]);
    expect(valueLines({ hits: 12_345, misses: 7n })).toEqual(['hits    12,345', 'misses       7']);
  });

  it('shows members that have members below their names, in their order', () => {
    expect(valueLines({ total: 5, blocks: [{ pc: 4, n: 2 }], by: { load: { hits: 1 }, store: {} }, last: 10 })).toEqual(
      [
        'total   5',
        'blocks',
        '                  pc  n',
        '  0x0000000000000004  2',
        'by',
        '  load',
        '    hits  1',
        '  store',
        '    (none)',
        'last   10',
      ],
    );
  });

  it.each([
    [7, ['7']],
    [(1n << 64n) - 1n, ['18,446,744,073,709,551,615']],
    [-1_234_567, ['-1,234,567']],
    [2 / 3, ['0.666667']],
    [1e21, ['1e+21']],
    [Number.NaN, ['NaN']],
    ['text', ['text']],
    ['two\nlines', ['two\\nlines']],
    [true, ['true']],
    [null, ['null']],
    [[], ['(none)']],
    [{}, ['(none)']],
    [[1, 2000, 'x'], ['1, 2,000, x']],
    [{ pcs: [1, 2] }, ['pcs  0x0000000000000001, 0x0000000000000002']],
    [
      [
        [1, 2],
        [3, 4],
      ],
      ['1, 2', '3, 4'],
    ],
    [[{ path: ['a', 'b'], at: { x: 1n } }], ['path  at', 'a, b  {"x": 1}']],
  ])('shows %o', (value, lines) => {
    expect(valueLines(value)).toEqual(lines);
  });

  it.each(['pc', 'address', 'vaddr', 'paddr', 'addr', 'callerPc', 'caller-pc', 'caller_pc', 'returnAddress', 'PC'])(
    'takes %s for an address',
    (name) => {
      expect(valueLines({ [name]: 1 })).toEqual([`${name}  0x0000000000000001`]);
    },
  );
  it.each(['epc-count', 'ipc', 'addresses-seen', 'padding'])('takes %s for a number', (name) => {
    expect(valueLines({ [name]: 1 })).toEqual([`${name}  1`]);
  });
  it('takes no negative number for an address', () => {
    expect(valueLines({ pc: -1 })).toEqual(['pc  -1']);
  });

  it('may be long', () => {
    const list = Array.from({ length: 300_000 }, (_, pc) => ({ pc }));
    expect(valueLines(list)).toHaveLength(300_001);
    const members = Object.fromEntries(list.map(({ pc }) => [`at ${pc}`, pc % 3 === 0 ? { pc } : pc]));
    expect(valueLines(members)).toHaveLength(400_000);
  });
});
