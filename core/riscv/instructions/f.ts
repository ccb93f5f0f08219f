/** F and D: floating point of 32 and 64 bits (unprivileged manual, chapters "F" and "D"), which differ in the format. */
import type { Builder } from '../../ir/builder.ts';
import { isField, type Operand, type Value } from '../../ir/ops.ts';
import type { FloatBytes } from '../../ir/softfloat.ts';
import { MSTATUS } from '../hart.ts';
import {
  type Encoding,
  extension,
  FI,
  type FormatName,
  FR,
  FS,
  FX,
  instruction,
  type Operands,
  R4,
  XF,
} from '../instruction.ts';
import { REGISTER } from '../state.ts';

interface Format {
  /** As names end. */
  readonly letter: 's' | 'd';
  /** The field `fmt` of encodings. */
  readonly fmt: '00' | '01';
  /** The field `width` of loads and stores. */
  readonly width: '010' | '011';
  readonly bytes: FloatBytes;
}

const SINGLE: Format = { letter: 's', fmt: '00', width: '010', bytes: 4 };
const DOUBLE: Format = { letter: 'd', fmt: '01', width: '011', bytes: 8 };

/** What the upper half of a register holds above a float of 32 bits: with that, it is "boxed". */
const BOX = 0xffff_ffff_0000_0000n;
const CANONICAL_NAN = 0x7fc0_0000n;
/** Value of the field `rm` that stands for the rounding mode in `frm`; of those there, 5 to 7 are no mode. */
const DYNAMIC = 7;
const ROUNDING_MODES = 5n;

/** The float in a register, as the IR takes it; one of 32 bits that is not boxed counts as a NaN. */
function getFloat(b: Builder, { bytes }: Format, register: Operand<number>): Value {
  const bits = b.get(register);
  if (bytes === 8) return bits;
  return b.select(b.geu(bits, b.constant(BOX)), b.zext32(bits), b.constant(CANONICAL_NAN));
}

const setFloat = (b: Builder, { bytes }: Format, register: Operand<number>, value: Value): void =>
  b.set(register, bytes === 8 ? value : b.or(value, b.constant(BOX)));

function rounding(b: Builder, rm: Operand<number>): Value {
  if (!isField(rm) && rm !== DYNAMIC) return b.constant(rm);
  const dynamic = b.get(REGISTER.frm);
  const mode = isField(rm) ? b.select(b.eq(b.constant(rm), b.constant(DYNAMIC)), dynamic, b.constant(rm)) : dynamic;
  b.guard(b.ltu(mode, b.constant(ROUNDING_MODES)));
  return mode;
}

type Meaning<F extends FormatName> = (b: Builder, operands: Operands<F>) => void;

/** An instruction that needs the unit to be on, and only reads its state. */
const reading = <F extends FormatName>(encoding: Encoding<F>, meaning: Meaning<F>, syntax?: string) =>
  instruction<F>(
    encoding,
    (b, operands) => {
      b.guard(b.ne(b.and(b.get(REGISTER.mstatus), b.constant(MSTATUS.FS)), b.constant(0n)));
      meaning(b, operands);
    },
    syntax,
  );

/** The same for one that may change registers or flags, and so leaves the state dirty. */
const writing = <F extends FormatName>(encoding: Encoding<F>, meaning: Meaning<F>, syntax?: string) =>
  reading<F>(
    encoding,
    (b, operands) => {
      meaning(b, operands);
      b.set(REGISTER.mstatus, b.or(b.get(REGISTER.mstatus), b.constant(MSTATUS.FS | MSTATUS.SD)));
    },
    syntax,
  );

type Two = (b: Builder, x: Value, y: Value) => Value;
type Rounded = (b: Builder, x: Value, y: Value, mode: Value) => Value;
type Fused = (x: Value, y: Value, z: Value, negated: (value: Value) => Value) => [Value, Value, Value];

/** An integer that floats are converted from and to; `code` is its field in encodings. */
interface Integer {
  readonly name: string;
  readonly code: string;
  readonly bytes: 4 | 8;
  readonly signed: boolean;
}

const INTEGERS: readonly Integer[] = [
  { name: 'w', code: '00000', bytes: 4, signed: true },
  { name: 'wu', code: '00001', bytes: 4, signed: false },
  { name: 'l', code: '00010', bytes: 8, signed: true },
  { name: 'lu', code: '00011', bytes: 8, signed: false },
];

const UNARY = 'rd, rs1';
const UNARY_ROUNDED = 'rd, rs1[, rm]';
const UNARY_EXACT = 'rd, rs1[, exact]';
const COMPARISON = 'rd, rs1, rs2';

