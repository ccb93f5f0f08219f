import { describe, expect, test } from 'vitest';
import { CAUSE, Hart, INTERRUPT, MACHINE, MSTATUS, USER } from '../../../core/riscv/hart.ts';
import { HartState, NO_RESERVATION } from '../../../core/riscv/state.ts';

const PC = 0x8000_0010n;
const FLAG = 1n << 63n;

function newHart() {
  const trapped: unknown[] = [];
  const buffer = new ArrayBuffer(HartState.size);
  const hart = new Hart(buffer, 0, {
    index: 0,
    time: () => 0n,
    fenceI: () => {},
    waitForInterrupt: () => {},
    trapped: (...trap) => trapped.push([...trap, hart.state.pc]),
  });
  hart.reset(PC);
  const raiseLines = (...lines: readonly number[]): void => {
    hart.state.mip = lines.reduce((bits, line) => bits | (1 << line), 0);
  };
  return { hart, trapped, raiseLines };
}

test('reset leaves nothing behind', () => {
  const { hart } = newHart();
  const { state } = hart;
  state.x.fill(5n);
  Object.assign(state, { pc: 1n, privilege: USER, mstatus: 0n, mtvec: 4n, minstret: 9n, reservedAddress: 8n });
  hart.reset(PC);
  expect([...state.x]).toEqual(Array(32).fill(0n));
  expect(state).toMatchObject({
    pc: PC,
    privilege: MACHINE,
    mstatus: MSTATUS.UXL,
    mtvec: 0n,
    mie: 0n,
    minstret: 0n,
    mcycleOffset: 0n,
    reservedAddress: NO_RESERVATION,
  });
});

describe('a trap', () => {
  test('remembers where it came from and enters machine mode', () => {
    const { hart, trapped } = newHart();
    const { state } = hart;
    Object.assign(state, { mtvec: 0x8000_1000n, privilege: USER, mstatus: MSTATUS.UXL | MSTATUS.MIE | MSTATUS.MPRV });
    hart.raise(CAUSE.illegalInstruction, 0x1234n);
    expect(state).toMatchObject({
      pc: 0x8000_1000n,
      mepc: PC,
      mcause: 2n,
      mtval: 0x1234n,
      privilege: MACHINE,
      mstatus: MSTATUS.UXL | MSTATUS.MPIE | MSTATUS.MPRV,
    });
    expect(trapped).toEqual([[2, false, PC, 0x1234n, 0x8000_1000n]]);
  });

  test('in machine mode, with interrupts disabled, remembers both', () => {
    const { hart } = newHart();
    hart.state.mstatus = MSTATUS.UXL | MSTATUS.MPIE;
    hart.raise(CAUSE.breakpoint, 0n);
    expect(hart.state.mstatus).toBe(MSTATUS.UXL | MSTATUS.MPP);
  });

  test('is vectored only if it is an interrupt, and mtvec says so', () => {
    const { hart, trapped } = newHart();
    const { state } = hart;
    state.mtvec = 0x8000_1001n;
    hart.raise(CAUSE.breakpoint, 0n);
    expect(state.pc).toBe(0x8000_1000n);
    hart.interrupt(INTERRUPT.machineTimer);
    expect(state).toMatchObject({ pc: 0x8000_101cn, mcause: FLAG | 7n, mtval: 0n, mepc: 0x8000_1000n });
    expect(trapped.at(-1)).toEqual([7, true, 0x8000_1000n, 0n, 0x8000_101cn]);
    state.mtvec = 0x8000_1000n;
    hart.interrupt(INTERRUPT.machineExternal);
    expect(state.pc).toBe(0x8000_1000n);
  });

  test('leaves the reservation alone', () => {
    const { hart } = newHart();
    Object.assign(hart.state, { reservedAddress: 0x8000_0040n, reservedValue: 3n });
    hart.raise(CAUSE.breakpoint, 0n);
    expect(hart.state).toMatchObject({ reservedAddress: 0x8000_0040n, reservedValue: 3n });
  });
});

describe('mret', () => {
  test('goes back to where the trap came from', () => {
    for (const privilege of [USER, MACHINE]) {
      for (const enabled of [0n, MSTATUS.MIE]) {
        const { hart } = newHart();
        Object.assign(hart.state, { privilege, mstatus: MSTATUS.UXL | enabled });
        hart.raise(CAUSE.breakpoint, 0n);
        hart.returnFromMachine();
        expect(hart.state).toMatchObject({ pc: PC, privilege, mstatus: MSTATUS.UXL | MSTATUS.MPIE | enabled });
      }
    }
  });

  test('ends MPRV where it leaves machine mode', () => {
    const { hart } = newHart();
    hart.state.mstatus = MSTATUS.UXL | MSTATUS.MPRV | MSTATUS.MPP;
    hart.returnFromMachine();
    expect(hart.state.mstatus).toBe(MSTATUS.UXL | MSTATUS.MPRV | MSTATUS.MPIE);
    hart.returnFromMachine();
    expect(hart.state.mstatus).toBe(MSTATUS.UXL | MSTATUS.MPIE | MSTATUS.MIE);
    expect(hart.state.privilege).toBe(USER);
  });
});

describe('interrupts', () => {
  const { machineExternal, machineSoftware, machineTimer } = INTERRUPT;
  const all = [machineTimer, machineSoftware, machineExternal];

  test('are taken external first, then software, then timer', () => {
    const { hart, raiseLines } = newHart();
    hart.state.mie = 0x888n;
    hart.state.mstatus |= MSTATUS.MIE;
    raiseLines(...all);
    expect(hart.pendingInterrupt()).toBe(machineExternal);
    raiseLines(machineTimer, machineSoftware);
    expect(hart.pendingInterrupt()).toBe(machineSoftware);
    raiseLines(machineTimer);
    expect(hart.pendingInterrupt()).toBe(machineTimer);
    raiseLines();
    expect(hart.pendingInterrupt()).toBeUndefined();
  });

  test('wait for mie', () => {
    const { hart, raiseLines } = newHart();
    hart.state.mstatus |= MSTATUS.MIE;
    raiseLines(...all);
    expect(hart.pendingInterrupt()).toBeUndefined();
    hart.state.mie = 0x80n;
    expect(hart.pendingInterrupt()).toBe(machineTimer);
    expect(hart.mip).toBe(0x888n);
  });

  test('wait for mstatus.MIE in machine mode, not in user mode', () => {
    const { hart, raiseLines } = newHart();
    hart.state.mie = 0x888n;
    raiseLines(machineSoftware);
    expect(hart.pendingInterrupt()).toBeUndefined();
    hart.state.privilege = USER;
    expect(hart.pendingInterrupt()).toBe(machineSoftware);
  });

  test('wake the hart up if mie enables them, whatever mstatus says', () => {
    const { hart, raiseLines } = newHart();
    raiseLines(machineTimer);
    expect(hart.hasWakeup).toBe(false);
    hart.state.mie = 0x80n;
    expect(hart.hasWakeup).toBe(true);
    expect(hart.pendingInterrupt()).toBeUndefined();
  });
});
