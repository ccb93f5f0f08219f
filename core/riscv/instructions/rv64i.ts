/** RV32I and RV64I: the base integer instruction set (unprivileged manual, chapters 2 and 4). */
import type { Builder } from '../../ir/builder.ts';
import type { AccessBytes, Value } from '../../ir/ops.ts';
import { B, type Encoding, extension, F, H, I, instruction, J, N, R, S, U, W } from '../instruction.ts';

type Two = (b: Builder, x: Value, y: Value) => Value;

const register = (encoding: Encoding<'R'>, value: Two) =>
  instruction(encoding, (b, { rd, rs1, rs2 }) => b.set(rd, value(b, b.get(rs1), b.get(rs2))));
const immediate = (encoding: Encoding<'I'>, value: Two) =>
  instruction(encoding, (b, { rd, rs1, imm }) => b.set(rd, value(b, b.get(rs1), b.constant(imm))));
const shift = (encoding: Encoding<'H'> | Encoding<'W'>, value: Two) =>
  instruction(encoding as Encoding<'H'>, (b, { rd, rs1, imm }) => b.set(rd, value(b, b.get(rs1), b.constant(imm))));

const load = (encoding: Encoding<'I'>, bytes: AccessBytes, signed: boolean) =>
  instruction(
    encoding,
    (b, { rd, rs1, imm }) => b.set(rd, b.load(bytes, signed, b.add(b.get(rs1), b.constant(imm)))),
    'rd, imm(rs1)',
  );
const store = (encoding: Encoding<'S'>, bytes: AccessBytes) =>
  instruction(encoding, (b, { rs1, rs2, imm }) => b.store(bytes, b.add(b.get(rs1), b.constant(imm)), b.get(rs2)));

const branch = (encoding: Encoding<'B'>, condition: Two) =>
  instruction(encoding, (b, { rs1, rs2, imm }) =>
    b.branch(condition(b, b.get(rs1), b.get(rs2)), b.add(b.pc(), b.constant(imm))),
  );

const low5 = (b: Builder, y: Value): Value => b.and(y, b.constant(31n));

