import { expect, test } from 'vitest';
import { Builder } from '../../../core/ir/builder.ts';
import { print } from '../../../core/ir/print.ts';
import { BY_NAME } from '../../../core/riscv/table.ts';
import { meaningOf } from '../../support/forms.ts';

const printed = (name: string): string => print(meaningOf(BY_NAME.get(name)!));

test('open operands show as their fields', () => {
  expect(printed('addi')).toBe('%0 = get rs1\n%1 = constant imm\n%2 = add %0 %1\nset rd %2\n');
});

test('width and signedness show behind the name', () => {
  expect(printed('lw')).toBe('%0 = get rs1\n%1 = constant imm\n%2 = add %0 %1\n%3 = load.4s %2\nset rd %3\n');
  expect(printed('lwu')).toContain('%3 = load.4 %2\n');
  expect(printed('sb')).toContain('store.1 %2 %3\n');
  expect(printed('amominu.d')).toContain('%2 = amo.minu.8 %0 %1\n');
});

test('ends show where they lead', () => {
  expect(printed('ecall')).toBe('exit ecall\n');
  expect(printed('beq')).toMatch(/branch %\d+ %\d+\n$/);
});

test('given operands show as numbers, and a known position as a constant', () => {
  const b = new Builder({ pc: 0x8000_0000n, length: 4 });
  BY_NAME.get('jal')!.meaning(b, { rd: 1, imm: -4 });
  expect(print(b.finish())).toBe(
    '%0 = constant 2147483652\nset r1 %0\n%2 = constant 2147483648\n%3 = constant -4\n%4 = add %2 %3\njump %4\n',
  );
});

test('probes show their counters and callbacks', () => {
  const b = new Builder();
  const one = b.constant(1n);
  b.count(7, one);
  b.callIf(2, b.geu(b.counter(7), one));
  b.call({ field: 'callback' });
  expect(print(b.finish())).toBe(
    '%0 = constant 1\ncount counter7 %0\n%2 = counter counter7\n%3 = geu %2 %0\ncallIf callback2 %3\ncall callback\n',
  );
});

test('equal constants are one op', () => {
  const b = new Builder();
  expect(b.constant(-1n)).toBe(b.constant(0xffff_ffff_ffff_ffffn));
  expect(b.constant(1)).not.toBe(b.constant(2));
});
