/**
 * A: atomic instructions (unprivileged manual, chapter "A"). Every one is sequentially consistent here, whatever its
 * `aq` and `rl` bits ask for.
 */
import type { AmoKind } from '../../ir/ops.ts';
import { type Encoding, extension, instruction, R } from '../instruction.ts';

const SYNTAX = 'rd, rs2, (rs1)';

const amo = (encoding: Encoding<'R'>, bytes: 4 | 8, kind: AmoKind) =>
  instruction(encoding, (b, { rd, rs1, rs2 }) => b.set(rd, b.amo(kind, bytes, b.get(rs1), b.get(rs2))), SYNTAX);
const loadReserved = (encoding: Encoding<'R'>, bytes: 4 | 8) =>
  instruction(encoding, (b, { rd, rs1 }) => b.set(rd, b.loadReserved(bytes, b.get(rs1))), 'rd, (rs1)');
const storeConditional = (encoding: Encoding<'R'>, bytes: 4 | 8) =>
  instruction(encoding, (b, { rd, rs1, rs2 }) => b.set(rd, b.storeConditional(bytes, b.get(rs1), b.get(rs2))), SYNTAX);

export const A = extension({
  lr_w: loadReserved(R`00010 .. 00000 ..... 010 ..... 0101111`, 4),
  lr_d: loadReserved(R`00010 .. 00000 ..... 011 ..... 0101111`, 8),
  sc_w: storeConditional(R`00011 .. ..... ..... 010 ..... 0101111`, 4),
  sc_d: storeConditional(R`00011 .. ..... ..... 011 ..... 0101111`, 8),

  amoswap_w: amo(R`00001 .. ..... ..... 010 ..... 0101111`, 4, 'swap'),
  amoswap_d: amo(R`00001 .. ..... ..... 011 ..... 0101111`, 8, 'swap'),
  amoadd_w: amo(R`00000 .. ..... ..... 010 ..... 0101111`, 4, 'add'),
  amoadd_d: amo(R`00000 .. ..... ..... 011 ..... 0101111`, 8, 'add'),
  amoxor_w: amo(R`00100 .. ..... ..... 010 ..... 0101111`, 4, 'xor'),
  amoxor_d: amo(R`00100 .. ..... ..... 011 ..... 0101111`, 8, 'xor'),
  amoand_w: amo(R`01100 .. ..... ..... 010 ..... 0101111`, 4, 'and'),
  amoand_d: amo(R`01100 .. ..... ..... 011 ..... 0101111`, 8, 'and'),
  amoor_w: amo(R`01000 .. ..... ..... 010 ..... 0101111`, 4, 'or'),
  amoor_d: amo(R`01000 .. ..... ..... 011 ..... 0101111`, 8, 'or'),
  amomin_w: amo(R`10000 .. ..... ..... 010 ..... 0101111`, 4, 'mins'),
  amomin_d: amo(R`10000 .. ..... ..... 011 ..... 0101111`, 8, 'mins'),
  amomax_w: amo(R`10100 .. ..... ..... 010 ..... 0101111`, 4, 'maxs'),
  amomax_d: amo(R`10100 .. ..... ..... 011 ..... 0101111`, 8, 'maxs'),
  amominu_w: amo(R`11000 .. ..... ..... 010 ..... 0101111`, 4, 'minu'),
  amominu_d: amo(R`11000 .. ..... ..... 011 ..... 0101111`, 8, 'minu'),
  amomaxu_w: amo(R`11100 .. ..... ..... 010 ..... 0101111`, 4, 'maxu'),
  amomaxu_d: amo(R`11100 .. ..... ..... 011 ..... 0101111`, 8, 'maxu'),
});