function instructionsOf(format: Format): Parameters<typeof extension>[0] {
  const { letter, fmt, width, bytes } = format;
  const sign = 1n << BigInt(bytes * 8 - 1);
  const get = (b: Builder, register: Operand<number>): Value => getFloat(b, format, register);
  const set = (b: Builder, register: Operand<number>, value: Value): void => setFloat(b, format, register, value);
  const negated = (b: Builder, value: Value): Value => b.xor(value, b.constant(sign));

  const rounded = (encoding: Encoding<'FR'>, value: Rounded) =>
    writing(encoding, (b, { rd, rs1, rs2, rm }) => set(b, rd, value(b, get(b, rs1), get(b, rs2), rounding(b, rm))));
  const fused = (encoding: Encoding<'R4'>, signs: Fused) =>
    writing(encoding, (b, { rd, rs1, rs2, rs3, rm }) => {
      const mode = rounding(b, rm);
      const [x, y, z] = signs(get(b, rs1), get(b, rs2), get(b, rs3), (value) => negated(b, value));
      set(b, rd, b.fmadd(bytes, x, y, z, mode));
    });
  const binary = (encoding: Encoding<'FR'>, value: Two) =>
    writing(encoding, (b, { rd, rs1, rs2 }) => set(b, rd, value(b, get(b, rs1), get(b, rs2))), COMPARISON);
  const signInjection = (encoding: Encoding<'FR'>, value: Two) =>
    binary(encoding, (b, x, y) => b.or(b.and(x, b.constant(sign - 1n)), b.and(value(b, x, y), b.constant(sign))));
  const comparison = (encoding: Encoding<'XF'>, name: 'feq' | 'flt' | 'fle') =>
    writing(
      encoding,
      (b, { rd, rs1, rs2 }) => b.set(rd, b.number(b[name](bytes, get(b, rs1), get(b, rs2)))),
      COMPARISON,
    );

  const toInteger = (integer: Integer) =>
    writing(
      XF`11000${fmt} ${integer.code} ..... ... ..... 1010011`,
      (b, { rd, rs1, rm }) => {
        const value = b.ftoi(bytes, integer.bytes, integer.signed, get(b, rs1), rounding(b, rm));
        b.set(rd, integer.bytes === 4 ? b.sext32(value) : value);
      },
      UNARY_ROUNDED,
    );
  const fromInteger = (integer: Integer) =>
    writing(
      FX`11010${fmt} ${integer.code} ..... ... ..... 1010011`,
      (b, { rd, rs1, rm }) => {
        const x = b.get(rs1);
        const value = integer.bytes === 8 ? x : integer.signed ? b.sext32(x) : b.zext32(x);
        set(b, rd, b.itof(bytes, integer.signed, value, rounding(b, rm)));
      },
      integer.bytes < bytes ? UNARY_EXACT : UNARY_ROUNDED,
    );

  /** fclass: which of ten classes, as a bit. */
  function classOf(b: Builder, x: Value): Value {
    const infinity = b.constant(bytes === 4 ? 0x7f80_0000n : 0x7ff0_0000_0000_0000n);
    const smallestNormal = b.constant(bytes === 4 ? 0x0080_0000n : 0x0010_0000_0000_0000n);
    const smallestQuiet = b.constant(bytes === 4 ? CANONICAL_NAN : 0x7ff8_0000_0000_0000n);
    const magnitude = b.and(x, b.constant(sign - 1n));
    const isNegative = b.ne(x, magnitude);
    const either = (negative: number, positive: number): Value =>
      b.select(isNegative, b.constant(1 << negative), b.constant(1 << positive));
    const finite = b.select(
      b.geu(magnitude, smallestNormal),
      either(1, 6),
      b.select(b.eq(magnitude, b.constant(0n)), either(3, 4), either(2, 5)),
    );
    const nan = b.select(b.geu(magnitude, smallestQuiet), b.constant(1 << 9), b.constant(1 << 8));
    const special = b.select(b.eq(magnitude, infinity), either(0, 7), nan);
    return b.select(b.ltu(magnitude, infinity), finite, special);
  }

  return {
    [letter === 's' ? 'flw' : 'fld']: writing(
      FI`............ ..... ${width} ..... 0000111`,
      (b, { rd, rs1, imm }) => set(b, rd, b.load(bytes, false, b.add(b.get(rs1), b.constant(imm)))),
      'rd, imm(rs1)',
    ),
    [letter === 's' ? 'fsw' : 'fsd']: reading(
      FS`....... ..... ..... ${width} ..... 0100111`,
      (b, { rs1, rs2, imm }) => b.store(bytes, b.add(b.get(rs1), b.constant(imm)), b.get(rs2)),
      'rs2, imm(rs1)',
    ),

    [`fmadd_${letter}`]: fused(R4`.....${fmt} ..... ..... ... ..... 1000011`, (x, y, z) => [x, y, z]),
    [`fmsub_${letter}`]: fused(R4`.....${fmt} ..... ..... ... ..... 1000111`, (x, y, z, negated) => [x, y, negated(z)]),
    [`fnmsub_${letter}`]: fused(R4`.....${fmt} ..... ..... ... ..... 1001011`, (x, y, z, negated) => [
      negated(x),
      y,
      z,
    ]),
    [`fnmadd_${letter}`]: fused(R4`.....${fmt} ..... ..... ... ..... 1001111`, (x, y, z, negated) => [
      negated(x),
      y,
      negated(z),
    ]),

    [`fadd_${letter}`]: rounded(FR`00000${fmt} ..... ..... ... ..... 1010011`, (b, x, y, mode) =>
      b.fadd(bytes, x, y, mode),
    ),
    [`fsub_${letter}`]: rounded(FR`00001${fmt} ..... ..... ... ..... 1010011`, (b, x, y, mode) =>
      b.fadd(bytes, x, negated(b, y), mode),
    ),
    [`fmul_${letter}`]: rounded(FR`00010${fmt} ..... ..... ... ..... 1010011`, (b, x, y, mode) =>
      b.fmul(bytes, x, y, mode),
    ),
    [`fdiv_${letter}`]: rounded(FR`00011${fmt} ..... ..... ... ..... 1010011`, (b, x, y, mode) =>
      b.fdiv(bytes, x, y, mode),
    ),
    [`fsqrt_${letter}`]: writing(
      FR`01011${fmt} 00000 ..... ... ..... 1010011`,
      (b, { rd, rs1, rm }) => set(b, rd, b.fsqrt(bytes, get(b, rs1), rounding(b, rm))),
      UNARY_ROUNDED,
    ),

    [`fsgnj_${letter}`]: signInjection(FR`00100${fmt} ..... ..... 000 ..... 1010011`, (_b, _x, y) => y),
    [`fsgnjn_${letter}`]: signInjection(FR`00100${fmt} ..... ..... 001 ..... 1010011`, (b, _x, y) => negated(b, y)),
    [`fsgnjx_${letter}`]: signInjection(FR`00100${fmt} ..... ..... 010 ..... 1010011`, (b, x, y) => b.xor(x, y)),
    [`fmin_${letter}`]: binary(FR`00101${fmt} ..... ..... 000 ..... 1010011`, (b, x, y) => b.fmin(bytes, x, y)),
    [`fmax_${letter}`]: binary(FR`00101${fmt} ..... ..... 001 ..... 1010011`, (b, x, y) => b.fmax(bytes, x, y)),

    [`fle_${letter}`]: comparison(XF`10100${fmt} ..... ..... 000 ..... 1010011`, 'fle'),
    [`flt_${letter}`]: comparison(XF`10100${fmt} ..... ..... 001 ..... 1010011`, 'flt'),
    [`feq_${letter}`]: comparison(XF`10100${fmt} ..... ..... 010 ..... 1010011`, 'feq'),
    [`fclass_${letter}`]: reading(
      XF`11100${fmt} 00000 ..... 001 ..... 1010011`,
      (b, { rd, rs1 }) => b.set(rd, classOf(b, get(b, rs1))),
      UNARY,
    ),
    ...Object.fromEntries(INTEGERS.map((integer) => [`fcvt_${integer.name}_${letter}`, toInteger(integer)])),
    ...Object.fromEntries(INTEGERS.map((integer) => [`fcvt_${letter}_${integer.name}`, fromInteger(integer)])),
  };
}

