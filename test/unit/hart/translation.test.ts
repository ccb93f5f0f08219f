/** What a vCPU does under translation, and that it never goes by what it should have forgotten. */
import { describe, expect, test } from 'vitest';
import { assemble } from '../../../core/riscv/assemble.ts';
import { CAUSE, MACHINE, MSTATUS, SUPERVISOR, USER } from '../../../core/riscv/hart.ts';
import { PTE } from '../../../core/riscv/memory/page-table.ts';
import { RAM_START } from '../../support/oracle.ts';
import { entryOf, PAGE } from '../../support/page-tables.ts';
import { createPagedMachine, type PagedMachine } from '../../support/paged-machine.ts';

const { V, R, W, X, U, G, A, D } = PTE;
const DATA = V | R | W | A | D;
const CODE = V | R | X | A;

/** Frames of physical memory. */
const frame = (number: number): bigint => RAM_START + 0x1_0000n + BigInt(number) * PAGE;
/** Virtual pages. */
const page = (number: number): bigint => 0x40_0000n + BigInt(number) * PAGE;
const CODE_PAGE = page(0);

const x = ({ vcpu }: PagedMachine, number: number): bigint => vcpu.hart.state.x[number]!;
const causes = ({ traps }: PagedMachine): readonly number[] => traps.map(({ cause }) => cause);

/** Code in frame 0, for one mode; registers s2 and s3 point to pages 2 and 3. */
function machineWith(code: string, privilege: number, options?: Parameters<typeof createPagedMachine>[0]) {
  const machine = createPagedMachine(options);
  machine.tables.put(CODE_PAGE, 0, entryOf(frame(0), CODE | (privilege === USER ? U : 0)));
  machine.put(frame(0), assemble(code, CODE_PAGE));
  machine.vcpu.hart.state.x.set([page(2), page(3)], 18);
  for (let number = 1; number < 16; number++) machine.put(frame(number) + 0x800n, BigInt(0x1000 + number));
  return machine;
}

