/** Zicond: integer conditional operations (unprivileged manual, chapter "Zicond"). */
import { type Encoding, extension, instruction, R } from '../instruction.ts';

const zero = (encoding: Encoding<'R'>, when: 'eq' | 'ne') =>
  instruction(encoding, (b, { rd, rs1, rs2 }) => {
    const nothing = b.constant(0n);
    b.set(rd, b.select(b[when](b.get(rs2), nothing), nothing, b.get(rs1)));
  });

export const ZICOND = extension({
  czero_eqz: zero(R`0000111 ..... ..... 101 ..... 0110011`, 'eq'),
  czero_nez: zero(R`0000111 ..... ..... 111 ..... 0110011`, 'ne'),
});
