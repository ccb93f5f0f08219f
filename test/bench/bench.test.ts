import { expect, test } from 'vitest';
import { markdownTable, plainTable, type Table } from '../support/table.ts';
import { caveat } from './page.ts';
import { geometricMean, median, shown, times } from './statistics.ts';
import { SUITES } from './suites/suites.ts';

test('the median is in the middle, and the geometric mean of a ratio and its inverse is 1', () => {
  expect(median([9, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 9])).toBe(3);
  expect(geometricMean([4, 0.25])).toBeCloseTo(1);
  expect(geometricMean([2, 8])).toBeCloseTo(4);
});

test('numbers are shown with three digits', () => {
  expect([0.051_23, 1.004, 12.345, 999.9, 4567.8].map(shown)).toEqual(['0.0512', '1', '12.3', '1,000', '4,568']);
  expect([0.123, 1.5, 34.56].map(times)).toEqual(['0.12x', '1.50x', '34.6x']);
});

test('a table stands in columns on the terminal and on the page', () => {
  const table: Table = {
    columns: [{ title: 'program', isText: true }, { title: 'MIPS' }],
    rows: [
      ['a', '12'],
      ['quicksort', ''],
    ],
  };
  expect(plainTable(table).split('\n')).toEqual(['program    MIPS', '---------  ----', 'a            12', 'quicksort']);
  expect(markdownTable(table).split('\n')).toEqual([
    '| program   | MIPS |',
    '| --------- | ---: |',
    '| a         |   12 |',
    '| quicksort |      |',
  ]);
});

test('every suite and case has a name of its own, and a text for the page', () => {
  const names = SUITES.flatMap(({ name, cases }) => [name, ...cases]);
  expect(new Set(names).size).toBe(names.length);
  for (const { title, doc } of SUITES) expect(`${title} ${doc}`).toMatch(/^[A-Z].*\.$/s);
});

test('figures of too few runs, or of a busy machine, are marked', () => {
  expect(caveat({ load: 0.1, cores: 2 }, 5)).toEqual([]);
  expect(caveat({ load: 0.1, cores: 2 }, 1)).toEqual([expect.stringMatching(/fewer than 3 runs\.$/)]);
  expect(caveat({ load: 5.5, cores: 2 }, 5)).toEqual([
    expect.stringMatching(/busy with other work \(load 5\.5 on 2 cores\)\.$/),
  ]);
});