describe('loads and stores', () => {
  test('go where page tables say, and set A and D there', () => {
    const machine = machineWith('ld a3, -2048(s2)\nld a4, -2048(s3)\nsd a3, -2040(s3)\necall', SUPERVISOR);
    machine.tables.put(page(1), 0, entryOf(frame(7), V | R | W));
    machine.tables.put(page(2), 0, entryOf(frame(5), V | R | W));
    machine.start(SUPERVISOR, CODE_PAGE);
    expect(causes(machine)).toEqual([CAUSE.environmentCallFromSupervisor]);
    expect([x(machine, 13), x(machine, 14)]).toEqual([0x1007n, 0x1005n]);
    expect(machine.get(frame(5) + 0x808n)).toBe(0x1007n);
    expect(machine.leaf(page(1))).toBe(entryOf(frame(7), V | R | W | A));
    expect(machine.leaf(page(2))).toBe(entryOf(frame(5), V | R | W | A | D));
  });

  test('set D though the page has been read before', () => {
    const machine = machineWith('ld a3, 0(s2)\nsd a3, 0(s2)\necall', SUPERVISOR);
    machine.tables.put(page(2), 0, entryOf(frame(5), V | R | W));
    machine.start(SUPERVISOR, CODE_PAGE);
    expect(machine.leaf(page(2))).toBe(entryOf(frame(5), V | R | W | A | D));
  });

  test('that cross pages go to both places, or to none', () => {
    const machine = machineWith('sd a3, -4(s3)\nld a4, -4(s3)\necall', SUPERVISOR);
    machine.vcpu.hart.state.x[13] = 0x8877_6655_4433_2211n;
    machine.tables.put(page(2), 0, entryOf(frame(5), DATA));
    machine.tables.put(page(3), 0, entryOf(frame(9), V | R | A));
    machine.start(SUPERVISOR, CODE_PAGE);
    expect(machine.traps[0]).toMatchObject({ cause: CAUSE.storePageFault, tval: page(3), epc: CODE_PAGE });
    expect(machine.get(frame(5) + 0xff8n)).toBe(0n);
    machine.tables.put(page(3), 0, entryOf(frame(9), DATA));
    machine.vcpu.hart.state.x[13] = 0x8877_6655_4433_2211n;
    machine.start(SUPERVISOR, CODE_PAGE);
    expect(machine.get(frame(5) + 0xff8n)).toBe(0x4433_2211_0000_0000n);
    expect(machine.get(frame(9))).toBe(0x8877_6655n);
    expect(x(machine, 14)).toBe(0x8877_6655_4433_2211n);
  });

  test('reach devices', () => {
    const seen: unknown[] = [];
    const bus = {
      read: (...access: readonly number[]) => BigInt(seen.push(access)),
      write: (...access: readonly unknown[]) => seen.push(access) > 0,
    };
    const machine = machineWith('lw a3, 16(s2)\nsb a3, 5(s2)\namoadd.w a3, a3, (s2)', SUPERVISOR, { bus });
    machine.tables.put(page(2), 0, entryOf(0x1000_0000n, DATA));
    machine.start(SUPERVISOR, CODE_PAGE);
    expect(seen).toEqual([
      [0x1000_0010, 4],
      [0x1000_0005, 1, 1n],
    ]);
    expect(machine.traps[0]).toMatchObject({ cause: CAUSE.storeAccessFault, tval: page(2), epc: CODE_PAGE + 8n });
  });

  test('that are atomic go there too', () => {
    const machine = machineWith('amoadd.d a3, s2, (s2)\nlr.d a4, (s2)\nsc.d a5, a3, (s2)\necall', SUPERVISOR);
    machine.tables.put(page(2), 0, entryOf(frame(5), V | R | W));
    machine.put(frame(5), 7n);
    machine.start(SUPERVISOR, CODE_PAGE);
    expect([x(machine, 13), x(machine, 14), x(machine, 15)]).toEqual([7n, page(2) + 7n, 0n]);
    expect(machine.get(frame(5))).toBe(7n);
  });

  test('keep the rights of each mode apart', () => {
    // The same page, for supervisor mode without and with SUM, twice each; then without MXR and with.
    const code = [
      ...['ld a3, 0(s2)', 'csrrsi zero, sstatus, 0', 'csrrs zero, sstatus, s4', 'ld a3, 0(s2)'],
      ...['csrrc zero, sstatus, s4', 'ld a3, 0(s2)', 'csrrs zero, sstatus, s4', 'ld a3, 0(s2)', 'ecall'],
    ];
    const machine = machineWith(code.join('\n'), SUPERVISOR);
    machine.tables.put(page(2), 0, entryOf(frame(5), DATA | U));
    machine.vcpu.hart.state.x[20] = MSTATUS.SUM;
    machine.start(SUPERVISOR, CODE_PAGE);
    machine.goOn();
    expect(machine.traps.map(({ cause, epc }) => [cause, Number(epc - CODE_PAGE)])).toEqual([
      [CAUSE.loadPageFault, 0],
      [CAUSE.loadPageFault, 20],
    ]);
    machine.goOn();
    expect(machine.traps.at(-1)).toMatchObject({ cause: CAUSE.environmentCallFromSupervisor });
  });

  test('keep MXR apart, and the modes that use it', () => {
    const code = [
      ...['csrrs zero, sstatus, s4', 'ld a3, 0(s2)', 'csrrc zero, sstatus, s4', 'ld a3, 0(s2)'],
      // Pages of users only with SUM too.
      ...['csrrs zero, sstatus, s5', 'ld a3, 0(s3)', 'csrrs zero, sstatus, s4', 'csrrc zero, sstatus, s6'],
      ...['ld a3, 0(s3)', 'ld a3, 0(s2)', 'ecall'],
    ];
    const machine = machineWith(code.join('\n'), SUPERVISOR);
    machine.tables.put(page(2), 0, entryOf(frame(5), V | X | A));
    machine.tables.put(page(3), 0, entryOf(frame(6), V | X | A | U));
    machine.vcpu.hart.state.x.set([MSTATUS.MXR, MSTATUS.MXR | MSTATUS.SUM, MSTATUS.SUM], 20);
    machine.start(SUPERVISOR, CODE_PAGE);
    expect(machine.traps[0]).toMatchObject({ cause: CAUSE.loadPageFault, epc: CODE_PAGE + 12n });
    machine.goOn();
    expect(machine.traps[1]).toMatchObject({ cause: CAUSE.loadPageFault, epc: CODE_PAGE + 32n });
    machine.goOn();
    expect(machine.traps[2]).toMatchObject({ cause: CAUSE.environmentCallFromSupervisor });
  });

  test('of machine mode are translated with MPRV only', () => {
    const code = ['ld a3, 0(s2)', 'csrrs zero, mstatus, s4', 'ld a4, 0(s3)', 'csrrc zero, mstatus, s4', 'ld a5, 0(s2)'];
    const machine = machineWith([...code, 'ld a6, 0(s3)'].join('\n'), MACHINE);
    machine.tables.put(page(3), 0, entryOf(frame(6), DATA));
    machine.put(frame(6), 66n);
    machine.put(frame(5), 55n);
    machine.vcpu.hart.state.x[18] = frame(5);
    machine.vcpu.hart.state.x[20] = MSTATUS.MPRV | (1n << 11n);
    machine.start(MACHINE, frame(0));
    expect([13, 14, 15].map((number) => x(machine, number))).toEqual([55n, 66n, 55n]);
    expect(machine.traps[0]).toMatchObject({ cause: CAUSE.loadAccessFault, tval: page(3), epc: frame(0) + 20n });
  });
});

