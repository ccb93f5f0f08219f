/** Which blocks become a region, and where control goes from each. */
import { describe, expect, test } from 'vitest';
import { type FormedRegion, formRegion, type RegionPart } from '../../../../core/jit/region/form-region.ts';
import type { Edge } from '../../../../core/wasm/region/graph.ts';
import { type GuestCode, guestCode, partOf } from './code.ts';

interface Profile {
  /** How often blocks have been entered, by label; those that are not named 10 times. Below 1 they are cold. */
  readonly heat?: Readonly<Record<string, number>>;
  /** Where the indirect jumps at the ends of blocks have gone, by labels. */
  readonly targets?: Readonly<Record<string, readonly string[]>>;
}

type Formed = FormedRegion<RegionPart> | undefined;

function form(code: GuestCode, { heat = {}, targets = {} }: Profile = {}): Formed {
  const parts = new Map<bigint, RegionPart>();
  const heatAt = (pc: bigint): number => heat[code.nameOf(pc)] ?? 10;
  const partAt = (pc: bigint): RegionPart | undefined => {
    const block = code.blockAt(pc);
    const part = parts.get(pc) ?? (block && partOf(block));
    if (part) parts.set(pc, part);
    return part;
  };
  return formRegion(partAt(code.at('start'))!, {
    warm: (pc) => (heatAt(pc) < 1 ? undefined : partAt(pc)),
    heat: ({ block }) => heatAt(block.pc),
    targets: ({ block }) => (targets[code.nameOf(block.pc)] ?? []).map(code.at),
  });
}

/** A line for each block: its index, its name, and where control goes. */
function linesOf({ nameOf }: GuestCode, formed: Formed): readonly string[] {
  const edge = (to: Edge): string => ('exit' in to ? `out to ${nameOf(to.exit)}` : `${to.block}`);
  return formed!.blocks.map(({ part, control }, index) => {
    const name = `${index} ${nameOf(formed!.parts[part]!.block.pc)}:`;
    switch (control.kind) {
      case 'goto':
        return `${name} ${edge(control.to)}`;
      case 'branch':
        return `${name} ${edge(control.taken)} or ${edge(control.next)}`;
      case 'indirect':
        return [name, ...control.likely.map(({ address, block }) => `${nameOf(address)} is ${block},`), 'or out'].join(
          ' ',
        );
      case 'resume':
        return `${name} interpreted from ${control.offset}`;
      default:
        throw new Error(`${control.kind} is made later`);
    }
  });
}

/** The lines of the region at `start`. */
function lines(source: string, profile?: Profile): readonly string[] {
  const code = guestCode(source);
  return linesOf(code, form(code, profile));
}

const NOPS = (count: number): string => Array(count).fill('addi zero, zero, 0').join('\n');

describe('branches and jumps', () => {
  const source =
    'start:\nbeq a0, a1, other\nnext:\njal zero, end\nother:\naddi a0, a0, 1\nend:\nbne a0, a1, start\nlast:\nebreak';

  test('lead to blocks that are warm', () => {
    expect(lines(source, { heat: { last: 0 } })).toEqual([
      '0 start: 1 or 2',
      '1 other: 0 or out to last',
      '2 next: 3',
      '3 end: 0 or out to last',
    ]);
  });

  test('lead out to those that are cold', () => {
    expect(lines(source, { heat: { other: 0, last: 0 } })).toEqual([
      '0 start: out to other or 1',
      '1 next: 2',
      '2 end: 0 or out to last',
    ]);
  });

  test('have a block that is cut go on behind it', () => {
    expect(lines(`start:\n${NOPS(64)}\nrest:\njal zero, start`)).toEqual(['0 start: 1', '1 rest: 0']);
  });

  test('lead out to where there is no code', () => {
    expect(lines('start:\njal zero, 0x8000')).toEqual(['0 start: out to 0x8000']);
  });
});

describe('what the interpreter has to do', () => {
  test('ends the region in front of the instruction', () => {
    expect(lines('start:\naddi a0, a0, 1\naddi a0, a0, 1\necall')).toEqual(['0 start: interpreted from 64']);
    expect(lines('start:\naddi a0, a0, 1\n.word 0')).toEqual(['0 start: interpreted from 32']);
  });

  test('is no region', () => {
    const code = guestCode('start:\necall');
    expect(form(code)).toBeUndefined();
  });
});