export const F = extension({
  ...instructionsOf(SINGLE),
  fmv_x_w: reading(
    XF`1110000 00000 ..... 000 ..... 1010011`,
    (b, { rd, rs1 }) => b.set(rd, b.sext32(b.get(rs1))),
    UNARY,
  ),
  fmv_w_x: writing(
    FX`1111000 00000 ..... 000 ..... 1010011`,
    (b, { rd, rs1 }) => setFloat(b, SINGLE, rd, b.zext32(b.get(rs1))),
    UNARY,
  ),
});

export const D = extension({
  ...instructionsOf(DOUBLE),
  fcvt_s_d: writing(
    FR`0100000 00001 ..... ... ..... 1010011`,
    (b, { rd, rs1, rm }) => setFloat(b, SINGLE, rd, b.fnarrow(getFloat(b, DOUBLE, rs1), rounding(b, rm))),
    UNARY_ROUNDED,
  ),
  fcvt_d_s: writing(
    FR`0100001 00000 ..... ... ..... 1010011`,
    (b, { rd, rs1, rm }) => {
      rounding(b, rm);
      setFloat(b, DOUBLE, rd, b.fwiden(getFloat(b, SINGLE, rs1)));
    },
    UNARY_EXACT,
  ),
  fmv_x_d: reading(XF`1110001 00000 ..... 000 ..... 1010011`, (b, { rd, rs1 }) => b.set(rd, b.get(rs1)), UNARY),
  fmv_d_x: writing(FX`1111001 00000 ..... 000 ..... 1010011`, (b, { rd, rs1 }) => b.set(rd, b.get(rs1)), UNARY),
});
