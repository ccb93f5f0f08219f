/** Plugins that never return, or end their thread: another one goes on, and the guest never notices. */
import { expect, test } from 'vitest';
import type { CodeStatistics } from '../../../core/machine/interface.ts';
import { assemble } from '../../../core/riscv/assemble.ts';
import { type GuestMachine, guestMachine, testFile } from '../../support/guest-machine.ts';
import { createOracle } from '../../support/oracle.ts';
import { pluginFile } from '../../support/plugin-file.ts';
import type { PLACES } from './fixtures/faulty.ts';
import { PROGRAM } from './fixtures/program.ts';

type Place = (typeof PLACES)[number];

const FAULTY = testFile('machine/plugins/fixtures/faulty.ts');
/** What loads in less on a machine that is busy. */
const patienceMs = 500;
const MESSAGE = 'it has not returned within 0.5 seconds';
const RAM = 'from=0x80000000';

const atomics = (): Promise<GuestMachine> => guestMachine({ kernel: 'guests/bin/atomics.elf', smp: 2, patienceMs });

const hanging = (place: Place, ...words: readonly string[]) => ({ id: 'bad', args: [`in=${place}`, 'hang', ...words] });

/** What has been told of the plugin. */
const told = ({ events }: GuestMachine) =>
  events.flatMap((event) =>
    'id' in event && event.id === 'bad'
      ? [event.name === 'INSTR_ERROR' ? [event.vcpu, event.message] : event.name]
      : [],
  );

async function finishes(guest: GuestMachine): Promise<void> {
  await guest.machine.cont();
  expect(await guest.ended).toMatchObject({ guest: true, exitCode: 0 });
  expect(guest.output()).toContain('atomics checksum=83d08cb4ece26c42');
  expect(guest.reports).toEqual([]);
}

test.each([
  ['callAccess', 'amoadd.d'],
  ['call', 'beq'],
] as const)('in %s of %s: what others count is exact all the same', async (place, at) => {
  const oracle = createOracle({ ramBytes: 0x4000, code: PROGRAM });
  oracle.run(10_000_000);
  const guest = await guestMachine({ kernel: PROGRAM, patienceMs });
  const { machine } = guest;
  const thread = machine.vcpus[0]!.threadId;
  await machine.instrumentation.load('icount', { id: 'good', args: [RAM] });
  await machine.instrumentation.load(FAULTY, hanging(place, `at=${at}`));
  await machine.cont();
  await guest.until(({ name }) => name === 'INSTR_UNLOADED');
  await expect.poll(() => machine.vcpus[0]!.halted).toBe(true);

  expect(told(guest)).toEqual(['INSTR_LOADED', [0, MESSAGE], 'INSTR_UNLOADED']);
  const { instructions, loads, stores } = oracle.counts;
  const [good, ...others] = await machine.instrumentation.query();
  expect(others).toEqual([]);
  expect(good!.counters).toEqual({ instructions: BigInt(instructions), loads: BigInt(loads), stores: BigInt(stores) });
  // Six instructions of the boot ROM came first.
  expect(machine.codeStatistics()[0]!.instructions).toBe(oracle.hart.state.minstret + 6n);
  expect(machine.vcpus[0]!.register('s11')).toBe(oracle.hart.state.x[27]);
  expect(machine.vcpus[0]!.threadId).not.toBe(thread);
});

test('in compiled code: the same', async () => {
  const ROUNDS = 1n << 23n;
  const guest = await guestMachine({
    kernel: assemble(`
      auipc s0, 1
      lui s1, 0x800
      round:
      sd s1, 0(s0)
      addi a0, a0, 3
      amoadd.d a1, a0, (s0)
      addi a3, a3, 5
      addi s1, s1, -1
      bne s1, zero, round
      wfi
    `),
    patienceMs,
  });
  const { machine } = guest;
  await machine.instrumentation.load('icount', { id: 'good', args: [RAM] });
  // In round k the AMO leaves ROUNDS - (k - 1) + 3k behind.
  const path = pluginFile(`
    export default plugin('late', {
      doc: '',
      options: nothing,
      translate(block, probe) {
        const [amo] = block.instructions.filter(({ name }) => name === 'amoadd.d');
        if (amo) probe.whenAccess(amo, 'any', { compare: 'eq', value: ${ROUNDS}n + 2n * 6_000_000n + 1n }, () => { for (;;); });
      },
    });
  `);
  await machine.instrumentation.load(path, { id: 'bad' });
  await machine.cont();
  await guest.until(({ name }) => name === 'INSTR_UNLOADED');
  await expect.poll(() => machine.vcpus[0]!.halted).toBe(true);

  const instructions = 2n + 6n * ROUNDS + 1n;
  const [good] = await machine.instrumentation.query();
  expect(good!.counters).toEqual({ instructions, loads: ROUNDS, stores: 2n * ROUNDS });
  const [{ compiled, instructions: retired }] = machine.codeStatistics() as [CodeStatistics];
  expect(compiled).toBeGreaterThan(0);
  expect(retired).toBe(instructions + 6n);
  expect(['a0', 'a3', 's1'].map((name) => machine.vcpus[0]!.register(name))).toEqual([3n * ROUNDS, 5n * ROUNDS, 0n]);
});

