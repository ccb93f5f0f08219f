/** B: bit manipulation (unprivileged manual, chapter "B": Zba addresses, Zbb basics, Zbs single bits). */
import type { Builder } from '../../ir/builder.ts';
import type { Value } from '../../ir/ops.ts';
import { type Encoding, extension, H, instruction, R, W } from '../instruction.ts';

type One = (b: Builder, x: Value) => Value;
type Two = (b: Builder, x: Value, y: Value) => Value;

const unary = (encoding: Encoding<'R'>, value: One) =>
  instruction(encoding, (b, { rd, rs1 }) => b.set(rd, value(b, b.get(rs1))), 'rd, rs1');
const register = (encoding: Encoding<'R'>, value: Two) =>
  instruction(encoding, (b, { rd, rs1, rs2 }) => b.set(rd, value(b, b.get(rs1), b.get(rs2))));
const immediate = (encoding: Encoding<'H'> | Encoding<'W'>, value: Two) =>
  instruction(encoding as Encoding<'H'>, (b, { rd, rs1, imm }) => b.set(rd, value(b, b.get(rs1), b.constant(imm))));

const shiftAdd =
  (bits: bigint, source: One = (_, x) => x): Two =>
  (b, x, y) =>
    b.add(b.shl(source(b, x), b.constant(bits)), y);
const zext32: One = (b, x) => b.zext32(x);
const not: One = (b, x) => b.xor(x, b.constant(-1n));

/** Both 32-bit halves of the doubled word are the word: shifted right by `amount` mod 32, its low half is rotated. */
const rotateRight32: Two = (b, x, amount) => {
  const word = b.zext32(x);
  const doubled = b.or(word, b.shl(word, b.constant(32n)));
  return b.sext32(b.shru(doubled, b.and(amount, b.constant(31n))));
};

const BYTES_LOW = 0x0101_0101_0101_0101n;
/** 0x80 in each byte that is not zero: adding 0x7f carries into the top bit unless all lower bits are zero. */
const nonzeroBytes: One = (b, x) => {
  const low = b.constant(0x7fn * BYTES_LOW);
  return b.and(b.or(b.add(b.and(x, low), low), x), b.constant(0x80n * BYTES_LOW));
};

/** Swaps neighbours of `bits` bits; `mask` has the lower one of each two. */
const swap = (b: Builder, x: Value, bits: bigint, mask: bigint): Value => {
  const distance = b.constant(bits);
  const lower = b.constant(mask);
  return b.or(b.shl(b.and(x, lower), distance), b.and(b.shru(x, distance), lower));
};

const bit: Two = (b, x, y) => b.and(b.shru(x, y), b.constant(1n));
const onlyBit: One = (b, y) => b.shl(b.constant(1n), y);
const setBit: Two = (b, x, y) => b.or(x, onlyBit(b, y));
const clearBit: Two = (b, x, y) => b.and(x, not(b, onlyBit(b, y)));
const invertBit: Two = (b, x, y) => b.xor(x, onlyBit(b, y));

export const ZBA = extension({
  add_uw: register(R`0000100 ..... ..... 000 ..... 0111011`, shiftAdd(0n, zext32)),
  sh1add: register(R`0010000 ..... ..... 010 ..... 0110011`, shiftAdd(1n)),
  sh2add: register(R`0010000 ..... ..... 100 ..... 0110011`, shiftAdd(2n)),
  sh3add: register(R`0010000 ..... ..... 110 ..... 0110011`, shiftAdd(3n)),
  sh1add_uw: register(R`0010000 ..... ..... 010 ..... 0111011`, shiftAdd(1n, zext32)),
  sh2add_uw: register(R`0010000 ..... ..... 100 ..... 0111011`, shiftAdd(2n, zext32)),
  sh3add_uw: register(R`0010000 ..... ..... 110 ..... 0111011`, shiftAdd(3n, zext32)),
  slli_uw: immediate(H`000010 ...... ..... 001 ..... 0011011`, (b, x, y) => b.shl(b.zext32(x), y)),
});