describe('what has changed is seen', () => {
  /** Loads from page 2, has machine mode change the tables and run `fence`, and loads again. */
  function loadTwice(fence: string, level = 0, flags = DATA): readonly bigint[] {
    const virtual = level === 0 ? page(2) : 0x60_0000n;
    const machine = machineWith('ld a3, 0(s2)\nld a4, 0(s3)\necall\nld a5, 0(s2)\nld a6, 0(s3)\necall', SUPERVISOR);
    const [before, after] = [level === 0 ? frame(5) : RAM_START, level === 0 ? frame(6) : RAM_START + 0x20_0000n];
    machine.vcpu.hart.state.x.set([virtual, level === 0 ? page(3) : virtual + 5n * PAGE, 1n, 2n, virtual + PAGE], 18);
    machine.tables.put(virtual, level, entryOf(before, flags));
    if (level === 0) machine.tables.put(page(3), 0, entryOf(frame(7), flags));
    machine.start(SUPERVISOR, CODE_PAGE);
    const first = [x(machine, 13), x(machine, 14)];
    machine.tables.put(virtual, level, entryOf(after, flags));
    machine.storeTables();
    for (const number of [5, 6, 7]) machine.put(frame(number), BigInt(100 + number));
    machine.goOn(fence);
    return [...first, x(machine, 15), x(machine, 16)];
  }

  test.each([
    'sfence.vma zero, zero',
    'sfence.vma s2, zero',
    'sfence.vma zero, s4',
    'sfence.vma s2, s4',
    'sinval.vma s2, s4',
  ])('behind %s', (fence) => {
    expect(loadTwice(fence)).toEqual([0n, 0n, 106n, 107n]);
  });

  test.each(['sfence.vma s2, s5', 'sfence.vma zero, s5', 'sfence.vma s6, zero'])(
    'and %s is about other things',
    (fence) => {
      expect(loadTwice(fence)).toEqual([0n, 0n, 105n, 107n]);
    },
  );

  test.each(['sfence.vma zero, s4', 'sfence.vma s2, s4'])('where it is global, %s is not enough', (fence) => {
    expect(loadTwice(fence, 0, DATA | G)).toEqual([0n, 0n, 105n, 107n]);
    expect(loadTwice('sfence.vma s2, zero', 0, DATA | G)).toEqual([0n, 0n, 106n, 107n]);
  });

  test('in all of a large page behind a fence for any address in it', () => {
    const machine = machineWith('ld a3, 0(s2)\necall\nld a4, 0(s2)\necall', SUPERVISOR, { ramBytes: 4 << 20 });
    machine.vcpu.hart.state.x.set([0x61_0000n, 0x7f_f000n], 18);
    machine.put(RAM_START + 0x1_0000n, 1n);
    machine.put(RAM_START + 0x21_0000n, 2n);
    machine.tables.put(0x60_0000n, 1, entryOf(RAM_START, DATA));
    machine.put(frame(0), assemble('ld a3, 0(s2)\necall\nld a4, 0(s2)\necall', CODE_PAGE));
    machine.start(SUPERVISOR, CODE_PAGE);
    const before = x(machine, 13);
    machine.tables.put(0x60_0000n, 1, entryOf(RAM_START + 0x20_0000n, DATA));
    machine.storeTables();
    machine.goOn('sfence.vma s3, zero');
    expect(x(machine, 14)).toBe(2n);
    expect(before).not.toBe(2n);
  });

  test('in another address space, but for what is global', () => {
    const machine = machineWith(
      'ld a3, 0(s2)\nld a4, 0(s3)\ncsrrw zero, satp, s4\nld a5, 0(s2)\nld a6, 0(s3)\necall',
      SUPERVISOR,
    );
    machine.tables.put(CODE_PAGE, 0, entryOf(frame(0), CODE | G));
    machine.tables.put(page(2), 0, entryOf(frame(5), DATA));
    machine.tables.put(page(3), 0, entryOf(frame(6), DATA | G));
    // A root that leads nowhere, at the end of RAM.
    machine.vcpu.hart.state.x[20] = (8n << 60n) | (2n << 44n) | ((RAM_START + 0xf_f000n) / PAGE);
    machine.start(SUPERVISOR, CODE_PAGE);
    expect(machine.traps[0]).toMatchObject({ cause: CAUSE.loadPageFault, tval: page(2), epc: CODE_PAGE + 12n });
    machine.goOn();
    // The code and page 3 are still there: global.
    expect(machine.traps[1]).toMatchObject({ cause: CAUSE.environmentCallFromSupervisor, epc: CODE_PAGE + 20n });
  });

  test('when memory is protected', () => {
    const machine = machineWith('ld a3, 0(s2)\necall\nld a4, 0(s2)', SUPERVISOR);
    machine.tables.put(page(2), 0, entryOf(frame(5), DATA));
    machine.vcpu.hart.state.x[20] = (frame(5) >> 2n) | 0x1ffn;
    machine.start(SUPERVISOR, CODE_PAGE);
    const configuration = ['lui t0, 2', 'addi t0, t0, -232', 'csrrw zero, pmpcfg0, t0'];
    machine.goOn('addi t0, zero, -1', 'csrrw zero, pmpaddr1, t0', 'csrrw zero, pmpaddr0, s4', ...configuration);
    expect(machine.traps[1]).toMatchObject({ cause: CAUSE.loadAccessFault, tval: page(2) });
  });
});

