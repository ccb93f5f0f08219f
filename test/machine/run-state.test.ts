/** Run states and their events, with a guest that runs on two vCPUs. */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Machine } from '../../core/machine/interface.ts';
import { type GuestMachine, guestMachine } from '../support/guest-machine.ts';

const SPIN = 'guests/bin/spin.elf';
const MROM = 0x1000n;
const RAM = 0x8000_0000n;
/** Never executed by a guest, and zero at power-on. */
const UNUSED = RAM + 0x200_0000n;

const names = ({ events }: GuestMachine): string[] => events.map(({ name }) => name);
const retired = (machine: Machine): bigint[] => machine.codeStatistics().map(({ instructions }) => instructions);
const pcs = (machine: Machine): (bigint | undefined)[] => machine.vcpus.map((vcpu) => vcpu.register('pc'));

/** Resolves when every vCPU has retired instructions since the call. */
async function progress(machine: Machine): Promise<void> {
  const before = retired(machine);
  await expect.poll(() => retired(machine).every((now, vcpu) => now > before[vcpu]!)).toBe(true);
}

async function spinning(): Promise<GuestMachine> {
  const guest = await guestMachine({ kernel: SPIN, smp: 2 });
  await guest.machine.cont();
  await guest.printed('spin: 2 harts');
  await progress(guest.machine);
  return guest;
}

describe('stop and cont', () => {
  test('nothing happens before the first cont', async () => {
    const guest = await guestMachine({ kernel: SPIN, smp: 2 });
    const { machine } = guest;
    expect(machine.runState).toBe('prelaunch');
    await machine.stop();
    expect(machine.runState).toBe('prelaunch');
    expect(pcs(machine)).toEqual([MROM, MROM]);
    expect(retired(machine)).toEqual([0n, 0n]);
    expect(machine.vcpus[0]!.register('time')).toBe(0n);
    expect(guest.events).toEqual([]);
  });

  test('each takes effect and is told of once', async () => {
    const guest = await spinning();
    const { machine } = guest;
    await machine.cont();
    expect([machine.runState, names(guest)]).toEqual(['running', ['RESUME']]);
    await machine.stop();
    await machine.stop();
    expect([machine.runState, names(guest)]).toEqual(['paused', ['RESUME', 'STOP']]);
    await machine.cont();
    await progress(machine);
    expect([machine.runState, names(guest)]).toEqual(['running', ['RESUME', 'STOP', 'RESUME']]);
  });

  test('a stopped guest and its time stand still, and go on from there', async () => {
    const { machine } = await spinning();
    await machine.stop();
    const still = () => [pcs(machine), retired(machine), machine.vcpus[0]!.register('time')];
    const before = still();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(still()).toEqual(before);
    await machine.cont();
    await progress(machine);
    expect(machine.vcpus[0]!.register('time')! > (before[2] as bigint)).toBe(true);
  });

  test('a vCPU that waits for an interrupt stops and goes on waiting', async () => {
    const { machine, printed, type } = await guestMachine({ kernel: 'guests/demo.elf', smp: 2 });
    const waits = () => machine.vcpus.map(({ halted }) => halted);
    await machine.cont();
    await printed('Type `help`');
    await type('stop\r');
    await printed('stopped');
    await expect.poll(waits).toEqual([true, true]);
    await machine.stop();
    await machine.cont();
    await expect.poll(waits).toEqual([true, true]);
    await type('exit 3\r');
    await expect.poll(() => machine.runState).toBe('shutdown');
  });

  test('requests take effect in the order in which they are made', async () => {
    const guest = await spinning();
    const { machine } = guest;
    guest.events.length = 0;
    const requests = [machine.stop(), machine.reset('host-qmp-system-reset'), machine.cont(), machine.stop()];
    await Promise.all([...requests, machine.cont(), machine.shutdown('host-qmp-quit')]);
    expect(names(guest)).toEqual(['STOP', 'RESET', 'RESUME', 'STOP', 'RESUME', 'SHUTDOWN']);
  });

  test('who stops listening is told nothing more', async () => {
    const guest = await guestMachine({ kernel: SPIN });
    const heard: string[] = [];
    const stopListening = guest.machine.onEvent(({ name }) => void heard.push(name));
    await guest.machine.cont();
    stopListening();
    await guest.machine.stop();
    expect([heard, names(guest)]).toEqual([['RESUME'], ['RESUME', 'STOP']]);
  });
});

