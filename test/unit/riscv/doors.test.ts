import { describe, expect, test } from 'vitest';
import { DOORS } from '../../../core/riscv/doors.ts';
import { CAUSE, type Invalidation, MACHINE, MSTATUS, SUPERVISOR, USER } from '../../../core/riscv/hart.ts';
import { INSTRUCTIONS } from '../../../core/riscv/table.ts';
import { meaningOf } from '../../support/forms.ts';
import { boot, openMemory } from '../../support/guest.ts';
import type { Oracle } from '../../support/oracle.ts';

const START = 0x8000_0000n;

test('every instruction that leaves has a door of its name, and every door an instruction', () => {
  const doors = INSTRUCTIONS.flatMap((instruction) => meaningOf(instruction).flatMap(({ door }) => door ?? []));
  expect(doors.toSorted()).toEqual(Object.keys(DOORS).toSorted());
});

/** `source` in a mode that may access all memory, with `mstatus` besides what is always there. */
function bootInto(privilege: number, source: string, mstatus = 0n): Oracle {
  const oracle = boot(source);
  const { state } = oracle.hart;
  state.privilege = privilege;
  state.mstatus |= mstatus;
  openMemory(state);
  return oracle;
}

/** `instruction` after mscratch = 0b1100, a0 = 0b1010 and a1 = 0. */
function onScratch(instruction: string): Oracle {
  const oracle = boot(instruction);
  oracle.hart.state.mscratch = 0b1100n;
  oracle.hart.state.x[10] = 0b1010n;
  oracle.step();
  return oracle;
}

describe('CSR instructions', () => {
  test.each([
    ['csrrw', 0b1010n],
    ['csrrs', 0b1110n],
    ['csrrc', 0b0100n],
  ])('%s', (name, written) => {
    const { hart } = onScratch(`${name} a2, mscratch, a0`);
    expect(hart.state).toMatchObject({ mscratch: written, pc: START + 4n, minstret: 1n });
    expect(hart.state.x[12]).toBe(0b1100n);
  });

  test.each([
    ['csrrwi', 0b1010n],
    ['csrrsi', 0b1110n],
    ['csrrci', 0b0100n],
  ])('%s', (name, written) => {
    const { hart } = onScratch(`${name} a2, mscratch, 10`);
    expect(hart.state.mscratch).toBe(written);
    expect(hart.state.x[12]).toBe(0b1100n);
  });

  test('may read and write the same register', () => {
    const { hart } = onScratch('csrrw a0, mscratch, a0');
    expect(hart.state.mscratch).toBe(0b1010n);
    expect(hart.state.x[10]).toBe(0b1100n);
  });

  test('write no x0', () => {
    const { hart } = onScratch('csrrw zero, mscratch, a0');
    expect(hart.state.x[0]).toBe(0n);
    expect(hart.state.mscratch).toBe(0b1010n);
  });

  test.each(['csrrs a0, mhartid, zero', 'csrrc a0, mhartid, zero', 'csrrsi a0, mhartid, 0', 'csrrci a0, mhartid, 0'])(
    '%s only reads',
    (instruction) => {
      expect(onScratch(instruction).traps).toEqual([]);
    },
  );

  test.each([
    'csrrw zero, mhartid, zero',
    // Register a1 is zero, but it is not x0: this is a write.
    'csrrs a0, mhartid, a1',
    'csrrwi a0, mhartid, 0',
    'csrrsi a0, mhartid, 1',
    'csrrs a0, 0x747, zero',
  ])('%s is illegal, and does nothing', (instruction) => {
    const { hart, traps, ram } = onScratch(instruction);
    const bits = BigInt(new DataView(ram.buffer).getUint32(0, true));
    expect(traps).toEqual([{ cause: CAUSE.illegalInstruction, interrupt: false, epc: START, tval: bits }]);
    expect(hart.state.minstret).toBe(0n);
    expect(hart.state.x[10]).toBe(0b1010n);
  });
});

describe('environment calls and breakpoints', () => {
  test.each([
    ['ecall', MACHINE, CAUSE.environmentCallFromMachine],
    ['ecall', SUPERVISOR, CAUSE.environmentCallFromSupervisor],
    ['ecall', USER, CAUSE.environmentCallFromUser],
    ['ebreak', USER, CAUSE.breakpoint],
    ['ebreak', MACHINE, CAUSE.breakpoint],
  ])('%s in mode %i', (name, privilege, cause) => {
    const oracle = bootInto(privilege, name);
    oracle.step();
    expect(oracle.traps).toEqual([{ cause, interrupt: false, epc: START, tval: 0n }]);
    expect(oracle.hart.state.minstret).toBe(0n);
  });
});