describe('calls', () => {
  test('have a copy of the function each, which returns to the one place', () => {
    const source = 'start:\njal ra, f\nback:\njal ra, f\nagain:\njal zero, start\nf:\njalr zero, 0(ra)';
    const code = guestCode(source);
    const formed = form(code)!;
    expect(linesOf(code, formed)).toEqual([
      ...['0 start: 1', '1 f: back is 2, or out', '2 back: 3', '3 f: again is 4, or out', '4 again: 0'],
    ]);
    expect(formed.parts.length).toBe(4);
  });

  test('may be by way of t0', () => {
    expect(lines('start:\njal t0, f\nback:\nebreak\nf:\njalr zero, 0(t0)')).toEqual([
      ...['0 start: 1', '1 f: back is 2, or out', '2 back: interpreted from 0'],
    ]);
  });

  test('of where a register says are calls too', () => {
    const source = 'start:\njalr ra, 0(a0)\nback:\njal zero, start\nf:\njalr zero, 0(ra)';
    expect(lines(source, { targets: { start: ['f'] } })).toEqual([
      ...['0 start: f is 1, or out', '1 f: back is 2, or out', '2 back: 0'],
    ]);
  });

  test('return out where the caller does not go on', () => {
    const source = 'start:\njal ra, f\nback:\njal zero, start\nf:\njalr zero, 0(ra)';
    expect(lines(source, { heat: { back: 0 } })).toEqual(['0 start: 1', '1 f: or out']);
  });

  test('of the function itself are told apart by nothing: they return where they usually do', () => {
    const source = [
      'start:\nbeq a0, zero, out',
      'deeper:\naddi a0, a0, -1\njal ra, start',
      'back:\naddi a1, a1, 1',
      'out:\njalr zero, 0(ra)',
    ].join('\n');
    expect(lines(source, { targets: { out: ['back'], back: ['back'] } })).toEqual([
      // As entered by whoever it was, then as called from within, then from within that.
      '0 start: 1 or 2',
      '1 out: or out',
      '2 deeper: 3',
      '3 start: 4 or 5',
      '4 out: back is 6, or out',
      '5 deeper: 7',
      '6 back: or out',
      '7 start: 8 or 9',
      '8 out: back is 10, or out',
      '9 deeper: 7',
      '10 back: back is 10, or out',
    ]);
  });

  test('are told apart by the last three return addresses', () => {
    const level = (number: number): string => `f${number}:\njal ra, f${number + 1}\nback${number}:\njalr zero, 0(ra)`;
    const levels = [1, 2, 3, 4].map(level);
    const source = ['start:\njal ra, f1\nback0:\nebreak', ...levels, 'f5:\njalr zero, 0(ra)'].join('\n');
    expect(lines(source)).toEqual([
      ...['0 start: 1', '1 f1: 2', '2 f2: 3', '3 f3: 4', '4 f4: 5', '5 f5: back4 is 6, or out'],
      ...['6 back4: back3 is 7, or out', '7 back3: back2 is 8, or out'],
      // Who has called f2 has been forgotten.
      '8 back2: or out',
    ]);
  });
});

describe('indirect jumps', () => {
  const entries = Array.from({ length: 20 }, (_, index) => `case${index}`);
  const source = ['start:\njalr zero, 0(a0)', ...entries.map((name) => `${name}:\njal zero, start`)].join('\n');

  test('lead where they have gone, most often first', () => {
    const code = lines(source, { targets: { start: ['case7', 'case3'] } });
    expect(code).toEqual(['0 start: case7 is 1, case3 is 2, or out', '1 case7: 0', '2 case3: 0']);
  });

  test('lead out where the block is cold', () => {
    const code = lines(source, { targets: { start: ['case7', 'case3'] }, heat: { case7: 0 } });
    expect(code).toEqual(['0 start: case3 is 1, or out', '1 case3: 0']);
  });

  test('lead to 16 blocks at the most', () => {
    const [first, ...rest] = lines(source, { targets: { start: entries } });
    expect(first!.match(/ is /g)!.length).toBe(16);
    expect(rest.length).toBe(16);
  });

  test('that return from where the region begins lead out: their caller has regions of its own', () => {
    expect(lines('start:\njalr zero, 0(ra)\nf:\nebreak', { targets: { start: ['f'] } })).toEqual(['0 start: or out']);
  });

  test('that return from a jump out of a function return to its caller', () => {
    const code = 'start:\njal ra, f\nback:\njal zero, start\nf:\njalr zero, 0(a0)\ng:\njalr zero, 0(ra)';
    expect(lines(code, { targets: { f: ['g'] } })).toEqual([
      ...['0 start: 1', '1 f: g is 2, or out', '2 g: back is 3, or out', '3 back: 0'],
    ]);
  });
});

describe('the limit', () => {
  /** Blocks of `size` instructions in a row, `count` of them; the last one goes back to the first. */
  const chain = (count: number, size: number): string =>
    Array.from(
      { length: count },
      (_, index) =>
        `${index === 0 ? 'start' : `b${index}`}:\n${NOPS(size - 1)}\njal zero, ${index === count - 1 ? 'start' : `b${index + 1}`}`,
    ).join('\n');

  test.each([
    ['128 blocks', 128, 1],
    ['1500 instructions', 46, 32],
  ])('is %s', (_, count, size) => {
    const exact = form(guestCode(chain(count, size)))!;
    expect([exact.blocks.length, exact.full]).toEqual([count, false]);
    const code = guestCode(chain(count + 1, size));
    const more = form(code)!;
    expect([more.blocks.length, more.full]).toEqual([count, true]);
    expect(linesOf(code, more).at(-1)).toMatch(/: out to b\d+$/);
  });

  test('is come to by the hottest blocks first', () => {
    // Two chains of 100 blocks each; there is room for one of them and a part of the other.
    const names = (letter: string): readonly string[] => Array.from({ length: 100 }, (_, index) => `${letter}${index}`);
    const blocks = (letter: string): string =>
      names(letter)
        .map((name, index) => `${name}:\njal zero, ${index === 99 ? 'start' : `${letter}${index + 1}`}`)
        .join('\n');
    const code = guestCode(`start:\nbeq a0, a1, cold0\njal zero, hot0\n${blocks('cold')}\n${blocks('hot')}`);
    const heat = Object.fromEntries(names('hot').map((name) => [name, 100]));
    const formed = form(code, { heat })!;
    const counts = Map.groupBy(formed.parts, ({ block }) => code.nameOf(block.pc).replace(/\d+$/, ''));
    expect(counts.get('hot')?.length).toBe(100);
    expect(counts.get('cold')?.length).toBe(26);
    expect(formed.full).toBe(true);
  });
});
