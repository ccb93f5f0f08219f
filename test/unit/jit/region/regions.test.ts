/** When compiled regions are made, entered, made anew and dropped: a vCPU on this thread, and the code that it runs. */
import { describe, expect, test } from 'vitest';
import { CodePages } from '../../../../core/jit/code-pages.ts';
import { assemble } from '../../../../core/riscv/assemble.ts';
import { MACHINE, MSTATUS, SUPERVISOR } from '../../../../core/riscv/hart.ts';
import { PTE } from '../../../../core/riscv/memory/page-table.ts';
import { createInterpreterMachine, type InterpreterMachineOptions } from '../../../support/interpreter-driver.ts';
import { RAM_START } from '../../../support/oracle.ts';
import { entryOf, PAGE, PageTables } from '../../../support/page-tables.ts';
import { createPagedMachine } from '../../../support/paged-machine.ts';
import { Random, SEED } from '../../../support/random.ts';

const { V, R, W, X, U, A, D } = PTE;
const DATA = V | R | W | A | D;
const CODE = V | R | X | A;

/** Frames of physical memory, and virtual pages. */
const frame = (number: number): bigint => RAM_START + 0x1_0000n + BigInt(number) * PAGE;
const page = (number: number): bigint => 0x40_0000n + BigInt(number) * PAGE;

/** For `mstatus`: `mret` goes to this mode. */
const MPP = (privilege: number): bigint => BigInt(privilege) << 11n;

/** Entries after which a block is compiled here. */
const COLDNESS = 8;
const ROUNDS = 60;
/** A loop of 40 rounds enters more than this, unless it is run by a region. */
const FEW = 20;

/** Adds what is at s2, a4 times, to a3. */
const SUM = ['again:', 'ld t1, 0(s2)', 'add a3, a3, t1', 'addi a4, a4, -1', 'bne a4, zero, again', 'ecall'];
const FOREVER = (body: readonly string[]): string => ['start:', ...body, 'jal zero, start'].join('\n');

describe('a region is entered only', () => {
  test.each([
    ['supervisor mode', DATA, MPP(SUPERVISOR), 9],
    // Going back to machine mode leaves user mode in MPP: it is as user mode that accesses are then translated.
    ['machine mode with MPRV', DATA | U, MPP(MACHINE) | MSTATUS.MPRV, 11],
  ])(`in the mode that it was made for: %s or plain machine mode, SEED=${SEED}`, (_, entry, translated, cause) => {
    const random = new Random(SEED);
    const machine = createPagedMachine({ coldness: COLDNESS });
    const { state } = machine.vcpu.hart;
    // The same code at the same address; the data is elsewhere where it is translated.
    machine.tables.put(frame(0), 0, entryOf(frame(0), CODE));
    machine.tables.put(frame(6), 0, entryOf(frame(5), entry));
    machine.put(frame(0), assemble(FOREVER(SUM), frame(0)));
    machine.put(frame(5), 5n);
    machine.put(frame(6), 1000n);
    state.x[14] = 1n;
    state.x[18] = frame(6);
    machine.start(MACHINE, frame(0));
    for (let round = 0; round < ROUNDS; round++) {
      const isTranslated = random.chance(50);
      const times = random.between(1, 40);
      state.x.set([0n, BigInt(times)], 13);
      state.x.set([MPP(MACHINE) | MSTATUS.MPRV, isTranslated ? translated : MPP(MACHINE)], 20);
      machine.goOn('csrrc zero, mstatus, s4', 'csrrs zero, mstatus, s5');
      expect(state.x[13], `SEED=${SEED}, round ${round}`).toBe(BigInt(times) * (isTranslated ? 5n : 1000n));
      expect(machine.traps.at(-1)!.cause).toBe(isTranslated ? cause : 11);
    }
    // One for addresses that are physical, one for those that are translated.
    expect(machine.vcpu.view.regions).toBe(2);
  });

  test.each([
    ['switched to by number', 2n, ['csrrw zero, satp, s4']],
    ['switched to with a fence', 1n, ['csrrw zero, satp, s4', 'sfence.vma zero, zero']],
    ['switched to with a fence for its number', 1n, ['csrrw zero, satp, s4', 'sfence.vma zero, s5']],
  ] as const)(`in the address space that it was made for, %s, SEED=${SEED}`, (_, asid, handler) => {
    const random = new Random(SEED);
    const machine = createPagedMachine({ coldness: COLDNESS });
    const { state } = machine.vcpu.hart;
    const other = new PageTables('sv39', RAM_START + 0xc_0000n);
    for (const tables of [machine.tables, other]) tables.put(page(0), 0, entryOf(frame(0), CODE));
    for (const [tables, number] of [
      [machine.tables, 1],
      [other, 2],
    ] as const) {
      tables.put(page(1), 0, entryOf(frame(number), CODE));
      machine.put(frame(number), assemble(`addi a3, a3, ${number}\njalr zero, 0(ra)`));
    }
    const loop = ['again:', 'jal ra, 0x401000', 'addi a4, a4, -1', 'bne a4, zero, again', 'ecall'];
    machine.put(frame(0), assemble(FOREVER(loop), page(0)));
    for (const [address, entry] of other.entries) machine.put(BigInt(address), entry);
    state.x[14] = 1n;
    machine.start(SUPERVISOR, page(0));
    for (let round = 0; round < ROUNDS; round++) {
      const isOther = random.chance(50);
      const times = random.between(1, 40);
      state.x.set([0n, BigInt(times)], 13);
      state.x.set([isOther ? other.satp(asid) : machine.tables.satp(1n), 1n], 20);
      machine.goOn(...handler);
      expect(state.x[13], `SEED=${SEED}, round ${round}`).toBe(BigInt(times) * (isOther ? 2n : 1n));
    }
    expect(machine.vcpu.view.compiled).toBeGreaterThan(0);
  });
});