describe('reset', () => {
  test('leaves a stopped guest stopped, as it is after power-on', async () => {
    const guest = await spinning();
    const { machine } = guest;
    await machine.stop();
    const text = machine.memory.readPhysical(RAM, 64);
    machine.memory.writePhysical(RAM, new Uint8Array(64));
    machine.memory.writePhysical(UNUSED, Uint8Array.of(1, 2, 3));
    await machine.reset('host-qmp-system-reset');
    expect(guest.events.at(-1)).toEqual({ name: 'RESET', guest: false, reason: 'host-qmp-system-reset' });
    expect(machine.runState).toBe('paused');
    expect(pcs(machine)).toEqual([MROM, MROM]);
    expect(retired(machine)).toEqual([0n, 0n]);
    expect(machine.memory.readPhysical(RAM, 64)).toEqual(text);
    expect(machine.memory.readPhysical(UNUSED, 3)).toEqual(new Uint8Array(3));
    await machine.cont();
    await guest.printed('spin: 2 harts', guest.output().indexOf('spin: 2 harts') + 1);
  });

  test('is possible before the first cont', async () => {
    const { machine } = await guestMachine({ kernel: SPIN });
    await machine.reset('host-qmp-system-reset');
    expect(machine.runState).toBe('prelaunch');
  });

  test('starts a running guest anew, twenty times in a row', async () => {
    const guest = await spinning();
    for (let round = 0; round < 20; round++) {
      const seen = guest.output().length;
      const { length } = guest.events;
      await guest.machine.reset('host-qmp-system-reset');
      expect(guest.events.slice(length).map(({ name }) => name)).toEqual(['RESET']);
      expect(guest.machine.runState).toBe('running');
      await guest.printed('spin: 2 harts', seen);
      await progress(guest.machine);
    }
    expect(guest.reports).toEqual([]);
  });

  test('by the guest starts it anew too, or ends it where that is asked for', async () => {
    const once = await guestMachine({ kernel: 'guests/demo.elf', smp: 2 });
    await once.machine.cont();
    await once.printed('Type `help`');
    await once.type('reset\r');
    expect(await once.until(({ name }) => name === 'RESET')).toMatchObject({ guest: true, reason: 'guest-reset' });
    await once.printed('Type `help`', once.output().length);
    expect(once.machine.runState).toBe('running');

    const never = await guestMachine({ kernel: 'guests/demo.elf', smp: 2, noReboot: true });
    await never.machine.cont();
    await never.printed('Type `help`');
    await never.type('reset\r');
    expect(await never.ended).toMatchObject({ guest: true, reason: 'guest-reset', exitCode: 0 });
  });
});

describe('shutdown', () => {
  test.each(['prelaunch', 'running', 'paused'])('ends a machine that is %s, once and for all', async (runState) => {
    const guest = await guestMachine({ kernel: SPIN, smp: 2 });
    const { machine } = guest;
    if (runState !== 'prelaunch') await machine.cont();
    if (runState === 'paused') await machine.stop();
    expect(machine.runState).toBe(runState);
    const threads = machine.vcpus.map(({ threadId }) => `/proc/self/task/${threadId}`);
    expect(threads.every((thread) => existsSync(thread))).toBe(true);

    await Promise.all([machine.shutdown('host-qmp-quit'), machine.shutdown('host-signal')]);
    expect(machine.runState).toBe('shutdown');
    expect(guest.events.filter(({ name }) => name === 'SHUTDOWN')).toEqual([
      { name: 'SHUTDOWN', guest: false, reason: 'host-qmp-quit', exitCode: 0 },
    ]);
    expect(threads.some((thread) => existsSync(thread))).toBe(false);

    await expect(machine.cont()).rejects.toThrow('the machine has shut down');
    await expect(machine.reset('host-qmp-system-reset')).rejects.toThrow('the machine has shut down');
    await machine.stop();
    expect(names(guest).at(-1)).toBe('SHUTDOWN');
  });

  test('by the guest carries its exit code and says who asked', async () => {
    const guest = await guestMachine({ kernel: 'guests/bin/exit42.elf' });
    await guest.machine.cont();
    expect(await guest.ended).toEqual({ name: 'SHUTDOWN', guest: true, reason: 'guest-panic', exitCode: 42 });
    expect(names(guest)).toEqual(['RESUME', 'SHUTDOWN']);
  });
});
