/** Decoder, disassembler and assembler against GNU's. What the two spell differently is listed here, and no more. */
import { describe, expect, test } from 'vitest';
import { assemble } from '../../../core/riscv/assemble.ts';
import { csrName, csrNumber } from '../../../core/riscv/csr/numbers.ts';
import { type Decoded, decode } from '../../../core/riscv/decode.ts';
import { printInstruction } from '../../../core/riscv/disassemble.ts';
import { printOperands } from '../../../core/riscv/syntax.ts';
import { gnuAssemble, objdump, requireBinutils, UNKNOWN_TO_BINUTILS } from '../../support/binutils.ts';
import { decodeAs, FORMS, randomBits } from '../../support/forms.ts';
import { Random, SEED } from '../../support/random.ts';

/** How compressed instructions are written; our disassembler shows what they stand for instead. */
const COMPRESSED_SYNTAX: Readonly<Record<string, string>> = {
  'c.addi4spn': 'rd, rs1, imm',
  'c.fld': 'rd, imm(rs1)',
  'c.fsd': 'rs2, imm(rs1)',
  'c.fldsp': 'rd, imm(rs1)',
  'c.fsdsp': 'rs2, imm(rs1)',
  'c.lw': 'rd, imm(rs1)',
  'c.ld': 'rd, imm(rs1)',
  'c.sw': 'rs2, imm(rs1)',
  'c.sd': 'rs2, imm(rs1)',
  'c.addi': 'rd, imm',
  'c.addiw': 'rd, imm',
  'c.li': 'rd, imm',
  'c.addi16sp': 'rd, imm',
  'c.lui': 'rd, upper',
  'c.srli': 'rd, imm',
  'c.srai': 'rd, imm',
  'c.andi': 'rd, imm',
  'c.sub': 'rd, rs2',
  'c.xor': 'rd, rs2',
  'c.or': 'rd, rs2',
  'c.and': 'rd, rs2',
  'c.subw': 'rd, rs2',
  'c.addw': 'rd, rs2',
  'c.j': 'target',
  'c.beqz': 'rs1, target',
  'c.bnez': 'rs1, target',
  'c.slli': 'rd, imm',
  'c.lwsp': 'rd, imm(rs1)',
  'c.ldsp': 'rd, imm(rs1)',
  'c.jr': 'rs1',
  'c.mv': 'rd, rs2',
  'c.ebreak': '',
  'c.jalr': 'rs1',
  'c.add': 'rd, rs2',
  'c.swsp': 'rs2, imm(rs1)',
  'c.sdsp': 'rs2, imm(rs1)',
};

/** Shifts by zero, which are hints, have names of their own there. */
const HINT = /^c\.(slli|srli|srai)64 (\w+)$/;

/** Instructions that objdump knows and this hart does not: hypervisor and debug mode. */
const NOT_OURS = /^((uret|hret|dret|hinval\.[vg]vma|sfence\.vm|c\.unimp)( |$))/;
/** Reserved rounding modes. */
const RESERVED_ROUNDING = /,unknown$/;
/** It also shows this reserved encoding as if it were an instruction. */
const RESERVED = 'c.addi16sp sp,0';
/**
 * Bits that make it take these for no instructions. Of fences the manual asks hardware to ignore them; in conversions
 * that are exact they are a rounding mode like any other.
 */
const RESERVED_BITS: Readonly<Record<string, number>> = {
  ...{ fence: 0xf00f_8f80, 'fence.i': 0xffff_8f80 },
  ...{ 'fcvt.d.s': 0x7000, 'fcvt.d.w': 0x7000, 'fcvt.d.wu': 0x7000 },
};

/** Of the bits that are no operands we show none: aq and rl of atomics, and the fm of fence.tso. */
function suffix(name: string, raw: number): string {
  if (/^(lr|sc|amo\w+)\.[wd]$/.test(name)) return ['', '.rl', '.aq', '.aqrl'][(raw >>> 25) & 3]!;
  return '';
}

function ours(decoded: Decoded, pc: bigint): string {
  const { instruction, operands, compressed, raw } = decoded;
  if (compressed) return `${compressed.name} ${printOperands(COMPRESSED_SYNTAX[compressed.name]!, operands, pc)}`;
  if (raw === 0x8330000f) return 'fence.tso';
  return printInstruction(decoded, pc).replace(instruction.name, (name) => name + suffix(name, raw));
}

/** One spelling for both: numbers in decimal, no spaces but one behind the name. */
function normal(text: string): string {
  const [name, ...rest] = text.trim().split(/\s+/);
  const operands = rest
    .join('')
    .split(',')
    .map((operand) => (operand === 'unknown' && name === 'fence' ? '0' : operand))
    .map((operand) => operand.replace(/0x[0-9a-f]+/g, (digits) => BigInt(digits).toString()));
  return `${name} ${operands.join(',')}`.trim();
}

/** Names of CSRs that objdump knows and we do not are shown as numbers here. */
function withoutForeignCsr(text: string, decoded: Decoded): string {
  const { imm } = decoded.operands;
  if (!decoded.instruction.syntax.includes('csr') || csrName(imm!) !== undefined) return text;
  return text.replace(/,([a-z]\w*),/, (whole, name: string) => (csrNumber(name) === undefined ? `,${imm},` : whole));
}