export const ZBB = extension({
  andn: register(R`0100000 ..... ..... 111 ..... 0110011`, (b, x, y) => b.and(x, not(b, y))),
  orn: register(R`0100000 ..... ..... 110 ..... 0110011`, (b, x, y) => b.or(x, not(b, y))),
  xnor: register(R`0100000 ..... ..... 100 ..... 0110011`, (b, x, y) => not(b, b.xor(x, y))),

  clz: unary(R`0110000 00000 ..... 001 ..... 0010011`, (b, x) => b.clz(x)),
  ctz: unary(R`0110000 00001 ..... 001 ..... 0010011`, (b, x) => b.ctz(x)),
  cpop: unary(R`0110000 00010 ..... 001 ..... 0010011`, (b, x) => b.popcnt(x)),
  // A one right behind the word ends the count at its edge.
  clzw: unary(R`0110000 00000 ..... 001 ..... 0011011`, (b, x) =>
    b.clz(b.or(b.shl(x, b.constant(32n)), b.constant(1n << 31n))),
  ),
  ctzw: unary(R`0110000 00001 ..... 001 ..... 0011011`, (b, x) => b.ctz(b.or(x, b.constant(1n << 32n)))),
  cpopw: unary(R`0110000 00010 ..... 001 ..... 0011011`, (b, x) => b.popcnt(b.zext32(x))),

  min: register(R`0000101 ..... ..... 100 ..... 0110011`, (b, x, y) => b.select(b.lts(x, y), x, y)),
  minu: register(R`0000101 ..... ..... 101 ..... 0110011`, (b, x, y) => b.select(b.ltu(x, y), x, y)),
  max: register(R`0000101 ..... ..... 110 ..... 0110011`, (b, x, y) => b.select(b.lts(x, y), y, x)),
  maxu: register(R`0000101 ..... ..... 111 ..... 0110011`, (b, x, y) => b.select(b.ltu(x, y), y, x)),

  sext_b: unary(R`0110000 00100 ..... 001 ..... 0010011`, (b, x) => b.sext8(x)),
  sext_h: unary(R`0110000 00101 ..... 001 ..... 0010011`, (b, x) => b.sext16(x)),
  zext_h: unary(R`0000100 00000 ..... 100 ..... 0111011`, (b, x) => b.and(x, b.constant(0xffffn))),

  rol: register(R`0110000 ..... ..... 001 ..... 0110011`, (b, x, y) => b.rotl(x, y)),
  ror: register(R`0110000 ..... ..... 101 ..... 0110011`, (b, x, y) => b.rotr(x, y)),
  rori: immediate(H`011000 ...... ..... 101 ..... 0010011`, (b, x, y) => b.rotr(x, y)),
  rolw: register(R`0110000 ..... ..... 001 ..... 0111011`, (b, x, y) => rotateRight32(b, x, b.sub(b.constant(0n), y))),
  rorw: register(R`0110000 ..... ..... 101 ..... 0111011`, rotateRight32),
  roriw: immediate(W`0110000 ..... ..... 101 ..... 0011011`, rotateRight32),

  orc_b: unary(R`0010100 00111 ..... 101 ..... 0010011`, (b, x) =>
    b.mul(b.shru(nonzeroBytes(b, x), b.constant(7n)), b.constant(0xffn)),
  ),
  rev8: unary(R`0110101 11000 ..... 101 ..... 0010011`, (b, x) =>
    b.rotl(swap(b, swap(b, x, 8n, 0x00ff_00ff_00ff_00ffn), 16n, 0x0000_ffff_0000_ffffn), b.constant(32n)),
  ),
});

export const ZBS = extension({
  bclr: register(R`0100100 ..... ..... 001 ..... 0110011`, clearBit),
  bclri: immediate(H`010010 ...... ..... 001 ..... 0010011`, clearBit),
  bext: register(R`0100100 ..... ..... 101 ..... 0110011`, bit),
  bexti: immediate(H`010010 ...... ..... 101 ..... 0010011`, bit),
  binv: register(R`0110100 ..... ..... 001 ..... 0110011`, invertBit),
  binvi: immediate(H`011010 ...... ..... 001 ..... 0010011`, invertBit),
  bset: register(R`0010100 ..... ..... 001 ..... 0110011`, setBit),
  bseti: immediate(H`001010 ...... ..... 001 ..... 0010011`, setBit),
});
