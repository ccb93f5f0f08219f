import { describe, expect, test } from 'vitest';
import { encode } from '../../../core/riscv/assemble.ts';
import { decode, lengthOf } from '../../../core/riscv/decode.ts';
import { bitsOf, extract, insert, type Picture, picture, register, signed } from '../../../core/riscv/encoding.ts';
import { decodeAs, encodeForm, FORMS, type Form, formOf, randomBits } from '../../support/forms.ts';
import { Random, SEED } from '../../support/random.ts';

const overlap = (x: Picture, y: Picture): boolean =>
  x.bytes === y.bytes && ((x.match ^ y.match) & x.mask & y.mask) === 0;

const pairs: readonly (readonly [Form, Form])[] = FORMS.flatMap((one, index) =>
  FORMS.slice(index + 1).flatMap((other) => (overlap(one.picture, other.picture) ? [[one, other] as const] : [])),
);

/** Encodings that lie within another's picture. The first is tried first, or excludes itself by a zero. */
const ALLOWED = [
  ['pause', 'fence'],
  ['prefetch.i', 'ori'],
  ['prefetch.r', 'ori'],
  ['prefetch.w', 'ori'],
  ['c.addi16sp', 'c.lui'],
  ['c.jr', 'c.mv'],
  ['c.ebreak', 'c.jalr'],
  ['c.ebreak', 'c.add'],
  ['c.jalr', 'c.add'],
];

describe('pictures', () => {
  test('overlap only where the list allows it, and everywhere where it does', () => {
    expect(pairs.map((pair) => pair.map(({ name }) => name))).toEqual(ALLOWED);
  });

  test.each(ALLOWED)('%s within %s is still needed: bits of both pictures are the first one alone', (first, second) => {
    const form = (name: string): Form => FORMS.find((one) => one.name === name)!;
    const [inner, outer] = [form(first!), form(second!).picture];
    const open = (inner.length === 2 ? 0xffff : 0xffff_ffff) & ~inner.picture.mask;
    // Every way to fill in the open bits of the first one; those of 32 bits may be filled in as one likes.
    const fillings: number[] = [inner.picture.match];
    for (let bits = open; bits !== 0 && inner.length === 2; bits = (bits - 1) & open)
      fillings.push(inner.picture.match | bits);
    const shared = fillings.filter((bits) => ((bits ^ outer.match) & outer.mask) === 0 && decodeAs(inner, bits));
    expect(shared).not.toEqual([]);
  });

  test('say what length they have, by their lowest bits', () => {
    for (const { picture } of FORMS) {
      expect(picture.mask & 3).toBe(3);
      expect(lengthOf(picture.match)).toBe(picture.bytes);
    }
  });

  test('of another shape are refused', () => {
    expect(() => picture('0101')).toThrow('not a picture of 16 or 32 bits: 0101');
    expect(() => picture('0101 0101 0101 01x1')).toThrow('not a picture');
  });
});

describe('fields', () => {
  test.each(FORMS)('of $name lie in the open bits and do not overlap', ({ picture, instruction, compressed }) => {
    let seen = picture.mask;
    for (const field of Object.values(compressed?.fields ?? instruction.fields)) {
      if (typeof field === 'number') continue;
      expect(bitsOf(field) & seen).toBe(0);
      seen |= bitsOf(field);
    }
  });

  test('refuse values that do not fit', () => {
    const branch = signed('31=12 7=11 30:25=10:5 11:8=4:1');
    expect(() => insert(branch, 4096)).toThrow('4096 does not fit: expected -4096 to 4094, a multiple of 2');
    expect(() => insert(branch, -4098)).toThrow('does not fit');
    expect(() => insert(branch, 3)).toThrow('does not fit');
    expect(() => insert(register(7), 32)).toThrow('32 does not fit: expected 0 to 31');
    expect(extract(branch, insert(branch, -4096))).toBe(-4096);
    expect(extract(branch, insert(branch, 4094))).toBe(4094);
  });

  test('sides of different width are refused', () => {
    expect(() => signed('31:25=5:0')).toThrow('sides differ in width: 31:25=5:0');
  });
});

describe(`round trip, SEED=${SEED}`, () => {
  /** Bits that no field holds and that the hart ignores: aq and rl of atomics, fm, rd and rs1 of fence. */
  const ignored = ({ instruction, picture, compressed }: Form): number =>
    compressed ? 0 : ~Object.values(instruction.fields).reduce((bits, field) => bits | bitsOf(field), picture.mask);

  test('only atomics and fence ignore bits', () => {
    const names = FORMS.filter((form) => ignored(form) !== 0).map(({ name }) => name);
    expect(names.filter((name) => !/^(lr|sc|amo\w+)\.[wd]$/.test(name))).toEqual(['fence']);
  });

  test.each(FORMS)('$name: encode(decode(bits)) = bits', (form) => {
    const random = new Random(SEED);
    let hits = 0;
    for (let tries = 0; tries < 500; tries++) {
      const bits = (randomBits(form, random) & ~ignored(form)) >>> 0;
      const decoded = decodeAs(form, bits);
      if (!decoded) continue;
      hits++;
      expect(encodeForm(form, decoded.operands)).toBe(bits);
    }
    expect(hits).toBeGreaterThan(0);
  });

  test('of all halfwords', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const decoded = lengthOf(bits) === 2 ? decode(bits) : undefined;
      if (decoded) expect(encodeForm(formOf(decoded), decoded.operands)).toBe(bits);
    }
  });
});

test('encode names the instruction and the operand that does not fit', () => {
  const { instruction } = FORMS.find(({ name }) => name === 'addi')!;
  expect(() => encode(instruction, { rd: 1, rs1: 1, imm: 2048 })).toThrow(
    'addi: imm = 2048 does not fit: expected -2048 to 2047',
  );
});