/** What is wrong with our reading of `raw`, undefined if nothing is. */
function difference(raw: number, pc: number, shown: string): string | undefined {
  const decoded = decode(raw);
  const theirs = normal(shown.replace(HINT, 'c.$1 $2,0'));
  const legal =
    !theirs.startsWith('.') && !NOT_OURS.test(theirs) && !RESERVED_ROUNDING.test(theirs) && theirs !== RESERVED;
  if (!decoded) return legal ? `0x${raw.toString(16)}: illegal, objdump says ${theirs}` : undefined;
  const { name } = decoded.instruction;
  if (!legal && (UNKNOWN_TO_BINUTILS.includes(name) || (RESERVED_BITS[name] ?? 0) & raw)) return undefined;
  const mine = normal(ours(decoded, BigInt(pc)));
  return mine === withoutForeignCsr(theirs, decoded)
    ? undefined
    : `0x${raw.toString(16)}: ${mine}, objdump says ${theirs}`;
}

function compareAll(words: readonly number[], width: 2 | 4): (string | undefined)[] {
  const code = width === 2 ? Uint16Array.from(words) : Uint32Array.from(words);
  const shown = objdump(new Uint8Array(code.buffer));
  expect(shown.size).toBe(words.length);
  return words.map((raw, index) => difference(raw, index * width, shown.get(index * width)!)).filter(Boolean);
}

const skip = !requireBinutils();

describe.skipIf(skip)('disassembly agrees with objdump', () => {
  test('of every compressed encoding', () => {
    const halfwords = Array.from({ length: 0x10000 }, (_, bits) => bits).filter((bits) => (bits & 3) !== 3);
    expect(compareAll(halfwords, 2)).toEqual([]);
  });

  /** Longer instructions than 32 bits do not exist here; objdump shows them as such. */
  const isLonger = (word: number): boolean => (word & 0x1c) === 0x1c;

  test(`of random words, SEED=${SEED}`, () => {
    const random = new Random(SEED);
    const words = Array.from({ length: 200_000 }, () => (random.word() | 3) >>> 0).filter((word) => !isLonger(word));
    expect(compareAll(words, 4)).toEqual([]);
  });

  test(`of random operands of every instruction, SEED=${SEED}`, () => {
    const random = new Random(SEED);
    const words = FORMS.filter(({ length }) => length === 4).flatMap((form) =>
      Array.from({ length: 2000 }, () => randomBits(form, random)),
    );
    expect(compareAll(words, 4)).toEqual([]);
  });

  test(`of words one bit away from an instruction, SEED=${SEED}`, () => {
    const random = new Random(SEED);
    const words = FORMS.filter(({ length }) => length === 4).flatMap((form) =>
      Array.from({ length: 30 }, (_, bit) => (randomBits(form, random) ^ (4 << bit)) >>> 0),
    );
    const known = words.filter((word) => !isLonger(word));
    expect(compareAll(known, 4)).toEqual([]);
  });
});

describe.skipIf(skip)(`assembly agrees with as, SEED=${SEED}`, () => {
  const random = new Random(SEED);
  const instructions = FORMS.filter(({ name, length }) => length === 4 && !UNKNOWN_TO_BINUTILS.includes(name));
  const COPIES = 20;
  /** A fence that orders nothing; rounding of what is exact. */
  const UNKNOWN_TO_AS = /^(fence .*\b0\b|fcvt\.d\.(s|wu?) .*,(rtz|rdn|rup|rmm|dyn)$)/;

  /** Targets are labels, since the two read numbers there differently. */
  const text = ({ instruction, raw, operands, length }: Decoded, labels: readonly string[]): string =>
    instruction.syntax.includes('target')
      ? `${instruction.name} ${printOperands(instruction.syntax.replace('target', ''), operands, 0n)} ${random.pick(labels)}`
      : printInstruction({ instruction, raw, operands, length }, 0n);

  test('of every instruction', () => {
    const source = instructions.flatMap((form, index) => {
      const labels = [`before${index}`, `behind${index}`] as const;
      const draw = (): Decoded => decodeAs(form, randomBits(form, random)) ?? draw();
      const lines = Array.from({ length: COPIES }, () => text(draw(), labels));
      return [`${labels[0]}:`, ...lines.filter((line) => !UNKNOWN_TO_AS.test(line)), `${labels[1]}:`];
    });
    const words = (code: Uint8Array): readonly string[] =>
      [...new Uint32Array(code.buffer, 0, code.length / 4)].map((word) => word.toString(16));
    const theirs = words(gnuAssemble(source.join('\n')));
    const lines = source.filter((line) => !line.endsWith(':'));
    const differing = words(assemble(source.join('\n'), 0n)).flatMap((word, index) =>
      word === theirs[index] ? [] : [`${lines[index]}: ${word}, as says ${theirs[index]}`],
    );
    expect(differing).toEqual([]);
    expect(theirs.length).toBe(lines.length);
  });
});
