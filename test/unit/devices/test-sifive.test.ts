import { expect, test } from 'vitest';
import { type Finish, testSifive } from '../../../core/devices/test-sifive.ts';
import { onBench } from './bench.ts';

test.each([
  [0x5555, { kind: 'pass', code: 0 }],
  [0x7777, { kind: 'reset', code: 0 }],
  [0x0003_3333, { kind: 'fail', code: 3 }],
  [0xffff_3333, { kind: 'fail', code: 0xffff }],
  [0x1234, undefined],
] as const)('0x%x', (word, expected) => {
  const finishes: Finish[] = [];
  const { set, get } = onBench(testSifive, { finish: (finish) => finishes.push(finish) });
  set(0, word);
  expect(get(0)).toBe(0);
  expect(finishes).toEqual(expected ? [expected] : []);
});

test('the low half may be written alone, a byte may not', () => {
  const finishes: Finish[] = [];
  const { set } = onBench(testSifive, { finish: (finish) => finishes.push(finish) });
  set(0, 0x55, 1);
  set(2, 0x5555, 2);
  expect(finishes).toEqual([]);
  set(0, 0x5555, 2);
  expect(finishes).toEqual([{ kind: 'pass', code: 0 }]);
});
