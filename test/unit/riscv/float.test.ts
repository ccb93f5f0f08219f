/** F and D where the manual says more than "as IEEE 754 has it": the unit's state, boxes, rounding modes, classes. */
import { describe, expect, test } from 'vitest';
import { decode } from '../../../core/riscv/decode.ts';
import { CAUSE, type Hart, MSTATUS } from '../../../core/riscv/hart.ts';
import { BY_NAME, INSTRUCTIONS } from '../../../core/riscv/table.ts';
import { ENGINES, type Outcome } from '../../support/engines.ts';
import { RAM_START } from '../../support/oracle.ts';

const DATA = RAM_START + 0x1000n;
const BOX = 0xffff_ffff_0000_0000n;
const BOXED_NAN = 0xffff_ffff_7fc0_0000n;
const ONE = 0x3ff0_0000_0000_0000n;
const BOXED_ONE = BOX | 0x3f80_0000n;
/** Values of `mstatus.FS`. */
const CLEAN = 2n << 13n;
const DIRTY = MSTATUS.FS | MSTATUS.SD;

describe.each(ENGINES)('on the %s', (_, run) => {
  /** Executes `source` with the unit on, f10 and f11 as given, and a0 = DATA. */
  const execute = (
    source: string,
    x = 0n,
    y = 0n,
    prepare: (hart: Hart, ram: Uint8Array) => void = () => {},
  ): Outcome =>
    run(source, (hart, ram) => {
      const { state } = hart;
      state.mstatus |= CLEAN;
      state.f.set([x, y], 10);
      state.x[10] = DATA;
      prepare(hart, ram);
    });
  const status = ({ hart }: Outcome): bigint => hart.state.mstatus & DIRTY;

  describe('while the unit is off', () => {
    test.each([
      'fadd.d fa0, fa0, fa1',
      'fmadd.s fa0, fa0, fa1, fa2',
      'fsgnj.s fa0, fa0, fa1',
      'fmv.x.w a0, fa0',
      'fclass.d a0, fa0',
      'fld fa0, 0(a0)',
      'fsw fa0, 0(a0)',
      'csrrs a0, fflags, zero',
      'csrrw zero, frm, zero',
      'csrrwi zero, fcsr, 0',
    ])('%s is illegal', (source) => {
      const { hart, traps } = run(source);
      const bits = hart.state.mtval;
      expect(traps).toMatchObject([{ cause: CAUSE.illegalInstruction, epc: RAM_START, tval: bits }]);
      expect(decode(Number(bits))).toBeDefined();
      expect(hart.state.mstatus & DIRTY).toBe(0n);
    });
  });

  test.each<[source: string, dirty: boolean]>([
    ['fadd.s fa0, fa0, fa1', true],
    ['fsgnj.d fa0, fa0, fa1', true],
    ['fld fa0, 0(a0)', true],
    ['fcvt.d.w fa0, a0', true],
    ['fmv.w.x fa0, a0', true],
    ['feq.d a1, fa0, fa1', true],
    ['csrrwi zero, frm, 0', true],
    ['fsd fa0, 0(a0)', false],
    ['fmv.x.d a1, fa0', false],
    ['fclass.s a1, fa0', false],
    ['csrrs a1, fcsr, zero', false],
  ])('%s leaves the state dirty: %s', (source, dirty) => {
    expect(status(execute(source))).toBe(dirty ? DIRTY : CLEAN);
  });

  test('a load that faults changes nothing', () => {
    const outcome = execute('fld fa0, 0(zero)', 7n);
    expect(outcome.traps).toMatchObject([{ cause: CAUSE.loadAccessFault, epc: RAM_START, tval: 0n }]);
    expect(status(outcome)).toBe(CLEAN);
    expect(outcome.hart.state.f[10]).toBe(7n);
  });

  test.each([5, 6, 7])('a rounding mode of %i in frm is illegal where it is used', (mode) => {
    const write = `csrrwi zero, frm, ${mode}`;
    const { traps } = execute(`${write}\nfadd.d fa0, fa0, fa1, rtz\nfsgnj.d fa0, fa0, fa1\nfcvt.d.s fa0, fa1, dyn`);
    expect(traps).toMatchObject([{ cause: CAUSE.illegalInstruction, epc: RAM_START + 12n }]);
  });

  test('frm rounds what says so', () => {
    const { hart } = execute(
      'csrrwi zero, frm, 3\nfadd.d fa2, fa0, fa1\nfadd.d fa3, fa0, fa1, rne\ncsrrs a1, fcsr, zero',
      ONE,
      1n,
    );
    expect(hart.state.f.slice(12, 14)).toEqual(BigUint64Array.of(ONE + 1n, ONE));
    expect(hart.state.x[11]).toBe((3n << 5n) | 1n);
  });

  test('fflags accrue, and parts of fcsr are written by themselves', () => {
    const { hart } = execute(
      'csrrwi zero, frm, 1\nfdiv.s fa2, fa0, fa1\nfadd.d fa3, fa0, fa0\ncsrrs a1, fcsr, zero\ncsrrci a2, fflags, 8\ncsrrs a3, fcsr, zero',
      BOXED_ONE,
      BOX,
    );
    expect(hart.state.x.slice(11, 14)).toEqual(BigUint64Array.of(0x28n, 8n, 0x20n));
  });

  describe('boxes', () => {
    test.each<[source: string, x: bigint, result: bigint]>([
      ['fadd.s fa2, fa0, fa1', BOXED_ONE, BOX | 0x4000_0000n],
      ['fadd.s fa2, fa0, fa1', 0x3f80_0000n, BOXED_NAN],
      ['fsgnj.s fa2, fa0, fa0', 0xffff_fffe_3f80_0000n, BOXED_NAN],
      ['fmin.s fa2, fa0, fa1', 0x3f80_0000n, BOXED_ONE],
      ['fmv.w.x fa2, a1', 0n, BOX | 0x8765_4321n],
      ['fcvt.d.s fa2, fa0', 0x3f80_0000n, 0x7ff8_0000_0000_0000n],
      ['fcvt.s.d fa2, fa0', ONE, BOXED_ONE],
      ['flw fa2, 0(a0)', 0n, BOX | 0xaaaa_aaaan],
    ])('%s of 0x%s', (source, x, result) => {
      const { hart } = execute(source, x, BOXED_ONE, ({ state }, ram) => {
        state.x[11] = 0x1234_5678_8765_4321n;
        ram.fill(0xaa, 0x1000, 0x1008);
      });
      expect(hart.state.f[12]).toBe(result);
    });

    test('mean nothing to what moves bits', () => {
      const { hart, ram } = execute('fmv.x.w a1, fa0\nfsw fa0, 0(a0)\nfsd fa0, 8(a0)', 0x1234_5678_8765_4321n);
      expect(hart.state.x[11]).toBe(0xffff_ffff_8765_4321n);
      const view = new DataView(ram.buffer, ram.byteOffset + 0x1000);
      expect([view.getBigUint64(0, true), view.getBigUint64(8, true)]).toEqual([0x8765_4321n, 0x1234_5678_8765_4321n]);
    });
  });

  test.each<[source: string, x: bigint, result: bigint]>([
    ['fcvt.wu.d a1, fa0, rtz', 0x41ef_ffff_ffe0_0000n, 0xffff_ffff_ffff_ffffn],
    ['fcvt.wu.d a1, fa0, rtz', 0x7ff8_0000_0000_0000n, 0xffff_ffff_ffff_ffffn],
    ['fcvt.w.d a1, fa0, rtz', 0xc1e0_0000_0000_0000n, 0xffff_ffff_8000_0000n],
    ['fcvt.lu.s a1, fa0, rtz', BOX | 0xbf80_0000n, 0n],
  ])('%s of 0x%s', (source, x, result) => {
    expect(execute(source, x).hart.state.x[11]).toBe(result);
  });

  test.each<[name: 's' | 'd', values: readonly bigint[]]>([
    [
      's',
      [
        0xff80_0000n,
        0xbf80_0000n,
        0x807f_ffffn,
        0x8000_0000n,
        0n,
        1n,
        0x0080_0000n,
        0x7f80_0000n,
        0x7f80_0001n,
        0xffc0_0000n,
      ],
    ],
    [
      'd',
      [
        ...[0xfff0_0000_0000_0000n, 0xffef_ffff_ffff_ffffn, 0x8000_0000_0000_0001n, 0x8000_0000_0000_0000n, 0n],
        ...[0x000f_ffff_ffff_ffffn, 0x0010_0000_0000_0000n, 0x7ff0_0000_0000_0000n],
        ...[0xfff0_0000_0000_0001n, 0x7ff8_0000_0000_0000n],
      ],
    ],
  ])('fclass.%s names each class', (name, values) => {
    for (const [index, value] of values.entries()) {
      const { hart } = execute(`fclass.${name} a1, fa0`, name === 's' ? value | BOX : value);
      expect([value, hart.state.x[11]]).toEqual([value, 1n << BigInt(index)]);
    }
  });

  test('compressed loads and stores move doubles', () => {
    // c.fld fa0, 8(a0); c.fsd fa0, 16(a0); c.fldsp fa1, 8(sp); c.fsdsp fa1, 24(sp)
    const { ram, hart } = execute('.word 0xa9082508\n.word 0xac2e25a2', 0n, 0n, ({ state }, memory) => {
      state.x[2] = DATA;
      memory.set([1, 2, 3, 4, 5, 6, 7, 8], 0x1008);
    });
    expect(hart.state.f.slice(10, 12)).toEqual(BigUint64Array.of(0x0807_0605_0403_0201n, 0x0807_0605_0403_0201n));
    for (const offset of [16, 24])
      expect([...ram.subarray(0x1000 + offset, 0x1008 + offset)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

test('reserved rounding modes do not decode', () => {
  const rounded = INSTRUCTIONS.filter(({ fields }) => 'rm' in fields);
  expect(rounded.length).toBe(36);
  for (const { picture } of rounded)
    expect([0, 1, 2, 3, 4, 5, 6, 7].filter((rm) => decode((picture.match | (rm << 12)) >>> 0))).toEqual([
      0, 1, 2, 3, 4, 7,
    ]);
  expect(BY_NAME.get('fsgnj.d')!.fields).not.toHaveProperty('rm');
});
