/** Breakpoints, watchpoints and steps of the running machine. */
import { expect, test } from 'vitest';
import { readElf } from '../../core/machine/boot/elf.ts';
import type { DebugPoints, DebugStop } from '../../core/machine/interface.ts';
import { snapshotOf } from '../support/fakes/kept-snapshot.ts';
import { type GuestMachine, guestMachine, kernelBytes, testFile } from '../support/guest-machine.ts';
import { createOracle } from '../support/oracle.ts';
import { Random, SEED } from '../support/random.ts';
import { PROGRAM } from './plugins/fixtures/program.ts';

const SPIN = 'guests/bin/spin.elf';
const { symbols } = readElf(SPIN, kernelBytes(SPIN));
const LOOP = symbols.get('spin')!;
/** Of hart 0; that of hart 1 is 64 bytes behind it. */
const COUNTER = symbols.get('counters')!;

const names = ({ events }: GuestMachine): string[] => events.map(({ name }) => name);
const pcs = ({ machine }: GuestMachine): (bigint | undefined)[] => machine.vcpus.map((vcpu) => vcpu.register('pc'));
const retired = ({ machine }: GuestMachine): bigint[] =>
  machine.codeStatistics().map(({ instructions }) => instructions);

const setPoints = ({ machine }: GuestMachine, points: Partial<DebugPoints>): Promise<void> =>
  machine.debug.setPoints({ breakpoints: [], watchpoints: [], ...points });

/** Lets the guest do something, until the machine stops. */
async function untilStop(guest: GuestMachine, go = () => guest.machine.cont()): Promise<DebugStop | undefined> {
  const { length } = guest.events;
  await go();
  await guest.until((event) => event.name === 'STOP' && guest.events.indexOf(event) >= length);
  return guest.machine.debug.stop;
}

async function spinning(): Promise<GuestMachine> {
  const guest = await guestMachine({ kernel: SPIN, smp: 2 });
  await guest.machine.cont();
  await guest.printed('spin: 2 harts');
  return guest;
}

test('a breakpoint stops all vCPUs, each time that one comes there', async () => {
  const guest = await spinning();
  const { machine } = guest;
  // In the loop that both run.
  const address = LOOP + 0x12n;
  const stop = await untilStop(guest, () => setPoints(guest, { breakpoints: [address] }));
  expect(stop).toEqual({ vcpu: expect.any(Number), reason: 'breakpoint' });
  expect(machine.runState).toBe('debug');
  expect(names(guest)).toEqual(['RESUME', 'STOP']);
  const before = retired(guest);
  expect(retired(guest)).toEqual(before);
  expect(pcs(guest)[stop!.vcpu]).toBe(address);

  const seen = new Set<number>();
  for (let round = 0; round < 100 || seen.size < 2; round++) {
    const { vcpu } = (await untilStop(guest))!;
    expect(pcs(guest)[vcpu]).toBe(address);
    seen.add(vcpu);
  }
  await setPoints(guest, {});
  await machine.cont();
  expect([machine.runState, machine.debug.stop]).toEqual(['running', undefined]);
  await expect.poll(() => retired(guest).every((now, vcpu) => now > before[vcpu]! + 10_000n)).toBe(true);
  await machine.stop();
  expect([machine.runState, machine.debug.stop]).toEqual(['paused', undefined]);
});

test('a step is one instruction of one vCPU; the others stay, or run meanwhile', async () => {
  const guest = await spinning();
  const { machine } = guest;
  await machine.stop();
  const time = machine.vcpus[0]!.register('time');
  for (let step = 0; step < 20; step++) {
    const before = retired(guest);
    const stop = await untilStop(guest, () => machine.debug.resume(['stay', 'step']));
    expect(stop).toEqual({ vcpu: 1, reason: 'step' });
    expect(retired(guest)).toEqual([before[0], before[1]! + 1n]);
  }
  expect(machine.vcpus[0]!.register('time')).toBe(time);

  const before = retired(guest);
  expect(await untilStop(guest, () => machine.debug.resume(['run', 'step']))).toEqual({ vcpu: 1, reason: 'step' });
  expect(retired(guest)[1]).toBe(before[1]! + 1n);
  expect(machine.vcpus[0]!.register('time')).toBeGreaterThan(time!);
});

test('a step that a snapshot is taken of is told afterwards, and lets nobody else run', async () => {
  const guest = await spinning();
  const { machine } = guest;
  await machine.stop();
  for (let round = 0; round < 10; round++) {
    const before = retired(guest);
    await Promise.all([machine.debug.resume(['stay', 'step']), snapshotOf(machine)]);
    await expect.poll(() => machine.runState).toBe('debug');
    expect(machine.debug.stop).toEqual({ vcpu: 1, reason: 'step' });
    expect(retired(guest)).toEqual([before[0], before[1]! + 1n]);
  }
});

