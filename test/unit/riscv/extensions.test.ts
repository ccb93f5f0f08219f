/** Instructions that no other emulator at hand knows, against values from the manual's text, on oracle and interpreter. */
import { describe, expect, test } from 'vitest';
import { assemble } from '../../../core/riscv/assemble.ts';
import { CAUSE, type Hart, MACHINE, MENVCFG, SUPERVISOR, USER } from '../../../core/riscv/hart.ts';
import { ENGINES, type Outcome } from '../../support/engines.ts';
import { RAM_START } from '../../support/oracle.ts';

const DATA = RAM_START + 0x1000n;
const ONES = 0xffff_ffff_ffff_ffffn;

describe.each(ENGINES)('on the %s', (_, run) => {
  const onRegisters = (source: string, x: bigint, y: bigint): bigint =>
    run(source, ({ state }) => state.x.set([x, y], 11)).hart.state.x[10]!;

  test.each<[instruction: string, x: bigint, y: bigint, result: bigint]>([
    ['czero.eqz a0, a1, a2', 5n, 0n, 0n],
    ['czero.eqz a0, a1, a2', 5n, 1n << 63n, 5n],
    ['czero.nez a0, a1, a2', 5n, 0n, 5n],
    ['czero.nez a0, a1, a2', 5n, 1n << 32n, 0n],
    ['ctzw a0, a1', 3n << 34n, 0n, 32n],
    ['ctzw a0, a1', 0xff00_0000_0000_0100n, 0n, 8n],
    ['clzw a0, a1', ONES << 32n, 0n, 32n],
    ['clzw a0, a1', 0xffff_ffff_0000_0001n, 0n, 31n],
    ['orc.b a0, a1', 0x0100_8000_7f00_00ffn, 0n, 0xff00_ff00_ff00_00ffn],
    ['rev8 a0, a1', 0x0102_0304_0506_0708n, 0n, 0x0807_0605_0403_0201n],
    ['rolw a0, a1, a2', 0xffff_ffff_8000_0001n, 33n, 3n],
    ['rorw a0, a1, a2', 1n, 1n, 0xffff_ffff_8000_0000n],
    ['add.uw a0, a1, a2', ONES, 1n, 1n << 32n],
  ])('%s of 0x%s, 0x%s', (source, x, y, result) => {
    expect(onRegisters(source, x, y)).toBe(result);
  });

  test.each(['pause', 'wrs.nto', 'wrs.sto', 'prefetch.r 32(a1)', 'prefetch.w -32(a1)', 'prefetch.i 0(zero)'])(
    '%s does nothing',
    (source) => {
      const { hart, traps } = run(source);
      expect(traps).toMatchObject([{ cause: CAUSE.breakpoint, epc: RAM_START + 4n }]);
      expect(hart.state.x.every((value) => value === 0n)).toBe(true);
    },
  );

  const onBlock = (source: string, address: bigint, prepare: (hart: Hart) => void = () => {}): Outcome =>
    run(source, (hart, ram) => {
      ram.fill(0xaa, 0x1000, 0x1100);
      hart.state.x[10] = address;
      prepare(hart);
    });

  test('cbo.zero clears the block that its address lies in, and nothing else', () => {
    const { ram, traps } = onBlock('cbo.zero (a0)', DATA + 0x7fn);
    expect(traps).toMatchObject([{ cause: CAUSE.breakpoint }]);
    expect([...ram.subarray(0x1000, 0x1100)]).toEqual(
      Array.from({ length: 0x100 }, (_, offset) => (offset >= 0x40 && offset < 0x80 ? 0 : 0xaa)),
    );
  });

  test('cbo.zero of the code that runs takes effect', () => {
    const call = 'jal ra, 0x80000040';
    const { traps } = run(`${call}\ncbo.zero (a0)\nfence.i\n${call}`, ({ state }, ram) => {
      ram.set(assemble('jalr zero, 0(ra)'), 0x40);
      state.x[10] = RAM_START + 0x40n;
    });
    expect(traps).toMatchObject([{ cause: CAUSE.illegalInstruction, epc: RAM_START + 0x40n, tval: 0n }]);
  });

  test.each(['cbo.inval (a0)', 'cbo.clean (a0)', 'cbo.flush (a0)'])('%s changes nothing', (source) => {
    const { ram, traps } = onBlock(source, DATA + 0x40n);
    expect(traps).toMatchObject([{ cause: CAUSE.breakpoint }]);
    expect(ram.subarray(0x1000, 0x1100).every((byte) => byte === 0xaa)).toBe(true);
  });

  test.each(['cbo.inval (a0)', 'cbo.clean (a0)', 'cbo.flush (a0)', 'cbo.zero (a0)'])(
    '%s faults as a store where there is no memory',
    (source) => {
      const { traps } = onBlock(source, 0x1000_0047n);
      expect(traps).toMatchObject([{ cause: CAUSE.storeAccessFault, epc: RAM_START, tval: 0x1000_0040n }]);
    },
  );

  describe('below machine mode', () => {
    /** Opens all memory to every mode, and enters the one that `mstatus.MPP` says. */
    const ENTER = [
      ...['addi t0, zero, -1', 'csrrw zero, pmpaddr0, t0', 'addi t0, zero, 0x1f', 'csrrw zero, pmpcfg0, t0'],
      ...['auipc t0, 0', 'addi t0, t0, 16', 'csrrw zero, mepc, t0', 'mret'],
    ];
    const ENTERED = RAM_START + BigInt(4 * ENTER.length);
    const inMode = (mode: number, source: string, menvcfg: bigint, senvcfg: bigint): Outcome =>
      onBlock([...ENTER, source].join('\n'), DATA, ({ state }) => {
        Object.assign(state, { menvcfg, senvcfg });
        state.mstatus |= BigInt(mode) << 11n;
      });

    test.each<[source: string, enabledBy: bigint]>([
      ['cbo.inval (a0)', 1n << 4n],
      ['cbo.inval (a0)', MENVCFG.CBIE],
      ['cbo.clean (a0)', MENVCFG.CBCFE],
      ['cbo.flush (a0)', MENVCFG.CBCFE],
      ['cbo.zero (a0)', MENVCFG.CBZE],
    ])('%s wants menvcfg = %s, and senvcfg in user mode', (source, enabledBy) => {
      const causeIn = (mode: number, menvcfg: bigint, senvcfg: bigint): number =>
        inMode(mode, source, menvcfg, senvcfg).traps[0]!.cause;
      const others =
        (MENVCFG.CBIE | MENVCFG.CBCFE | MENVCFG.CBZE) & ~enabledBy & ~(enabledBy & MENVCFG.CBIE && MENVCFG.CBIE);
      const { breakpoint, illegalInstruction } = CAUSE;
      expect(causeIn(MACHINE, others, others)).toBe(breakpoint);
      expect(causeIn(SUPERVISOR, enabledBy, others)).toBe(breakpoint);
      expect(causeIn(SUPERVISOR, others, enabledBy)).toBe(illegalInstruction);
      expect(causeIn(USER, enabledBy, enabledBy)).toBe(breakpoint);
      expect(causeIn(USER, enabledBy, others)).toBe(illegalInstruction);
      expect(causeIn(USER, others, enabledBy)).toBe(illegalInstruction);
    });

    test('what a guard refuses is illegal with its bits in tval, and leaves earlier instructions done', () => {
      const { hart, traps } = inMode(USER, 'addi a1, a1, 1\ncbo.zero (a0)', 0n, 0n);
      expect(traps).toMatchObject([{ cause: CAUSE.illegalInstruction, epc: ENTERED + 4n, tval: 0x0045_200fn }]);
      expect(hart.state.x[11]).toBe(1n);
      expect(hart.state.minstret).toBe(BigInt(ENTER.length + 1));
    });
  });
});