describe('code', () => {
  const NOPS = Array(1024).fill('addi zero, zero, 0').join('\n');

  test('faults where page tables do not let it be fetched', () => {
    for (const [flags, privilege, cause] of [
      [V | R | A, SUPERVISOR, CAUSE.instructionPageFault],
      [CODE | U, SUPERVISOR, CAUSE.instructionPageFault],
      [CODE, USER, CAUSE.instructionPageFault],
      [CODE | U, USER, CAUSE.environmentCallFromUser],
    ] as const) {
      const machine = machineWith('ecall', privilege);
      machine.tables.put(CODE_PAGE, 0, entryOf(frame(0), flags));
      machine.start(privilege, CODE_PAGE);
      expect(machine.traps[0]).toMatchObject({ cause, epc: CODE_PAGE });
    }
    const nowhere = machineWith('ecall', SUPERVISOR);
    nowhere.tables.put(CODE_PAGE, 0, entryOf(0x1000_0000n, CODE));
    nowhere.start(SUPERVISOR, CODE_PAGE);
    expect(nowhere.traps[0]).toMatchObject({ cause: CAUSE.instructionAccessFault, tval: CODE_PAGE });
  });

  test('runs on into a page that lies elsewhere', () => {
    const machine = machineWith(NOPS, SUPERVISOR);
    machine.tables.put(page(1), 0, entryOf(frame(8), V | X));
    machine.put(frame(8), assemble('addi a3, zero, 8\necall'));
    machine.start(SUPERVISOR, CODE_PAGE);
    expect(machine.traps[0]).toMatchObject({ epc: page(1) + 4n });
    expect(x(machine, 13)).toBe(8n);
    expect(machine.leaf(page(1))).toBe(entryOf(frame(8), V | X | A));
  });

  /** A jump to an `addi a3, a3, 5` across the pages 0 and 1, and behind that an ecall. */
  function straddling(): PagedMachine {
    const machine = machineWith('jal zero, 0x400ffe', SUPERVISOR);
    const instruction = assemble('addi a3, a3, 5');
    machine.put(frame(0) + 0xffen, instruction.subarray(0, 2));
    machine.put(frame(8), instruction.subarray(2));
    machine.put(frame(8) + 2n, assemble('ecall'));
    return machine;
  }

  test('may have an instruction across two pages that are apart', () => {
    const machine = straddling();
    machine.tables.put(page(1), 0, entryOf(frame(8), CODE));
    machine.start(SUPERVISOR, CODE_PAGE);
    expect(machine.traps[0]).toMatchObject({ cause: CAUSE.environmentCallFromSupervisor, epc: page(1) + 2n });
    expect(x(machine, 13)).toBe(5n);
  });

  test('faults at the second half of such an instruction where that is not there', () => {
    const machine = straddling();
    machine.start(SUPERVISOR, CODE_PAGE);
    expect(machine.traps[0]).toMatchObject({ cause: CAUSE.instructionPageFault, epc: page(1) - 2n, tval: page(1) });
  });

  test('is read anew where the second half has moved', () => {
    const machine = straddling();
    const { state } = machine.vcpu.hart;
    machine.tables.put(page(1), 0, entryOf(frame(8), CODE));
    machine.start(SUPERVISOR, CODE_PAGE);
    const other = assemble('addi a3, a3, 9');
    machine.put(frame(9), other.subarray(2));
    machine.put(frame(9) + 2n, assemble('ecall'));
    machine.tables.put(page(1), 0, entryOf(frame(9), CODE));
    machine.storeTables();
    // Back to the jump: the handler adds 4.
    state.x[20] = CODE_PAGE - 4n;
    machine.goOn('sfence.vma zero, zero', 'csrrw zero, mepc, s4');
    expect(x(machine, 13)).toBe(14n);
  });

  test('of two modes at one address does not mix', () => {
    // User mode loops once through the jump cache; then supervisor mode jumps to the same address.
    const machine = machineWith('addi a3, a3, 1\necall', USER);
    machine.start(USER, CODE_PAGE);
    machine.vcpu.hart.state.x[20] = CODE_PAGE - 4n;
    machine.goOn('lui t0, 1', 'addi t0, t0, -2048', 'csrrs zero, mstatus, t0', 'csrrw zero, mepc, s4');
    expect(machine.traps[1]).toMatchObject({ cause: CAUSE.instructionPageFault, epc: CODE_PAGE, tval: CODE_PAGE });
    expect(x(machine, 13)).toBe(1n);
  });

  test('jumps from page to page as page tables say, however often it has done so', () => {
    // Counts in a3 by the amount that page 1 has; ten times, then calls machine mode, and again.
    const loop =
      'addi a4, zero, 10\nagain:\njal ra, 0x401000\naddi a4, a4, -1\nbne a4, zero, again\necall\njal zero, 0x400000';
    const machine = machineWith(loop, SUPERVISOR);
    const adding = (amount: number): Uint8Array => assemble(`addi a3, a3, ${amount}\njalr zero, 0(ra)`);
    machine.put(frame(8), adding(1));
    machine.put(frame(9), adding(100));
    machine.tables.put(page(1), 0, entryOf(frame(8), CODE));
    machine.start(SUPERVISOR, CODE_PAGE);
    expect(x(machine, 13)).toBe(10n);
    machine.tables.put(page(1), 0, entryOf(frame(9), CODE));
    machine.storeTables();
    machine.vcpu.hart.state.x[20] = page(1);
    machine.goOn('sfence.vma s4, zero');
    expect(x(machine, 13)).toBe(1010n);
    machine.tables.put(page(1), 0, 0n);
    machine.storeTables();
    machine.goOn('sfence.vma s4, zero');
    expect(machine.traps.at(-1)).toMatchObject({ cause: CAUSE.instructionPageFault, tval: page(1), epc: page(1) });
  });

  test('stays known when an address space comes back', () => {
    const machine = machineWith('csrrw s4, satp, s4\naddi a3, a3, 1\nblt a3, a4, 0x400000\necall', SUPERVISOR);
    machine.tables.put(CODE_PAGE, 0, entryOf(frame(0), CODE | G));
    machine.vcpu.hart.state.x.set([0n, 20n], 13);
    machine.vcpu.hart.state.x[20] = machine.tables.satp(2n);
    machine.start(SUPERVISOR, CODE_PAGE);
    expect(x(machine, 13)).toBe(20n);
    expect(machine.vcpu.view.translated).toBeLessThan(10);
  });

  test('is translated anew when it is written at another address that leads there', () => {
    const machine = machineWith('addi a3, zero, 1\nsw a4, 0(s2)\nfence.i\necall\njal zero, 0x400000', SUPERVISOR);
    machine.tables.put(page(2), 0, entryOf(frame(0), DATA));
    machine.vcpu.hart.state.x[14] = BigInt(new DataView(assemble('addi a3, zero, 77').buffer).getUint32(0, true));
    machine.start(SUPERVISOR, CODE_PAGE);
    expect(x(machine, 13)).toBe(1n);
    machine.goOn();
    expect(x(machine, 13)).toBe(77n);
  });
});
