/** What icount counts is what the oracle counts, to the last instruction. */
import { expect, test } from 'vitest';
import { guestMachine } from '../../support/guest-machine.ts';
import { createOracle } from '../../support/oracle.ts';
import { PROGRAM } from './fixtures/program.ts';

/** What the boot ROM runs before the program: six instructions, two of which load. */
const BOOT = { instructions: 6n, loads: 2n };

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
  const counters = Object.values(machine.instrumentation.counters());
  const [all, ofProgram, ofRom] = (await machine.instrumentation.query()).map(({ counters }) => counters);
  expect(counters).toEqual([all, ofProgram, ofRom]);
  expect(ofProgram).toEqual(program);
  expect(ofRom).toEqual({ ...BOOT, stores: 0n });
  expect(all).toEqual({
    instructions: program.instructions + BOOT.instructions,
    loads: program.loads + BOOT.loads,
    stores: program.stores,
  });

  const [statistics] = machine.codeStatistics();
  expect(statistics!.instructions).toBe(oracle.hart.state.minstret + BOOT.instructions);
  const found = machine.vcpus[0]!.generalRegisters().slice(0, 32);
  // The boot ROM leaves t0, a0, a1 and a2 behind.
  const left = ['t0', 'a0', 'a1', 'a2'];
  const registers = (read: (number: number) => bigint) =>
    found.flatMap(({ name }, number) => (left.some((one) => name.endsWith(`/${one}`)) ? [] : [[name, read(number)]]));
  expect(registers((number) => found[number]!.value)).toEqual(registers((number) => oracle.hart.state.x[number]!));
});
