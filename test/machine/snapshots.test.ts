/** A machine that is saved in the midst of its work, and others that go on from there. */
import { describe, expect, test } from 'vitest';
import type { Machine } from '../../core/machine/interface.ts';
import { SnapshotError } from '../../core/machine/snapshot/snapshot.ts';
import { KeptSnapshot, snapshotOf } from '../support/fakes/kept-snapshot.ts';
import { type GuestMachine, guestMachine } from '../support/guest-machine.ts';
import { Random, SEED } from '../support/random.ts';

const retired = (machine: Machine): bigint =>
  machine.codeStatistics().reduce((sum, { instructions }) => sum + instructions, 0n);

/** Resolves when the guest has retired `more` instructions, or ended. */
async function progress(machine: Machine, more: number): Promise<void> {
  const from = retired(machine);
  await expect.poll(() => machine.runState === 'shutdown' || retired(machine) > from + BigInt(more)).toBe(true);
}

const demo = (smp = 2): Promise<GuestMachine> => guestMachine({ kernel: 'guests/demo.elf', smp });
const EXIT42 = 'guests/bin/exit42.elf';

describe.each([
  { elf: 'guests/bin/coremark-like.elf', smp: 1, shows: 'coremark-like checksum=000000002dfba28c' },
  { elf: 'guests/bin/traps.elf', smp: 1, shows: ' 0 failed' },
  { elf: 'guests/bin/smc.elf', smp: 2, shows: 'smc checksum=000000ddf6498de0' },
  { elf: 'bench/bin/atomics2.elf', smp: 2, shows: 'atomics2 checksum=00000000007a1200' },
])('$elf on $smp vCPUs', ({ elf, smp, shows }) => {
  test('ends as it should from wherever it was saved', async () => {
    const random = new Random(SEED);
    const guest = await guestMachine({ kernel: elf, smp });
    const saved = [await snapshotOf(guest.machine)];
    const printed = [''];
    await guest.machine.cont();
    while (saved.length < 3) {
      await progress(guest.machine, random.below(5_000_000));
      try {
        saved.push(await snapshotOf(guest.machine));
        // What it has printed since comes again: that is no harm here.
        printed.push(guest.output());
      } catch (error) {
        // It was quicker.
        expect(error).toBeInstanceOf(SnapshotError);
        break;
      }
    }
    expect(await guest.ended).toMatchObject({ exitCode: 0 });
    for (const [index, snapshot] of saved.entries()) {
      // It needs no kernel: that is in the snapshot.
      const other = await guestMachine({ kernel: EXIT42, smp });
      await other.machine.snapshots.restore(snapshot);
      await other.machine.cont();
      expect(await other.ended, `seed ${SEED}`).toMatchObject({ exitCode: 0 });
      expect(printed[index] + other.output(), `seed ${SEED}`).toContain(shows);
      expect(other.reports).toEqual([]);
    }
  });
});

test('a guest in the midst of its work goes on in another machine, with its time and its timers', async () => {
  const { machine, printed, events } = await demo();
  await machine.cont();
  await printed('Type `help`');
  await progress(machine, 50_000_000);
  const snapshot = await snapshotOf(machine);
  expect(machine.runState).toBe('running');
  expect(events.map(({ name }) => name)).toEqual(['RESUME', 'STOP', 'RESUME']);
  await machine.stop();

  const other = await demo();
  await other.machine.snapshots.restore(snapshot);
  expect(other.machine.runState).toBe('prelaunch');
  expect(other.machine.vcpus[0]!.register('time')).toBe(snapshot.head.clock / 100n);
  // Guest time has stood still meanwhile.
  expect(other.machine.vcpus[0]!.register('time')! <= machine.vcpus[0]!.register('time')!).toBe(true);
  await other.machine.cont();
  await other.type('run sort 5\r');
  await other.printed('sort          5 rounds on each of 2 harts, all right');
  await other.type('exit 7\r');
  expect(await other.ended).toMatchObject({ exitCode: 7 });
  expect(other.reports).toEqual([]);
});

test('a machine goes back, and forward again, while plugins stay', async () => {
  const { machine, printed, type, output, events } = await demo();
  await machine.instrumentation.load('icount');
  await machine.cont();
  await printed('Type `help`');
  await type('run sort\r');
  await printed('run sort');
  const snapshot = await snapshotOf(machine);
  await type('run lists\r');
  await progress(machine, 10_000_000);
  const counted = async (): Promise<bigint> => (await machine.instrumentation.query())[0]!.counters.instructions!;
  const before = await counted();

  for (let round = 0; round < 3; round++) {
    events.length = 0;
    await machine.snapshots.restore(snapshot);
    expect(events.map(({ name }) => name)).toEqual(['STOP', 'RESUME']);
    expect(machine.runState).toBe('running');
    await progress(machine, 10_000_000);
  }
  expect((await counted()) > before).toBe(true);
  const from = output().length;
  await type('status\r');
  // What was typed after it had been saved has not happened.
  await printed('sort', from);
});

test('what comes in from outside meanwhile is in it or not, and nothing hangs', async () => {
  const random = new Random(SEED);
  const { machine, printed, type } = await demo();
  await machine.cont();
  await printed('Type `help`');
  const other = await demo();
  await other.machine.cont();
  await other.printed('Type `help`');
  for (let round = 0; round < 10; round++) {
    const saving = snapshotOf(machine);
    for (let count = random.below(30); count > 0; count--) await new Promise((resolve) => setImmediate(resolve));
    await type(' \r');
    await other.machine.snapshots.restore(await saving);
    const from = other.output().length;
    await other.type('\rhelp\r');
    await other.printed('the machine anew', from);
  }
});