test('in translate on one vCPU: it is taken off all, others stay', async () => {
  const guest = await atomics();
  const { instrumentation } = guest.machine;
  await instrumentation.load('icount', { id: 'good' });
  await instrumentation.load(FAULTY, hanging('translate', 'vcpu=1'));
  await finishes(guest);
  expect(told(guest)).toEqual(['INSTR_LOADED', [1, MESSAGE], 'INSTR_UNLOADED']);
  expect((await instrumentation.query()).map(({ id }) => id)).toEqual(['good']);
});

test('on all vCPUs at once', async () => {
  const guest = await atomics();
  await guest.machine.instrumentation.load(FAULTY, hanging('call'));
  await finishes(guest);
  expect(told(guest)).toEqual(['INSTR_LOADED', [expect.any(Number), MESSAGE], 'INSTR_UNLOADED']);
});

test('in state, and at the top of its module: the load is refused', async () => {
  const guest = await atomics();
  const { instrumentation } = guest.machine;
  const load = instrumentation.load(FAULTY, hanging('state'));
  await expect(load).rejects.toThrow(`Library initialization returned non-zero: ${FAULTY}: ${MESSAGE}`);
  const path = pluginFile('for (;;);');
  await expect(instrumentation.load(path)).rejects.toThrow(`Error loading library: ${path}: ${MESSAGE}`);
  expect(guest.events).toEqual([]);
  await finishes(guest);
});

test('in collect and in report: others still answer', async () => {
  const guest = await atomics();
  const { instrumentation } = guest.machine;
  await instrumentation.load('icount', { id: 'good' });
  for (const [place, ...words] of [['collect', 'vcpu=1'], ['report']] as const) {
    await instrumentation.load(FAULTY, hanging(place, ...words));
    expect((await instrumentation.query()).map(({ id }) => id)).not.toContain('bad');
    await guest.until(({ name }) => name === 'INSTR_UNLOADED');
    expect(told(guest)).toEqual(['INSTR_LOADED', [expect.any(Number), MESSAGE], 'INSTR_UNLOADED']);
    expect((await instrumentation.query()).map(({ id }) => id)).toEqual(['good']);
    guest.events.length = 0;
  }
  await finishes(guest);
});

test('in vcpuReset and vcpuExit: reset and unload come to their end', async () => {
  const guest = await atomics();
  const { machine } = guest;
  await machine.instrumentation.load(FAULTY, hanging('vcpuReset'));
  await machine.reset('host-qmp-system-reset');
  await guest.until(({ name }) => name === 'INSTR_UNLOADED');
  await machine.instrumentation.load(FAULTY, hanging('vcpuExit', 'vcpu=1'));
  await machine.instrumentation.unload('bad');
  const events = ['INSTR_LOADED', [expect.any(Number), MESSAGE], 'INSTR_UNLOADED'];
  expect(told(guest)).toEqual([...events, ...events]);
  await finishes(guest);
});

test('stop, cont and shutdown wait until the vCPU is free', async () => {
  const guest = await guestMachine({ kernel: 'guests/bin/spin.elf', smp: 2, patienceMs });
  const { machine } = guest;
  await machine.cont();
  await guest.printed('spin: 2 harts');
  await machine.instrumentation.load(FAULTY, hanging('call', 'vcpu=1'));
  await machine.stop();
  await machine.cont();
  await guest.until(({ name }) => name === 'INSTR_UNLOADED');
  await machine.instrumentation.load(FAULTY, hanging('callAccess', 'vcpu=0'));
  await machine.shutdown('host-qmp-quit');
  expect(guest.events.slice(-1)).toMatchObject([{ name: 'SHUTDOWN', reason: 'host-qmp-quit' }]);
});

test('a plugin that ends its thread is taken off, and another thread goes on', async () => {
  const guest = await atomics();
  const path = pluginFile(`
    export default plugin('exit', {
      doc: '',
      options: nothing,
      state: (_, { index }) => ({ index, calls: 0 }),
      translate(block, probe, state) {
        probe.call(block, () => {
          if (state.index === 1 && ++state.calls === 1000) process.exit(3);
        });
      },
    });
  `);
  await guest.machine.instrumentation.load('icount', { id: 'good' });
  await guest.machine.instrumentation.load(path, { id: 'bad' });
  await finishes(guest);
  const message = 'it has ended its thread: the thread of vCPU 1 has ended';
  expect(told(guest)).toEqual(['INSTR_LOADED', [1, message], 'INSTR_UNLOADED']);
});

test('promises that a plugin leaves behind hurt nobody', async () => {
  const guest = await atomics();
  const path = pluginFile(`
    export default plugin('async', {
      doc: '',
      options: nothing,
      async translate() { throw new Error('later'); },
    });
    void Promise.reject(new Error('at once'));
  `);
  const { instrumentation } = guest.machine;
  await instrumentation.load(path, { id: 'bad' });
  await instrumentation.load(FAULTY, { args: ['in=call', 'at=nosuch'] });
  await finishes(guest);
  expect(told(guest)).toEqual(['INSTR_LOADED']);
});
