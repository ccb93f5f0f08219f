/** Regions on their way to the translator: what goes there, and what is made of it. */
import { describe, expect, test } from 'vitest';
import { isField } from '../../../../core/ir/ops.ts';
import { print } from '../../../../core/ir/print.ts';
import { verify } from '../../../../core/ir/verify.ts';
import { PROBES } from '../../../../core/jit/probes.ts';
import { type Blueprint, blueprintOf, buildBlocks } from '../../../../core/jit/region/blueprint.ts';
import type { PlacedProbe } from '../../../../core/jit/script.ts';
import { RECORD_BYTES } from '../../../../core/wasm/record.ts';
import type { RegionBlock } from '../../../../core/wasm/region/graph.ts';
import { guestCode, partOf } from './code.ts';

const COUNTERS = 0x4000;

/** The block of `source`, with probes, alone in a region. */
function blueprint(source: string, probes: readonly PlacedProbe[] = []): Blueprint {
  const code = guestCode(`start:\n${source}`);
  const part = partOf(code.blockAt(code.at('start'))!, probes);
  const control = { kind: 'goto', to: { exit: part.block.next } } as const;
  return blueprintOf({ parts: [part], blocks: [{ part: 0, control }], full: false }, COUNTERS, true);
}

const textOf = ({ steps }: RegionBlock): readonly string[] => steps.map(({ fragment }) => print(fragment));

describe('a region', () => {
  test('travels as plain data', () => {
    const sent = blueprint('addi a0, a0, 1\nlw a1, 0(a0)\njal zero, start');
    expect(structuredClone(sent)).toEqual(sent);
  });

  test('has every operand given, and counts what retires in it', () => {
    const [block] = buildBlocks(blueprint('addi a0, a0, 1\nlw a1, 4(a0)\nbeq a0, a1, start'));
    expect(block).toMatchObject({ pc: 0x1000n, origin: 0, instructions: 3 });
    expect(textOf(block!)).toEqual([
      '%0 = get r10\n%1 = constant 1\n%2 = add %0 %1\nset r10 %2\n',
      '%0 = get r10\n%1 = constant 4\n%2 = add %0 %1\n%3 = load.4s %2\nset r11 %3\n',
      '%0 = get r10\n%1 = get r11\n%2 = eq %0 %1\n%3 = constant 4096\nbranch %2 %3\n',
    ]);
    expect(block!.steps.map(({ offset }) => offset)).toEqual([0, RECORD_BYTES, 2 * RECORD_BYTES]);
  });

  test('ends in front of what leaves by a door, or is no instruction', () => {
    for (const last of ['csrrs a0, mstatus, zero', '.word 0']) {
      const [block] = buildBlocks(blueprint(`addi a0, a0, 1\n${last}`));
      expect(block).toMatchObject({ instructions: 1 });
      expect(block!.steps.length).toBe(1);
    }
  });

  test('asks once only what one instruction settles for the next', () => {
    const [block] = buildBlocks(blueprint('fadd.d fa0, fa1, fa2, rne\nfadd.d fa0, fa0, fa2, rne\nebreak'));
    expect(textOf(block!).map((text) => text.includes('guard'))).toEqual([true, false]);
  });
});

describe('probes', () => {
  const at = (index: number, after: boolean, name: string, more: object, callback = -1): PlacedProbe => ({
    request: { index, after, name, ...more },
    callback,
  });

  test('stand where they were asked for, with counters by their distance', () => {
    const probes = [
      at(0, false, 'count', { counter: COUNTERS + 24, operand: 2n }),
      at(1, false, 'call', {}, 7),
      at(1, true, 'when-any-address', { operand: 0x80n, length: 16n }, 8),
    ];
    const [block] = buildBlocks(blueprint('addi a0, a0, 1\nlw a1, 4(a0)\njal zero, start', probes));
    const text = textOf(block!);
    expect(text[0]).toBe('%0 = constant 2\ncount counter24 %0\n');
    expect(text[2]).toBe('call callback7\n');
    expect(text[4]).toContain('callIf callback8');
    expect(text[4]).toContain('constant 128\n');
    expect(block!.instructions).toBe(3);
    expect(block!.steps.map(({ traced }) => traced)).toEqual([false, false, false, true, false, false]);
  });

  test.each([...PROBES.keys()])('of the kind %s have every operand given', (name) => {
    const after = /load|store|any/.test(name);
    const operands = name.endsWith('address') ? { length: 8n } : { counter: COUNTERS };
    const probe = at(0, after, name, { operand: 1n, ...operands }, 3);
    const [block] = buildBlocks(blueprint('sd a1, 4(a0)\njal zero, start', [probe]));
    const { fragment } = block!.steps[after ? 1 : 0]!;
    verify(fragment);
    expect(fragment.some(({ value, counter, callback }) => [value, counter, callback].some(isField))).toBe(false);
  });
});