/** A vCPU that runs `source` from RAM_START on, which calls its environment again and again. */
function bareMachine(source: string, options: InterpreterMachineOptions = {}) {
  const machine = createInterpreterMachine({ coldness: COLDNESS, ...options });
  const { vcpu, ram, traps, buffer, layout } = machine;
  const { state } = vcpu.hart;
  ram.set(assemble(source));
  state.mtvec = RAM_START + 0x4000n;
  ram.set(assemble('csrrs t0, mepc, zero\naddi t0, t0, 4\ncsrrw zero, mepc, t0\nmret'), 0x4000);
  return {
    ...machine,
    state,
    /** Runs to the next call of the environment. @returns how many blocks and regions have been entered */
    goOn(): number {
      state.mstatus |= MPP(MACHINE);
      let entered = 0;
      for (const before = traps.length; traps.length === before; entered++) vcpu.run(1);
      return entered;
    },
    /** Writes code as another hart would: it is seen behind the next `fence.i`. */
    overwrite(address: bigint, code: Uint8Array): void {
      const at = layout.ram + Number(address - RAM_START);
      new CodePages(buffer, layout, -1).write(at, () => new Uint8Array(buffer).set(code, at));
    },
  };
}

describe('overwritten code', () => {
  const FUNCTION = 'jal ra, 0x80001000';
  const loop = ['again:', FUNCTION, 'addi a4, a4, -1', 'bne a4, zero, again', 'fence.i', 'ecall'];
  const adding = (amount: number): Uint8Array => assemble(`addi a3, a3, ${amount}\njalr zero, 0(ra)`);

  test('takes the regions with it that it is in, wherever they begin, and others are made', () => {
    const machine = bareMachine(FOREVER(['addi a4, zero, 40', ...loop]));
    const { state, vcpu } = machine;
    machine.ram.set(adding(1), 0x1000);
    machine.goOn();
    expect(state.x[13]).toBe(40n);
    for (let round = 2; round < 20; round++) {
      expect(vcpu.view.regions).toBeGreaterThan(0);
      machine.overwrite(RAM_START + 0x1000n, adding(round));
      const { droppedByStore } = vcpu.view;
      // It is the fence at the end of this that drops what was translated.
      machine.goOn();
      expect(vcpu.view.droppedByStore).toBe(droppedByStore + 1);
      machine.goOn();
      state.x[13] = 0n;
      expect(machine.goOn()).toBeLessThan(FEW);
      expect(state.x[13]).toBe(40n * BigInt(round));
    }
  });

  test("may be a region's own, over and over", () => {
    // The `addi` at 0x80001000 is made greater by 1, as an immediate, in each round.
    const rounds = 30n;
    const machine = bareMachine(
      [
        ...[
          `addi a5, zero, ${rounds}`,
          'lui s2, 0x80001',
          'lui s3, 0x100',
          'start:',
          'addi a4, zero, 20',
          ...loop.slice(0, -2),
        ],
        ...[
          'lw t1, 0(s2)',
          'add t1, t1, s3',
          'sw t1, 0(s2)',
          'fence.i',
          'addi a5, a5, -1',
          'bne a5, zero, start',
          'ecall',
        ],
      ].join('\n'),
    );
    const { state, vcpu } = machine;
    state.x[18] = RAM_START + 0x1000n;
    machine.ram.set(adding(0), 0x1000);
    // lui extends the sign.
    machine.ram.set(assemble('addi zero, zero, 0'), 4);
    machine.goOn();
    expect(state.x[13]).toBe(20n * ((rounds * (rounds - 1n)) / 2n));
    expect(vcpu.view.compiled).toBeGreaterThan(Number(rounds) / 2);
    expect(vcpu.view.droppedByStore).toBeGreaterThanOrEqual(Number(rounds) - 1);
  });

  test('elsewhere leaves them alone', () => {
    const machine = bareMachine(FOREVER(['addi a4, zero, 40', ...loop]));
    const { vcpu } = machine;
    machine.ram.set(adding(1), 0x1000);
    for (let round = 0; round < 3 * COLDNESS; round++) machine.goOn();
    const { regions, compiled } = vcpu.view;
    machine.overwrite(RAM_START + 0x2000n, adding(2));
    for (let round = 0; round < COLDNESS; round++) machine.goOn();
    expect(vcpu.view).toMatchObject({ regions, compiled, droppedByStore: 0 });
  });
});

