import { describe, expect, test } from 'vitest';
import { CAUSE, Hart, INTERRUPT, MACHINE, MENVCFG, MSTATUS, SUPERVISOR, USER } from '../../../core/riscv/hart.ts';
import { HartState, NO_RESERVATION } from '../../../core/riscv/state.ts';

const PC = 0x8000_0010n;
const FLAG = 1n << 63n;
const WIDTHS = MSTATUS.UXL | MSTATUS.SXL;

function newHart() {
  const trapped: unknown[] = [];
  const buffer = new ArrayBuffer(HartState.size);
  const hart = new Hart(buffer, 0, {
    index: 0,
    time: () => 0n,
    setSupervisorTimer: () => {},
    fenceI: () => {},
    translationChanged: () => {},
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
  Object.assign(state, { satp: 8n << 60n, medeleg: 1n, stvec: 4n, mip: 0x0202_0208, stimecmp: 0n });
  state.pmpcfg.fill(0x9f);
  state.pmpaddr.fill(1n);
  hart.reset(PC);
  expect([...state.x]).toEqual(Array(32).fill(0n));
  expect(state).toMatchObject({
    pc: PC,
    privilege: MACHINE,
    mstatus: WIDTHS,
    mtvec: 0n,
    mie: 0n,
    minstret: 0n,
    mcycleOffset: 0n,
    reservedAddress: NO_RESERVATION,
    satp: 0n,
    medeleg: 0n,
    stvec: 0n,
    // What firmware that does not know of them would leave off.
    menvcfg: MENVCFG.ADUE | MENVCFG.PBMTE,
    stimecmp: 0xffff_ffff_ffff_ffffn,
    // Lines into the hart are driven from elsewhere.
    mip: 0x208,
  });
  expect([...state.pmpcfg, ...state.pmpaddr]).toEqual([...Array(16).fill(0), ...Array(16).fill(0n)]);
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
    expect(trapped).toEqual([[2, false, PC, 0x1234n, USER, MACHINE, 0x8000_1000n]]);
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
    expect(trapped.at(-1)).toEqual([7, true, 0x8000_1000n, 0n, MACHINE, MACHINE, 0x8000_101cn]);
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
    for (const privilege of [USER, SUPERVISOR, MACHINE]) {
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

describe('a trap that is delegated', () => {
  const delegating = (privilege: number, mstatus = 0n) => {
    const made = newHart();
    const vectors = { stvec: 0x8000_2001n, mtvec: 0x8000_1000n };
    Object.assign(made.hart.state, { ...vectors, medeleg: 1n << 8n, mideleg: 0x222n, privilege, mstatus });
    return made;
  };

  test.each([
    [USER, 0n, 0n],
    [USER, MSTATUS.SIE, MSTATUS.SPIE],
    [SUPERVISOR, 0n, MSTATUS.SPP],
    [SUPERVISOR, MSTATUS.SIE | MSTATUS.MIE, MSTATUS.SPP | MSTATUS.SPIE | MSTATUS.MIE],
  ])('from mode %i with mstatus %s enters supervisor mode', (privilege, mstatus, remembered) => {
    const { hart, trapped } = delegating(privilege, mstatus);
    hart.raise(8, 0x77n);
    expect(hart.state).toMatchObject({
      pc: 0x8000_2000n,
      sepc: PC,
      scause: 8n,
      stval: 0x77n,
      privilege: SUPERVISOR,
      mstatus: remembered,
      mepc: 0n,
      mcause: 0n,
    });
    expect(trapped).toEqual([[8, false, PC, 0x77n, privilege, SUPERVISOR, 0x8000_2000n]]);
    hart.returnFromSupervisor();
    const enabled = mstatus & MSTATUS.SIE;
    expect(hart.state).toMatchObject({ pc: PC, privilege, mstatus: (mstatus & MSTATUS.MIE) | enabled | MSTATUS.SPIE });
  });

  test('from machine mode does not leave it', () => {
    const { hart } = delegating(MACHINE);
    hart.raise(8, 0n);
    expect(hart.state).toMatchObject({ pc: 0x8000_1000n, mcause: 8n, privilege: MACHINE, scause: 0n });
  });

  test('is vectored by stvec if it is an interrupt', () => {
    const { hart } = delegating(USER);
    hart.interrupt(INTERRUPT.supervisorExternal);
    expect(hart.state).toMatchObject({ pc: 0x8000_2024n, scause: FLAG | 9n, stval: 0n });
    hart.interrupt(INTERRUPT.machineTimer);
    expect(hart.state).toMatchObject({ pc: 0x8000_1000n, mcause: FLAG | 7n });
  });

  test('ends with sret, and MPRV with it', () => {
    const { hart } = delegating(SUPERVISOR, MSTATUS.MPRV | MSTATUS.MPP);
    hart.state.sepc = 0x4000n;
    hart.returnFromSupervisor();
    expect(hart.state).toMatchObject({ pc: 0x4000n, privilege: USER, mstatus: MSTATUS.MPP | MSTATUS.SPIE });
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

  const supervisors = [INTERRUPT.supervisorTimer, INTERRUPT.supervisorSoftware, INTERRUPT.supervisorExternal];

  test('of supervisor mode come behind those of machine mode: external, software, timer', () => {
    const { hart, raiseLines } = newHart();
    hart.state.mie = 0xaaan;
    hart.state.mstatus |= MSTATUS.MIE;
    raiseLines(...supervisors, machineTimer);
    expect(hart.pendingInterrupt()).toBe(machineTimer);
    raiseLines(...supervisors);
    expect(hart.pendingInterrupt()).toBe(9);
    raiseLines(INTERRUPT.supervisorTimer, INTERRUPT.supervisorSoftware);
    expect(hart.pendingInterrupt()).toBe(1);
    raiseLines(INTERRUPT.supervisorTimer);
    expect(hart.pendingInterrupt()).toBe(5);
  });

  test.each([
    [USER, 0n, true, true],
    [SUPERVISOR, 0n, false, true],
    [SUPERVISOR, MSTATUS.SIE, true, true],
    [MACHINE, MSTATUS.SIE, false, false],
    [MACHINE, MSTATUS.SIE | MSTATUS.MIE, false, true],
  ])('in mode %i with mstatus %s: taken if delegated %s, if not %s', (privilege, mstatus, delegated, direct) => {
    const { hart, raiseLines } = newHart();
    Object.assign(hart.state, { privilege, mstatus, mie: 0xaaan });
    raiseLines(INTERRUPT.supervisorTimer);
    expect(hart.pendingInterrupt()).toBe(direct ? 5 : undefined);
    hart.state.mideleg = 0x20n;
    expect(hart.pendingInterrupt()).toBe(delegated ? 5 : undefined);
    expect(hart.hasWakeup).toBe(true);
  });

  test('that machine mode takes come before those that are delegated, whatever their kind', () => {
    const { hart, raiseLines } = newHart();
    Object.assign(hart.state, { privilege: USER, mie: 0xaaan, mideleg: 0x202n });
    raiseLines(INTERRUPT.supervisorTimer, INTERRUPT.supervisorExternal);
    expect(hart.pendingInterrupt()).toBe(5);
  });

  test('that software has raised count like those of devices', () => {
    const { hart } = newHart();
    Object.assign(hart.state, { privilege: USER, mie: 0x200n });
    hart.setSoftwareInterrupts(0x200, 0x200);
    expect([hart.pendingInterrupt(), hart.mip]).toEqual([9, 0x200n]);
    hart.setSoftwareInterrupts(0x202, 2);
    expect([hart.pendingInterrupt(), hart.softwareInterrupts]).toEqual([undefined, 2]);
  });
});
