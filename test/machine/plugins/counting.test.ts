/** What icount counts is what the oracle counts, to the last instruction. */
import { expect, test } from 'vitest';
import { assemble } from '../../../core/riscv/assemble.ts';
import { guestMachine } from '../../support/guest-machine.ts';
import { createOracle } from '../../support/oracle.ts';

/** What the boot ROM runs before the program: six instructions, two of which load. */
const BOOT = { instructions: 6n, loads: 2n };

/**
 * Everything that could be counted wrong. The handler goes on behind the instruction that faulted, or returns where none
 * could be fetched. Data are on the next page, code is on this one.
 */
const PROGRAM = assemble(`
  jal s10, begin
  handler:
  csrrs t3, mcause, zero
  addi t4, zero, 1
  beq t3, t4, nowhere
  csrrs t3, mepc, zero
  addi t3, t3, 4
  csrrw zero, mepc, t3
  addi s11, s11, 1
  mret
  nowhere:
  csrrw zero, mepc, ra
  addi s11, s11, 1
  mret

  begin:
  csrrw zero, mtvec, s10
  addi s11, zero, 0
  lui s9, 0xfffff
  and s10, s10, s9        # the page with the code
  lui s9, 0x1
  add s0, s10, s9         # data
  addi s3, s0, 1024
  addi s3, s3, 1024
  addi s3, s3, 1024
  addi s3, s3, 1021       # across two pages
  addi s1, zero, 700
  round:
  sd s1, 0(s0)
  ld a3, 0(s0)
  sw s1, 3(s0)            # not aligned
  lh a4, 7(s0)
  sd s1, 0(s3)
  ld a5, 0(s3)
  amoadd.d a6, s1, (s0)
  amoswap.w a7, s1, (s0)
  amomaxu.d s2, s1, (s0)
  addi s4, s0, 5
  amoor.d s2, s1, (s4)    # faults: not aligned
  lr.w s2, (s4)           # faults: not aligned
  lr.d s2, (s0)
  sc.d s4, s1, (s0)       # stores
  sc.d s4, s1, (s0)       # fails: reserved no more
  lr.d s2, (s0)
  addi s5, s0, 8
  sc.d s4, s1, (s5)       # fails: another address
  lr.w s2, (s0)
  sw s9, 0(s0)
  sc.w s4, s1, (s0)       # fails: another value
  ld s6, 0(zero)          # faults: nothing there
  sd s6, 0(zero)          # faults
  amoadd.w s6, s6, (zero) # faults
  jalr ra, 1(zero)        # nothing to fetch there
  .word 0xffffffff        # faults: no instruction
  ecall
  ebreak
  csrrw zero, mhartid, zero # faults: read-only
  csrrs s6, mscratch, zero
  addi s7, zero, 620
  blt s1, s7, settled     # from here on, code is left alone for long enough to be compiled
  sw s1, 1024(s10)        # a page that holds code
  lw s7, 1024(s10)
  amoadd.w s7, s1, (s10)  # code itself
  sub s8, zero, s1
  amoadd.w s7, s8, (s10)  # and back
  fence.i
  settled:
  fence rw, rw
  andi s7, s1, 3
  beq s7, zero, even
  jal ra, leaf
  addi s8, s8, 1
  even:
  addi s1, s1, -1
  bne s1, zero, round
  wfi
  leaf:
  addi s8, s8, 3
  jalr zero, 0(ra)
`);

test('instructions, loads and stores of a program with faults, atomics and accesses that are not aligned', async () => {
  const oracle = createOracle({ ramBytes: 0x4000, code: PROGRAM });
  oracle.run(10_000_000);
  expect(oracle.waiting).toBe(true);
  expect(oracle.traps).toHaveLength(700 * 10);

  const { machine } = await guestMachine({ kernel: PROGRAM });
  await machine.instrumentation.load('icount');
  await machine.instrumentation.load('icount', { args: ['from=0x80000000'] });
  await machine.instrumentation.load('icount', { args: ['to=0x80000000'] });
  await machine.cont();
  await expect.poll(() => machine.vcpus[0]!.halted).toBe(true);

  const { instructions, loads, stores } = oracle.counts;
  const program = { instructions: BigInt(instructions), loads: BigInt(loads), stores: BigInt(stores) };
  const [all, ofProgram, ofRom] = (await machine.instrumentation.query()).map(({ counters }) => counters);
  expect(ofProgram).toEqual(program);
  expect(ofRom).toEqual({ ...BOOT, stores: 0n });
  expect(all).toEqual({
    instructions: program.instructions + BOOT.instructions,
    loads: program.loads + BOOT.loads,
    stores: program.stores,
  });

  const [statistics] = machine.codeStatistics();
  expect(statistics!.compiled).toBeGreaterThan(0);
  expect(statistics!.instructions).toBe(oracle.hart.state.minstret + BOOT.instructions);
  const found = machine.vcpus[0]!.generalRegisters().slice(0, 32);
  // The boot ROM leaves t0, a0, a1 and a2 behind.
  const left = ['t0', 'a0', 'a1', 'a2'];
  const registers = (read: (number: number) => bigint) =>
    found.flatMap(({ name }, number) => (left.some((one) => name.endsWith(`/${one}`)) ? [] : [[name, read(number)]]));
  expect(registers((number) => found[number]!.value)).toEqual(registers((number) => oracle.hart.state.x[number]!));
});