test('a snapshot that is gone back to has no stop to tell, and runs on', async () => {
  const guest = await spinning();
  const { machine } = guest;
  const snapshot = await snapshotOf(machine);
  const address = LOOP + 0x12n;
  await untilStop(guest, () => setPoints(guest, { breakpoints: [address] }));
  await machine.snapshots.restore(snapshot);
  expect([machine.runState, machine.debug.stop]).toEqual(['debug', undefined]);
  expect(await untilStop(guest)).toEqual({ vcpu: expect.any(Number), reason: 'breakpoint' });
});

test('watched accesses of both vCPUs are told, none is lost', async () => {
  const guest = await spinning();
  const { machine } = guest;
  const counter = (vcpu: number): bigint =>
    new DataView(machine.memory.readPhysical(COUNTER + BigInt(vcpu * 64), 8)!.buffer).getBigUint64(0, true);
  await machine.stop();
  await setPoints(guest, { watchpoints: [{ kind: 'write', address: COUNTER, bytes: 128 }] });
  const start = [counter(0), counter(1)];
  const hits = [0n, 0n];
  for (let round = 0; round < 60; round++) {
    const stop = await untilStop(guest);
    if (stop?.reason !== 'watchpoint') throw new Error(`stopped for ${stop?.reason}`);
    expect(stop.address).toBe(COUNTER + BigInt(stop.vcpu * 64));
    hits[stop.vcpu]!++;
  }
  // Whoever was faster by one has not been told of yet.
  for (const vcpu of [0, 1]) {
    const behind = counter(vcpu) - start[vcpu]! - hits[vcpu]!;
    expect(behind === 0n || behind === 1n, `vCPU ${vcpu} is ${behind} behind`).toBe(true);
  }
});

test('points survive a reset, and a stop is forgotten', async () => {
  const guest = await spinning();
  const { machine } = guest;
  const main = symbols.get('main')!;
  await setPoints(guest, { breakpoints: [main] });
  await machine.stop();
  const output = guest.output().length;
  await machine.reset('host-qmp-system-reset');
  expect(await untilStop(guest)).toEqual({ vcpu: 0, reason: 'breakpoint' });
  await machine.reset('host-qmp-system-reset');
  expect([machine.runState, machine.debug.stop]).toEqual(['debug', undefined]);
  expect(await untilStop(guest)).toEqual({ vcpu: 0, reason: 'breakpoint' });
  await machine.cont();
  await guest.printed('spin: 2 harts', output);
});

test('registers are written, those of the privileged architecture by their rules', async () => {
  const { machine } = await guestMachine({ kernel: SPIN, smp: 2 });
  const write = (name: string, value: bigint): Promise<boolean> => machine.debug.writeRegister(1, name, value);
  const read = (name: string): bigint | undefined => machine.vcpus[1]!.register(name);
  for (const [name, value, becomes] of [
    ['a0', 0x1234n, 0x1234n],
    ['x31', -1n, 0xffff_ffff_ffff_ffffn],
    ['fa0', 7n, 7n],
    ['pc', 0x8000_0003n, 0x8000_0002n],
    ['mepc', 0x8000_0003n, 0x8000_0002n],
    ['mtvec', 0x8000_0100n, 0x8000_0100n],
    ['minstret', 1000n, 1000n],
    ['mcycle', 5000n, 5000n],
    ['priv', 1n, 1n],
  ] as const) {
    expect(await write(name, value), name).toBe(true);
    expect(read(name), name).toBe(becomes);
  }
  for (const name of ['zero', 'mhartid', 'misa', 'nosuch']) expect(await write(name, 1n), name).toBe(false);
  expect(await write('priv', 2n)).toBe(false);
  expect([read('zero'), read('priv'), machine.vcpus[0]!.register('a0')]).toEqual([0n, 1n, 0n]);
});

test('a guest that ends while it is debugged ends as it would', async () => {
  const guest = await guestMachine({ kernel: 'guests/bin/exit42.elf' });
  const { symbols } = readElf('exit42', kernelBytes('guests/bin/exit42.elf'));
  await setPoints(guest, { breakpoints: [symbols.get('exit')!] });
  expect(await untilStop(guest)).toEqual({ vcpu: 0, reason: 'breakpoint' });
  for (let step = 0; guest.machine.runState === 'debug'; step++) {
    expect(step).toBeLessThan(100);
    const { length } = guest.events;
    await guest.machine.debug.resume(['step']);
    await guest.until((event) => ['STOP', 'SHUTDOWN'].includes(event.name) && guest.events.indexOf(event) >= length);
  }
  expect(await guest.ended).toMatchObject({ guest: true, reason: 'guest-panic', exitCode: 42 });
});