export const RV64I = extension({
  lui: instruction(U`.................... ..... 0110111`, (b, { rd, imm }) => b.set(rd, b.constant(imm))),
  auipc: instruction(U`.................... ..... 0010111`, (b, { rd, imm }) =>
    b.set(rd, b.add(b.pc(), b.constant(imm))),
  ),

  jal: instruction(J`.................... ..... 1101111`, (b, { rd, imm }) => {
    b.set(rd, b.next());
    b.jump(b.add(b.pc(), b.constant(imm)));
  }),
  jalr: instruction(
    I`............ ..... 000 ..... 1100111`,
    (b, { rd, rs1, imm }) => {
      const target = b.and(b.add(b.get(rs1), b.constant(imm)), b.constant(-2n));
      b.set(rd, b.next());
      b.jump(target);
    },
    'rd, imm(rs1)',
  ),

  beq: branch(B`....... ..... ..... 000 ..... 1100011`, (b, x, y) => b.eq(x, y)),
  bne: branch(B`....... ..... ..... 001 ..... 1100011`, (b, x, y) => b.ne(x, y)),
  blt: branch(B`....... ..... ..... 100 ..... 1100011`, (b, x, y) => b.lts(x, y)),
  bge: branch(B`....... ..... ..... 101 ..... 1100011`, (b, x, y) => b.ges(x, y)),
  bltu: branch(B`....... ..... ..... 110 ..... 1100011`, (b, x, y) => b.ltu(x, y)),
  bgeu: branch(B`....... ..... ..... 111 ..... 1100011`, (b, x, y) => b.geu(x, y)),

  lb: load(I`............ ..... 000 ..... 0000011`, 1, true),
  lh: load(I`............ ..... 001 ..... 0000011`, 2, true),
  lw: load(I`............ ..... 010 ..... 0000011`, 4, true),
  ld: load(I`............ ..... 011 ..... 0000011`, 8, true),
  lbu: load(I`............ ..... 100 ..... 0000011`, 1, false),
  lhu: load(I`............ ..... 101 ..... 0000011`, 2, false),
  lwu: load(I`............ ..... 110 ..... 0000011`, 4, false),

  sb: store(S`....... ..... ..... 000 ..... 0100011`, 1),
  sh: store(S`....... ..... ..... 001 ..... 0100011`, 2),
  sw: store(S`....... ..... ..... 010 ..... 0100011`, 4),
  sd: store(S`....... ..... ..... 011 ..... 0100011`, 8),

  addi: immediate(I`............ ..... 000 ..... 0010011`, (b, x, y) => b.add(x, y)),
  slti: immediate(I`............ ..... 010 ..... 0010011`, (b, x, y) => b.number(b.lts(x, y))),
  sltiu: immediate(I`............ ..... 011 ..... 0010011`, (b, x, y) => b.number(b.ltu(x, y))),
  xori: immediate(I`............ ..... 100 ..... 0010011`, (b, x, y) => b.xor(x, y)),
  ori: immediate(I`............ ..... 110 ..... 0010011`, (b, x, y) => b.or(x, y)),
  andi: immediate(I`............ ..... 111 ..... 0010011`, (b, x, y) => b.and(x, y)),
  slli: shift(H`000000 ...... ..... 001 ..... 0010011`, (b, x, y) => b.shl(x, y)),
  srli: shift(H`000000 ...... ..... 101 ..... 0010011`, (b, x, y) => b.shru(x, y)),
  srai: shift(H`010000 ...... ..... 101 ..... 0010011`, (b, x, y) => b.shrs(x, y)),

  add: register(R`0000000 ..... ..... 000 ..... 0110011`, (b, x, y) => b.add(x, y)),
  sub: register(R`0100000 ..... ..... 000 ..... 0110011`, (b, x, y) => b.sub(x, y)),
  sll: register(R`0000000 ..... ..... 001 ..... 0110011`, (b, x, y) => b.shl(x, y)),
  slt: register(R`0000000 ..... ..... 010 ..... 0110011`, (b, x, y) => b.number(b.lts(x, y))),
  sltu: register(R`0000000 ..... ..... 011 ..... 0110011`, (b, x, y) => b.number(b.ltu(x, y))),
  xor: register(R`0000000 ..... ..... 100 ..... 0110011`, (b, x, y) => b.xor(x, y)),
  srl: register(R`0000000 ..... ..... 101 ..... 0110011`, (b, x, y) => b.shru(x, y)),
  sra: register(R`0100000 ..... ..... 101 ..... 0110011`, (b, x, y) => b.shrs(x, y)),
  or: register(R`0000000 ..... ..... 110 ..... 0110011`, (b, x, y) => b.or(x, y)),
  and: register(R`0000000 ..... ..... 111 ..... 0110011`, (b, x, y) => b.and(x, y)),

  addiw: immediate(I`............ ..... 000 ..... 0011011`, (b, x, y) => b.sext32(b.add(x, y))),
  slliw: shift(W`0000000 ..... ..... 001 ..... 0011011`, (b, x, y) => b.sext32(b.shl(x, y))),
  srliw: shift(W`0000000 ..... ..... 101 ..... 0011011`, (b, x, y) => b.sext32(b.shru(b.zext32(x), y))),
  sraiw: shift(W`0100000 ..... ..... 101 ..... 0011011`, (b, x, y) => b.shrs(b.sext32(x), y)),

  addw: register(R`0000000 ..... ..... 000 ..... 0111011`, (b, x, y) => b.sext32(b.add(x, y))),
  subw: register(R`0100000 ..... ..... 000 ..... 0111011`, (b, x, y) => b.sext32(b.sub(x, y))),
  sllw: register(R`0000000 ..... ..... 001 ..... 0111011`, (b, x, y) => b.sext32(b.shl(x, low5(b, y)))),
  srlw: register(R`0000000 ..... ..... 101 ..... 0111011`, (b, x, y) => b.sext32(b.shru(b.zext32(x), low5(b, y)))),
  sraw: register(R`0100000 ..... ..... 101 ..... 0111011`, (b, x, y) => b.shrs(b.sext32(x), low5(b, y))),

  // Reserved fm, rs1 and rd are ignored, as the manual asks of simple implementations.
  fence: instruction(F`.... .... .... ..... 000 ..... 0001111`, (b) => b.fence()),
  ecall: instruction(N`000000000000 00000 000 00000 1110011`, (b) => b.exit('ecall')),
  ebreak: instruction(N`000000000001 00000 000 00000 1110011`, (b) => b.exit('ebreak')),
});
