/** Arguments of the IR's pure ops at which they change their ways, with results that were worked out by hand. */
import type { OpName } from '../../core/ir/ops.ts';

export const MIN = 0x8000_0000_0000_0000n;
export const MAX = 0x7fff_ffff_ffff_ffffn;
export const ONES = 0xffff_ffff_ffff_ffffn;
const M2 = 0xffff_ffff_ffff_fffen;
const M3 = 0xffff_ffff_ffff_fffdn;
const M7 = 0xffff_ffff_ffff_fff9n;

/** Numbers are unsigned 64-bit values, truth values 0 and 1. */
export type BinaryCase = readonly [x: bigint, y: bigint, result: bigint];
export type UnaryCase = readonly [x: bigint, result: bigint];

// biome-ignore format: cases side by side
export const BINARY: Partial<Record<OpName, readonly BinaryCase[]>> = {
  add: [[1n, 2n, 3n], [ONES, 1n, 0n], [MAX, 1n, MIN]],
  sub: [[3n, 2n, 1n], [0n, 1n, ONES], [MIN, 1n, MAX]],
  mul: [[6n, 7n, 42n], [ONES, ONES, 1n], [MIN, 2n, 0n], [M3, 7n, 0xffff_ffff_ffff_ffebn]],
  mulhs: [
    [1n << 32n, 1n << 32n, 1n], [ONES, ONES, 0n], [ONES, 1n, ONES], [1n, ONES, ONES], [MIN, MIN, 1n << 62n],
    [MIN, MAX, 0xc000_0000_0000_0000n], [MAX, MAX, 0x3fff_ffff_ffff_ffffn], [MIN, ONES, 0n], [0n, ONES, 0n],
  ],
  mulhu: [
    [1n << 32n, 1n << 32n, 1n], [ONES, ONES, M2], [ONES, 1n, 0n], [MIN, MIN, 1n << 62n], [MIN, 2n, 1n],
    [0xffff_ffffn, 0x1_0000_0001n, 0n], [0x1_0000_0000n, ONES, 0xffff_ffffn],
  ],
  mulhsu: [
    [ONES, ONES, ONES], [ONES, 1n, ONES], [1n, ONES, 0n], [2n, ONES, 1n], [MIN, ONES, MIN],
    [MIN, MIN, 0xc000_0000_0000_0000n], [MAX, MIN, 0x3fff_ffff_ffff_ffffn], [ONES, 0n, 0n],
  ],
  divs: [
    [7n, 2n, 3n], [M7, 2n, M3], [7n, M2, M3], [M7, M2, 3n], [7n, 0n, 0n], [MIN, ONES, MIN], [MIN, 0n, 0n], [MAX, ONES, MIN + 1n],
  ],
  divu: [[7n, 2n, 3n], [ONES, 2n, MAX], [M7, M2, 0n], [7n, 0n, 0n], [MIN, ONES, 0n], [ONES, ONES, 1n]],
  rems: [[7n, 2n, 1n], [M7, 2n, ONES], [7n, M2, 1n], [M7, M2, ONES], [M7, 0n, M7], [MIN, ONES, 0n], [MIN, 0n, MIN]],
  remu: [[7n, 2n, 1n], [ONES, 2n, 1n], [M7, 0n, M7], [MIN, ONES, MIN], [ONES, ONES, 0n]],
  and: [[0b1100n, 0b1010n, 0b1000n], [ONES, MIN, MIN]],
  or: [[0b1100n, 0b1010n, 0b1110n], [0n, MIN, MIN]],
  xor: [[0b1100n, 0b1010n, 0b0110n], [ONES, MIN, MAX]],
  shl: [[1n, 63n, MIN], [1n, 64n, 1n], [3n, 65n, 6n], [ONES, ONES, MIN], [5n, MIN, 5n]],
  shru: [[MIN, 63n, 1n], [MIN, 64n, MIN], [ONES, 1n, MAX], [MIN, ONES, 1n], [ONES, 0n, ONES]],
  shrs: [[MIN, 63n, ONES], [MIN, 64n, MIN], [MAX, 62n, 1n], [ONES, ONES, ONES], [MAX, ONES, 0n]],
  rotl: [[MIN, 1n, 1n], [3n, 63n, MIN + 1n], [5n, 64n, 5n], [MIN + 2n, ONES, MIN >> 1n | 1n]],
  rotr: [[1n, 1n, MIN], [MIN + 1n, 63n, 3n], [5n, 64n, 5n], [MIN + 2n, ONES, 5n]],
  eq: [[1n, 1n, 1n], [ONES, MAX, 0n]],
  ne: [[1n, 1n, 0n], [ONES, MAX, 1n]],
  lts: [[ONES, 0n, 1n], [0n, ONES, 0n], [MIN, MAX, 1n], [1n, 1n, 0n]],
  ltu: [[ONES, 0n, 0n], [0n, ONES, 1n], [MIN, MAX, 0n], [1n, 1n, 0n]],
  ges: [[ONES, 0n, 0n], [0n, ONES, 1n], [MIN, MAX, 0n], [1n, 1n, 1n]],
  geu: [[ONES, 0n, 1n], [0n, ONES, 0n], [MIN, MAX, 1n], [1n, 1n, 1n]],
};

// biome-ignore format: cases side by side
export const UNARY: Partial<Record<OpName, readonly UnaryCase[]>> = {
  clz: [[0n, 64n], [1n, 63n], [MAX, 1n], [MIN, 0n], [0x8000_0000n, 32n]],
  ctz: [[0n, 64n], [1n, 0n], [MIN, 63n], [0x1_0000_0000n, 32n], [ONES, 0n]],
  popcnt: [[0n, 0n], [ONES, 64n], [MIN + 1n, 2n], [0xf0f0n, 8n]],
  sext8: [[0x7fn, 0x7fn], [0x80n, ONES - 0x7fn], [0xff01n, 1n]],
  sext16: [[0x7fffn, 0x7fffn], [0x8000n, ONES - 0x7fffn], [0xff_0001n, 1n]],
  sext32: [[0x7fff_ffffn, 0x7fff_ffffn], [0x8000_0000n, 0xffff_ffff_8000_0000n], [0x1_0000_0001n, 1n], [ONES, ONES]],
  zext32: [[ONES, 0xffff_ffffn], [0x1_8000_0000n, 0x8000_0000n], [MIN, 0n]],
};
