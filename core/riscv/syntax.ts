/**
 * How operands are written, in both directions: `rd, imm(rs1)` and the like. One table of operand kinds serves the
 * disassembler and the tests' assembler. What is in brackets, as in `rd, rs1[, rm]`, is left out where it says nothing.
 */
import { csrName, csrNumber } from './csr/numbers.ts';
import { ABI_NAMES, registerNumber } from './registers.ts';

interface OperandKind {
  /** The operand of the instruction that it shows. */
  readonly field: string;
  /** The value that need not be written. */
  readonly usual?: number;
  print(value: number, pc: bigint): string;
  /** Undefined where the text is not one. `pc` is where the instruction will stand. */
  parse(text: string, pc: bigint, labels: ReadonlyMap<string, bigint>): number | undefined;
}

function parseNumber(text: string): number | undefined {
  return /^-?(0x[0-9a-f]+|\d+)$/i.test(text)
    ? text.startsWith('-')
      ? -Number(text.slice(1))
      : Number(text)
    : undefined;
}

const register = (field: string): OperandKind => ({
  field,
  print: (value) => ABI_NAMES[value]!,
  parse: registerNumber,
});
const number = (field: string): OperandKind => ({ field, print: String, parse: parseNumber });

const ROUNDING_MODES = ['rne', 'rtz', 'rdn', 'rup', 'rmm', '', '', 'dyn'];

const rounding = (usual: string): OperandKind => ({
  field: 'rm',
  usual: ROUNDING_MODES.indexOf(usual),
  print: (value) => ROUNDING_MODES[value]!,
  parse: (text) => (ROUNDING_MODES.includes(text) ? ROUNDING_MODES.indexOf(text) : undefined),
});

const ORDERING = 'iorw';

const ordering = (field: string): OperandKind => ({
  field,
  print: (value) => [...ORDERING].filter((_, index) => value & (8 >> index)).join('') || '0',
  parse: (text) => {
    if (text === '0') return 0;
    if (![...text].every((letter) => ORDERING.includes(letter))) return undefined;
    return [...text].reduce((bits, letter) => bits | (8 >> ORDERING.indexOf(letter)), 0);
  },
});

const KINDS: Readonly<Record<string, OperandKind>> = {
  rd: register('rd'),
  rs1: register('rs1'),
  rs2: register('rs2'),
  rs3: register('rs3'),
  rm: rounding('dyn'),
  /** The same where nothing is ever rounded off. */
  exact: rounding('rne'),
  imm: number('imm'),
  uimm: number('uimm'),
  pred: ordering('pred'),
  succ: ordering('succ'),
  /** The upper 20 bits, as lui and auipc take them. */
  upper: {
    field: 'imm',
    print: (value) => `0x${(value >>> 12).toString(16)}`,
    parse: (text) => {
      const value = parseNumber(text);
      return value === undefined || value < 0 || value >= 1 << 20 ? undefined : value << 12;
    },
  },
  /** An address, encoded as an offset from the instruction. */
  target: {
    field: 'imm',
    print: (value, pc) => `0x${BigInt.asUintN(64, pc + BigInt(value)).toString(16)}`,
    parse: (text, pc, labels) => {
      const address = labels.get(text) ?? (parseNumber(text) === undefined ? undefined : BigInt(text));
      return address === undefined ? undefined : Number(BigInt.asIntN(64, address - pc));
    },
  },
  csr: {
    field: 'imm',
    print: (value) => csrName(value) ?? `0x${value.toString(16)}`,
    parse: (text) => csrNumber(text) ?? parseNumber(text),
  },
};

const OPERAND = /[a-z]+\d?/g;
const OPTIONAL = /\[([^\]]*)\]/g;

const isUsual =
  (operands: Readonly<Record<string, number>>) =>
  (name: string): boolean =>
    operands[KINDS[name]!.field] === KINDS[name]!.usual;

/** The operands of `syntax` filled in. */
export const printOperands = (syntax: string, operands: Readonly<Record<string, number>>, pc: bigint): string =>
  syntax
    .replace(OPTIONAL, (_, optional: string) => (optional.match(OPERAND)!.every(isUsual(operands)) ? '' : optional))
    .replace(OPERAND, (name) => {
      const kind = KINDS[name]!;
      return kind.print(operands[kind.field]!, pc);
    });

/** The operands in `text`, read by `syntax`. @throws Error that says what stands where what was expected. */
export function parseOperands(
  syntax: string,
  text: string,
  pc: bigint,
  labels: ReadonlyMap<string, bigint>,
): Record<string, number> {
  const names = syntax.match(OPERAND) ?? [];
  const pattern = syntax
    .replace(/[()]/g, '\\$&')
    .replace(OPTIONAL, '(?:$1)?')
    .replace(/, /g, ' *, *')
    .replace(OPERAND, '([^(), ]+)');
  const found = new RegExp(`^ *${pattern} *$`).exec(text);
  if (!found) throw new Error(`operands "${text}": expected "${syntax}"`);
  const operands: Record<string, number> = {};
  for (const [index, name] of names.entries()) {
    const kind = KINDS[name]!;
    const value = found[index + 1] === undefined ? kind.usual : kind.parse(found[index + 1]!, pc, labels);
    if (value === undefined) throw new Error(`operand "${found[index + 1]}": expected ${name}`);
    operands[kind.field] = value;
  }
  return operands;
}
