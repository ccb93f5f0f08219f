/** M: integer multiplication and division (unprivileged manual, chapter "M"). */
import type { Builder } from '../../ir/builder.ts';
import type { Value } from '../../ir/ops.ts';
import { type Encoding, extension, instruction, R } from '../instruction.ts';

const arithmetic = (encoding: Encoding<'R'>, value: (b: Builder, x: Value, y: Value) => Value) =>
  instruction(encoding, (b, { rd, rs1, rs2 }) => b.set(rd, value(b, b.get(rs1), b.get(rs2))));

/** Division by zero gives all ones; the IR's division gives zero. Remainders and overflow agree already. */
const quotient = (b: Builder, divisor: Value, result: Value): Value =>
  b.select(b.eq(divisor, b.constant(0n)), b.constant(-1n), result);

export const M = extension({
  mul: arithmetic(R`0000001 ..... ..... 000 ..... 0110011`, (b, x, y) => b.mul(x, y)),
  mulh: arithmetic(R`0000001 ..... ..... 001 ..... 0110011`, (b, x, y) => b.mulhs(x, y)),
  mulhsu: arithmetic(R`0000001 ..... ..... 010 ..... 0110011`, (b, x, y) => b.mulhsu(x, y)),
  mulhu: arithmetic(R`0000001 ..... ..... 011 ..... 0110011`, (b, x, y) => b.mulhu(x, y)),
  div: arithmetic(R`0000001 ..... ..... 100 ..... 0110011`, (b, x, y) => quotient(b, y, b.divs(x, y))),
  divu: arithmetic(R`0000001 ..... ..... 101 ..... 0110011`, (b, x, y) => quotient(b, y, b.divu(x, y))),
  rem: arithmetic(R`0000001 ..... ..... 110 ..... 0110011`, (b, x, y) => b.rems(x, y)),
  remu: arithmetic(R`0000001 ..... ..... 111 ..... 0110011`, (b, x, y) => b.remu(x, y)),

  mulw: arithmetic(R`0000001 ..... ..... 000 ..... 0111011`, (b, x, y) => b.sext32(b.mul(x, y))),
  divw: arithmetic(R`0000001 ..... ..... 100 ..... 0111011`, (b, x, y) => {
    const divisor = b.sext32(y);
    return b.sext32(quotient(b, divisor, b.divs(b.sext32(x), divisor)));
  }),
  divuw: arithmetic(R`0000001 ..... ..... 101 ..... 0111011`, (b, x, y) => {
    const divisor = b.zext32(y);
    return b.sext32(quotient(b, divisor, b.divu(b.zext32(x), divisor)));
  }),
  remw: arithmetic(R`0000001 ..... ..... 110 ..... 0111011`, (b, x, y) => b.sext32(b.rems(b.sext32(x), b.sext32(y)))),
  remuw: arithmetic(R`0000001 ..... ..... 111 ..... 0111011`, (b, x, y) => b.sext32(b.remu(b.zext32(x), b.zext32(y)))),
});
