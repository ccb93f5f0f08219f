/**
 * A program that tries every floating-point instruction of the table, in every rounding mode, on many operands, and
 * writes down each result and `fcsr` behind it. It ends in a system call that prints them.
 */
import { Builder } from '../../core/ir/builder.ts';
import { evaluate } from '../../core/ir/eval.ts';
import type { Fragment } from '../../core/ir/ops.ts';
import { assemble, encode } from '../../core/riscv/assemble.ts';
import { disassemble } from '../../core/riscv/disassemble.ts';
import { isFloatRegister } from '../../core/riscv/encoding.ts';
import { MSTATUS } from '../../core/riscv/hart.ts';
import { registerNumber } from '../../core/riscv/registers.ts';
import { REGISTER } from '../../core/riscv/state.ts';
import { INSTRUCTIONS } from '../../core/riscv/table.ts';
import { randomFloatRegister, randomFloats } from '../support/floats.ts';
import { RAM_START } from '../support/oracle.ts';
import type { Random } from '../support/random.ts';

/** What the cases are tried on: three floating-point registers, an integer register, and `fcsr` before. */
export interface Operands {
  readonly floats: readonly [bigint, bigint, bigint];
  readonly integer: bigint;
  readonly fcsr: bigint;
}

const OPERAND_BYTES = 40;
const OUTCOME_BYTES = 16;
const OPERANDS_OFFSET = 0x1_0000;
const OUTCOMES_OFFSET = 0x8_0000;

const [X, Y, Z, RESULT] = ['fa0', 'fa1', 'fa2', 'fa3'].map((name) => registerNumber(name)!) as [
  number,
  number,
  number,
  number,
];
const INTEGER = registerNumber('a6')!;
const INTEGER_RESULT = registerNumber('a4')!;

interface Case {
  readonly word: number;
  readonly text: string;
  readonly meaning: Fragment;
  readonly result: number;
}

const ROUNDING_MODES = [0, 1, 2, 3, 4, 7];

const FLOAT = INSTRUCTIONS.filter(({ fields }) => Object.values(fields).some(isFloatRegister) && !('imm' in fields));

/** Every instruction with every rounding mode that it can name. */
export const CASES: readonly Case[] = FLOAT.flatMap((instruction) =>
  ('rm' in instruction.fields ? ROUNDING_MODES : [0]).map((rm): Case => {
    const { fields } = instruction;
    const rd = isFloatRegister(fields.rd!) ? RESULT : INTEGER_RESULT;
    const operands = { rd, rs1: isFloatRegister(fields.rs1!) ? X : INTEGER, rs2: Y, rs3: Z, rm };
    const word = encode(instruction, operands);
    const builder = new Builder({ pc: RAM_START, length: 4 });
    instruction.meaning(builder, operands);
    const { text } = disassemble(new Uint8Array(Uint32Array.of(word).buffer), RAM_START);
    return { word, text, meaning: builder.finish(), result: rd };
  }),
);

export function randomOperands(random: Random): Operands {
  const bytes = random.chance(50) ? 4 : 8;
  const related = randomFloats(random, bytes).map((bits) => (bytes === 4 ? bits | 0xffff_ffff_0000_0000n : bits));
  const floats = related.map((bits) => (random.chance(3) ? randomFloatRegister(random) : bits));
  const width = BigInt(random.below(65));
  const integer = BigInt.asUintN(64, BigInt.asIntN(64, random.double()) >> width);
  const flags = random.chance(30) ? random.below(32) : random.below(2);
  return { floats: floats as [bigint, bigint, bigint], integer, fcsr: BigInt((random.below(5) << 5) | flags) };
}