describe('mret and wfi', () => {
  test('mret returns', () => {
    const oracle = boot('mret');
    Object.assign(oracle.hart.state, { mepc: START + 0x100n, mstatus: MSTATUS.UXL });
    oracle.step();
    expect(oracle.hart.state).toMatchObject({ pc: START + 0x100n, privilege: USER, minstret: 1n });
  });

  test('sret returns', () => {
    const oracle = bootInto(SUPERVISOR, 'sret');
    oracle.hart.state.sepc = START + 0x100n;
    oracle.step();
    expect(oracle.hart.state).toMatchObject({ pc: START + 0x100n, privilege: USER, minstret: 1n });
  });

  test.each<[instruction: string, privilege: number, mstatus: bigint, allowed: boolean]>([
    ['mret', MACHINE, 0n, true],
    ['mret', SUPERVISOR, 0n, false],
    ['mret', USER, 0n, false],
    ['sret', MACHINE, MSTATUS.TSR, true],
    ['sret', SUPERVISOR, 0n, true],
    ['sret', SUPERVISOR, MSTATUS.TSR, false],
    ['sret', USER, 0n, false],
    ['wfi', MACHINE, MSTATUS.TW, true],
    ['wfi', SUPERVISOR, 0n, true],
    ['wfi', SUPERVISOR, MSTATUS.TW, false],
    ['wfi', USER, 0n, false],
    ['sfence.vma a0, a1', MACHINE, MSTATUS.TVM, true],
    ['sfence.vma a0, a1', SUPERVISOR, 0n, true],
    ['sfence.vma a0, a1', SUPERVISOR, MSTATUS.TVM, false],
    ['sfence.vma a0, a1', USER, 0n, false],
    ['sinval.vma a0, a1', SUPERVISOR, 0n, true],
    ['sinval.vma a0, a1', SUPERVISOR, MSTATUS.TVM, false],
    ['sinval.vma a0, a1', USER, 0n, false],
    ['sfence.w.inval', SUPERVISOR, MSTATUS.TVM, true],
    ['sfence.w.inval', USER, 0n, false],
    ['sfence.inval.ir', SUPERVISOR, MSTATUS.TVM, true],
    ['sfence.inval.ir', USER, 0n, false],
    ['csrrw zero, satp, zero', SUPERVISOR, MSTATUS.TVM, false],
  ])('%s in mode %i with mstatus %s: allowed %s', (instruction, privilege, mstatus, allowed) => {
    const oracle = bootInto(privilege, instruction, mstatus);
    oracle.step();
    expect(oracle.traps.map(({ cause }) => cause)).toEqual(allowed ? [] : [CAUSE.illegalInstruction]);
    expect(oracle.hart.state.minstret).toBe(allowed ? 1n : 0n);
  });

  test('wfi sleeps until an enabled interrupt is pending, and goes on behind itself where none is taken', () => {
    const oracle = boot('wfi\naddi a0, a0, 1');
    const { state } = oracle.hart;
    expect(oracle.run(10)).toBe(false);
    expect(state.minstret).toBe(1n);
    state.mip = 0x80;
    expect(oracle.waiting).toBe(true);
    state.mie = 0x80n;
    expect(oracle.waiting).toBe(false);
    oracle.step();
    expect(state.x[10]).toBe(1n);
  });

  test('wfi is left for the interrupt, which returns behind it', () => {
    const oracle = boot('wfi\naddi a0, a0, 1');
    const { state } = oracle.hart;
    Object.assign(state, { mie: 0x80n, mstatus: MSTATUS.UXL | MSTATUS.MIE, mtvec: START + 0x100n });
    oracle.step();
    state.mip = 0x80;
    oracle.step();
    expect(oracle.traps[0]).toEqual({ cause: 7, interrupt: true, epc: START + 4n, tval: 0n });
    expect(state.x[10]).toBe(0n);
  });
});

describe('what becomes of translations', () => {
  /** What the environment is told of the instruction, with a0 = 0x1234 and a1 = 0x3_0007. */
  function told(instruction: string, satp = 0n): readonly Invalidation[] {
    const oracle = boot(instruction);
    const seen: Invalidation[] = [];
    const { hart } = oracle;
    hart.environment.translationChanged = (invalid) => seen.push(invalid);
    hart.state.x.set([0x1234n, 0x3_0007n], 10);
    hart.state.satp = satp;
    oracle.step();
    expect(oracle.traps).toEqual([]);
    return seen;
  }

  test.each(['sfence.vma', 'sinval.vma'])('%s', (name) => {
    expect(told(`${name} zero, zero`)).toEqual([{}]);
    expect(told(`${name} a0, zero`)).toEqual([{ address: 0x1234n }]);
    expect(told(`${name} zero, a1`)).toEqual([{ asid: 7 }]);
    expect(told(`${name} a0, a1`)).toEqual([{ address: 0x1234n, asid: 7 }]);
    // Register x0 is what counts, not its value.
    expect(told(`${name} a2, a2`)).toEqual([{ address: 0n, asid: 0 }]);
  });

  const SV39 = (8n << 60n) | (5n << 44n);

  test('a new address space leaves what is global', () => {
    expect(told('csrrs zero, satp, a0', SV39)).toEqual([{ asid: 5 }]);
    expect(told('csrrs zero, satp, zero', SV39)).toEqual([]);
  });

  test('another kind of translation leaves nothing', () => {
    expect(told('csrrw zero, satp, zero', SV39)).toEqual([{}]);
  });

  test.each(['pmpaddr3', 'pmpcfg2', 'menvcfg'])('%s leaves nothing', (name) => {
    expect(told(`csrrw zero, ${name}, a0`)).toEqual([{}]);
  });
});