test('a way out that turns hot becomes part of the region', () => {
  // Where a bit of a5 is set in a4, the other way is gone.
  const machine = bareMachine(
    FOREVER([
      ...['addi a4, zero, 40', 'again:', 'and t1, a4, a5', 'bne t1, zero, other'],
      ...['addi a3, a3, 1', 'addi a4, a4, -1', 'bne a4, zero, again', 'ecall', 'jal zero, start'],
      ...['other:', 'addi a3, a3, 100', 'addi a4, a4, -1', 'bne a4, zero, again', 'ecall'],
    ]),
  );
  const { state, vcpu } = machine;
  machine.goOn();
  expect(machine.goOn()).toBeLessThan(FEW);
  expect(state.x[13]).toBe(80n);
  const { regions, compiled } = vcpu.view;
  state.x.set([0n, 0n, 1n], 13);
  machine.goOn();
  expect(state.x[13]).toBe(20n + 20n * 100n);
  // In the place of the old one.
  expect(vcpu.view).toMatchObject({ regions, compiled: compiled + 1 });
  expect(machine.goOn()).toBeLessThan(FEW);
});

test('when there is no more room, everything goes and is made again', () => {
  const blocks = Array.from({ length: 40 }, (_, index) => [`b${index}:`, 'addi a3, a3, 1', `beq a3, zero, b${index}`]);
  const body = ['addi a4, zero, 30', 'again:', ...blocks.flat(), 'addi a4, a4, -1', 'bne a4, zero, again', 'ecall'];
  const machine = bareMachine(FOREVER(body), { codeBytes: 0x2000 });
  const { state, vcpu } = machine;
  for (let round = 0; round < 20; round++) {
    state.x[13] = 0n;
    machine.goOn();
    expect(state.x[13]).toBe(1200n);
  }
  expect(vcpu.view.flushes).toBeGreaterThan(2);
  expect(vcpu.view.compiled).toBeGreaterThan(2);
});