/** RAM that holds the program for these operands, which starts at its first byte. */
export function floatImage(operands: readonly Operands[]): Uint8Array {
  const outcomes = operands.length * CASES.length * OUTCOME_BYTES;
  const image = new Uint8Array(OUTCOMES_OFFSET + outcomes);
  const address = (register: string, offset: number): string => `lui t1, ${offset >>> 12}\nadd ${register}, t0, t1`;
  const constant = (register: string, value: number): string =>
    `lui ${register}, ${(value + 0x800) >>> 12}\naddi ${register}, ${register}, ${(value << 20) >> 20}`;
  const tries = CASES.map(({ word, result }) =>
    [
      'csrrw zero, fcsr, a5',
      `.word ${word}`,
      result === RESULT ? 'fsd fa3, 0(a1)' : 'sd a4, 0(a1)',
      'csrrs a2, fcsr, zero',
      'sd a2, 8(a1)',
      `addi a1, a1, ${OUTCOME_BYTES}`,
    ].join('\n'),
  );
  const source = [
    'auipc t0, 0',
    address('a0', OPERANDS_OFFSET),
    address('a1', OUTCOMES_OFFSET),
    constant('a3', operands.length * OPERAND_BYTES),
    'add a3, a0, a3',
    'again:',
    'fld fa0, 0(a0)\nfld fa1, 8(a0)\nfld fa2, 16(a0)\nld a6, 24(a0)\nld a5, 32(a0)',
    ...tries,
    `addi a0, a0, ${OPERAND_BYTES}`,
    'beq a0, a3, done\njal zero, again',
    'done:',
    // write(1, outcomes, bytes); exit(0)
    `addi a0, zero, 1\n${address('a1', OUTCOMES_OFFSET)}\n${constant('a2', outcomes)}\naddi a7, zero, 64\necall`,
    'addi a0, zero, 0\naddi a7, zero, 93\necall',
  ];
  image.set(assemble(source.join('\n'), RAM_START));
  const view = new DataView(image.buffer);
  for (const [index, { floats, integer, fcsr }] of operands.entries())
    for (const [word, value] of [...floats, integer, fcsr].entries())
      view.setBigUint64(OPERANDS_OFFSET + index * OPERAND_BYTES + word * 8, value, true);
  return image;
}

/** Where the outcomes lie in RAM when the program has ended. */
export const outcomesIn = (ram: Uint8Array, operands: readonly Operands[]): Uint8Array =>
  ram.slice(OUTCOMES_OFFSET, OUTCOMES_OFFSET + operands.length * CASES.length * OUTCOME_BYTES);

/** Result and `fcsr` by the oracle. */
function evaluateCase({ meaning, result }: Case, { floats, integer, fcsr }: Operands): readonly [bigint, bigint] {
  const registers = new Map<number, bigint>([
    [X, floats[0]],
    [Y, floats[1]],
    [Z, floats[2]],
    [INTEGER, integer],
    [REGISTER.frm, fcsr >> 5n],
    [REGISTER.mstatus, MSTATUS.FS],
  ]);
  let flags = fcsr;
  const never = (): never => {
    throw new Error('an access');
  };
  evaluate(meaning, {
    ...{ pc: 0n, next: 4n },
    get: (register) => registers.get(register)!,
    set: (register, value) => void registers.set(register, value),
    raise: (raised) => {
      flags |= BigInt(raised);
    },
    ...{ load: never, store: never, amo: never, loadReserved: never, storeConditional: never, touch: never },
  });
  return [registers.get(result)!, flags];
}

const hex = (value: bigint): string => `0x${value.toString(16).padStart(16, '0')}`;

/** What is otherwise than the oracle says, a line each. */
export function floatDifferences(outcomes: Uint8Array, operands: readonly Operands[]): readonly string[] {
  const view = new DataView(outcomes.buffer, outcomes.byteOffset, outcomes.length);
  const lines: string[] = [];
  let at = 0;
  for (const tried of operands)
    for (const one of CASES) {
      const found = [view.getBigUint64(at, true), view.getBigUint64(at + 8, true)] as const;
      at += OUTCOME_BYTES;
      const expected = evaluateCase(one, tried);
      if (found[0] === expected[0] && found[1] === expected[1]) continue;
      const { floats, integer, fcsr } = tried;
      const given = `of ${floats.map(hex).join(' ')}, a6 ${hex(integer)}, fcsr ${hex(fcsr)}`;
      lines.push(
        `${one.text} ${given}: ${hex(found[0])} ${hex(found[1])}, expected ${hex(expected[0])} ${hex(expected[1])}`,
      );
    }
  return lines;
}