test('a vCPU whose thread is replaced knows of the points', async () => {
  const oracle = createOracle({ ramBytes: 0x4000, code: PROGRAM });
  oracle.run(10_000_000);
  const end = oracle.hart.state.pc - 4n;
  const guest = await guestMachine({ kernel: PROGRAM, patienceMs: 500 });
  const { machine } = guest;
  await setPoints(guest, { breakpoints: [end] });
  const plugin = testFile('machine/plugins/fixtures/faulty.ts');
  await machine.instrumentation.load(plugin, { id: 'bad', args: ['in=call', 'hang', 'at=amoadd.d'] });
  expect(await untilStop(guest)).toEqual({ vcpu: 0, reason: 'breakpoint' });
  expect(names(guest)).toContain('INSTR_ERROR');
  expect(pcs(guest)).toEqual([end]);
});

test(`a guest that is debugged at random computes what it always does, SEED=${SEED}`, async () => {
  const random = new Random(SEED);
  const guest = await guestMachine({ kernel: 'guests/bin/atomics.elf', smp: 2 });
  const { machine } = guest;
  const { symbols } = readElf('atomics', kernelBytes('guests/bin/atomics.elf'));
  const some = <T>(make: () => T): readonly T[] => Array.from({ length: random.below(4) }, make);
  const points = (): DebugPoints => ({
    breakpoints: some(() => symbols.get('work')! + BigInt(2 * random.below(200))),
    watchpoints: some(() => ({
      kind: random.pick(['read', 'write', 'access']),
      address: symbols.get('shared')! + BigInt(random.below(100)),
      bytes: random.between(1, 200),
    })),
  });
  const act = async (round: number): Promise<void> => {
    const { length } = guest.events;
    switch (random.below(6)) {
      case 0:
        return machine.cont();
      case 1:
        return machine.debug.resume([0, 1].map(() => random.pick(['run', 'step', 'step-or-interrupt', 'stay'])));
      case 2:
        return machine.stop();
      case 3:
        return setPoints(guest, random.chance(90) ? points() : {});
      case 4:
        await machine.instrumentation.load('icount', { id: `icount${round}` });
        return random.chance(70) ? machine.instrumentation.unload(`icount${round}`) : undefined;
      default:
        // Whatever is to happen may.
        for (let turns = 0; turns < 20 && guest.events.length === length; turns++)
          await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  // It may come to its end before.
  const isOver = (): boolean => machine.runState === 'shutdown';
  for (let round = 0; round < 1000 && !isOver(); round++)
    await act(round).catch((error: unknown) => {
      if (!isOver()) throw error;
    });
  await setPoints(guest, {}).catch(() => {});
  // A vCPU may stay where it is until all are told to run.
  await machine.stop();
  await expect
    .poll(async () => {
      if (machine.runState !== 'running' && !isOver()) await machine.cont();
      return isOver();
    })
    .toBe(true);
  expect(await guest.ended).toMatchObject({ exitCode: 0 });
  expect(guest.output()).toContain('atomics checksum=83d08cb4ece26c42');
  expect(guest.reports).toEqual([]);
});

test('plugins see what is executed, no more and no less', async () => {
  const oracle = createOracle({ ramBytes: 0x4000, code: PROGRAM });
  oracle.run(10_000_000);

  const guest = await guestMachine({ kernel: PROGRAM });
  const { machine } = guest;
  await machine.instrumentation.load('icount', { args: ['from=0x80000000'] });
  const data = 0x8000_1000n;
  let breakpoints = [0x8000_0000n, 0x8000_0064n, 0x8000_00a4n, 0x8000_0104n];
  await setPoints(guest, { breakpoints });
  for (let stops = 0; stops < 120; stops++) {
    const step = stops % 3 === 1;
    await untilStop(guest, () => (step ? machine.debug.resume(['step']) : machine.cont()));
    if (stops % 10 === 9) breakpoints = breakpoints.map((address) => address + 4n);
    const watchpoints = stops % 20 < 10 ? [] : [{ kind: 'access' as const, address: data, bytes: 8 }];
    await setPoints(guest, { breakpoints, watchpoints });
  }
  await setPoints(guest, {});
  await machine.cont();
  await expect.poll(() => machine.vcpus[0]!.halted).toBe(true);

  const { instructions, loads, stores } = oracle.counts;
  const [icount] = await machine.instrumentation.query();
  expect(icount!.counters).toEqual({
    instructions: BigInt(instructions),
    loads: BigInt(loads),
    stores: BigInt(stores),
  });
});