test('RAM, registers and devices are what they were, to the bit', async () => {
  const { machine, printed } = await demo();
  await machine.cont();
  await printed('Type `help`');
  await progress(machine, 1_000_000);
  await machine.stop();
  const snapshot = await snapshotOf(machine);
  const other = await demo();
  await other.machine.cont();
  await other.printed('Type `help`');
  await progress(other.machine, 1_000_000);
  await other.machine.stop();
  await other.machine.snapshots.restore(snapshot);
  const again = await snapshotOf(other.machine);
  expect(again.head).toEqual(snapshot.head);
  expect(again.kept).toEqual(snapshot.kept);
  const registers = (one: Machine) => one.vcpus.map((vcpu) => [vcpu.controlRegisters(), vcpu.generalRegisters()]);
  expect(registers(other.machine)).toEqual(registers(machine));
});

test('a reset behind it starts what this machine starts from', async () => {
  const { machine } = await guestMachine({ kernel: 'guests/bin/spin.elf' });
  await machine.cont();
  const snapshot = await snapshotOf(machine);
  const other = await guestMachine({ kernel: EXIT42 });
  await other.machine.snapshots.restore(snapshot);
  await other.machine.reset('host-qmp-system-reset');
  await other.machine.cont();
  expect(await other.ended).toMatchObject({ exitCode: 42 });
});

describe('what does not fit is refused', () => {
  test('another machine, with what differs, and the guest runs on as if nothing had been asked', async () => {
    const { machine } = await guestMachine({ kernel: 'guests/bin/spin.elf', smp: 1 });
    const snapshot = await snapshotOf(machine);
    const other = await guestMachine({ kernel: 'guests/bin/spin.elf', smp: 2, ramBytes: 128 << 20 });
    await other.machine.cont();
    await expect(other.machine.snapshots.restore(snapshot)).rejects.toThrow(
      'it is of another machine: vCPUs is 1 in it, and 2 here; RAM is 64 MiB in it, and 128 MiB here',
    );
    expect(other.events.map(({ name }) => name)).toEqual(['RESUME']);
    await progress(other.machine, 1000);
  });

  test('another version of the program', async () => {
    const { machine } = await guestMachine({ kernel: EXIT42 });
    const { head, kept } = await snapshotOf(machine);
    const sections = head.sections.map((section) =>
      section.name === 'state'
        ? { ...section, form: section.form.replace('serial { IER:u8', 'serial { IER:u16') }
        : section,
    );
    const changed = new KeptSnapshot();
    await changed.begin({ ...head, sections });
    changed.kept.push(...kept);
    await expect(machine.snapshots.restore(changed)).rejects.toThrow(
      "it is of another version of this program, which keeps 'serial' in another way",
    );
  });

  test('a machine that has ended, on either side', async () => {
    const { machine, ended } = await guestMachine({ kernel: EXIT42 });
    const snapshot = await snapshotOf(machine);
    await machine.cont();
    await ended;
    await expect(snapshotOf(machine)).rejects.toThrow('the machine is at its end');
    await expect(machine.snapshots.restore(snapshot)).rejects.toThrow('the machine has shut down');
  });

  test('what breaks off leaves a machine that does not run until it is restored or reset', async () => {
    const { machine, reports } = await guestMachine({ kernel: 'guests/bin/spin.elf' });
    await machine.cont();
    const snapshot = await snapshotOf(machine);
    const broken = {
      head: snapshot.head,
      async *pieces() {
        yield snapshot.kept[0]!;
        throw new Error('the file is gone');
      },
    };
    for (const heal of [() => machine.snapshots.restore(snapshot), () => machine.reset('host-qmp-system-reset')]) {
      await expect(machine.snapshots.restore(broken)).rejects.toThrow('the file is gone');
      expect(machine.runState).toBe('internal-error');
      await expect(machine.cont()).rejects.toThrow('Resetting the Virtual Machine is required');
      await expect(snapshotOf(machine)).rejects.toThrow('the machine has failed');
      await heal();
      expect(machine.runState).toBe('paused');
      await machine.cont();
      await progress(machine, 1000);
    }
    expect(reports).toEqual([]);
  });

  test('pieces that do not belong where they say', async () => {
    const { machine } = await guestMachine({ kernel: EXIT42 });
    const { head, kept } = await snapshotOf(machine);
    const [piece] = kept;
    for (const wrong of [
      { ...piece!, section: head.sections.length },
      { ...piece!, offset: piece!.offset + 8 },
      { ...piece!, bytes: piece!.bytes.subarray(4) },
    ]) {
      const source = {
        head,
        async *pieces() {
          yield wrong;
        },
      };
      await expect(machine.snapshots.restore(source)).rejects.toThrow(
        /^it has a piece of \d+ bytes where none belongs$/,
      );
    }
  });

  test('a sink that takes nothing: the guest runs on', async () => {
    const { machine } = await guestMachine({ kernel: 'guests/bin/spin.elf' });
    await machine.cont();
    const sink = new KeptSnapshot();
    sink.begin = async () => {
      throw new Error('no space left');
    };
    await expect(machine.snapshots.save(sink)).rejects.toThrow('no space left');
    expect(machine.runState).toBe('running');
    await progress(machine, 1000);
  });
});
