/** Plugins that throw: they go, others stay, and the guest never notices. */
import { describe, expect, test } from 'vitest';
import { InstrumentationError, type MachineEvent } from '../../../core/machine/interface.ts';
import { type GuestMachine, guestMachine, testFile } from '../../support/guest-machine.ts';
import { pluginFile } from '../../support/plugin-file.ts';
import type { PLACES } from './fixtures/faulty.ts';

type Place = (typeof PLACES)[number];

const FAULTY = testFile('machine/plugins/fixtures/faulty.ts');
const CHECKSUM = 'atomics checksum=83d08cb4ece26c42';

/** Checks its own work, on both vCPUs. */
const atomics = (): Promise<GuestMachine> => guestMachine({ kernel: 'guests/bin/atomics.elf', smp: 2 });

/** The guest comes to its right end. */
async function finishes({ machine, ended, output }: GuestMachine): Promise<void> {
  await machine.cont();
  expect(await ended).toMatchObject({ guest: true, exitCode: 0 });
  expect(output()).toContain(CHECKSUM);
}

const ofInstrumentation = ({ events }: GuestMachine): MachineEvent[] =>
  events.filter(({ name }) => name.startsWith('INSTR_'));

const loadedEvent = { name: 'INSTR_LOADED', id: 'bad', path: FAULTY };
const unloadedEvent = { name: 'INSTR_UNLOADED', id: 'bad', path: FAULTY };
const errorEvent = (place: Place, vcpu: number) => ({
  name: 'INSTR_ERROR',
  id: 'bad',
  vcpu,
  message: `on purpose, in ${place}`,
});

/** Of the plugin nothing is left, while icount goes on counting. */
async function expectGone({ machine }: GuestMachine): Promise<void> {
  expect((await machine.instrumentation.query()).map(({ id }) => id)).toEqual(['good']);
}

describe.each<[Place, number]>([
  ['filter', 0],
  ['state', 1],
  ['vcpuEnter', 1],
])('in %s', (place, vcpu) => {
  test('refuses the load', async () => {
    const guest = await atomics();
    const { instrumentation } = guest.machine;
    await instrumentation.load('icount', { id: 'good' });
    const words = [`in=${place}`, ...(place === 'filter' ? [] : [`vcpu=${vcpu}`])];
    const refused = instrumentation.load(FAULTY, { id: 'bad', args: words });
    await expect(refused).rejects.toThrow(
      new InstrumentationError(`Library initialization returned non-zero: ${FAULTY}: on purpose, in ${place}`),
    );
    await expectGone(guest);
    expect(ofInstrumentation(guest)).toEqual([{ name: 'INSTR_LOADED', id: 'good', path: 'icount' }]);
    await finishes(guest);
  });
});

describe.each<[Place, number]>([
  ['translate', 0],
  ['translate', 1],
  ['call', 0],
  ['callAccess', 1],
])('in %s on vCPU %d', (place, vcpu) => {
  test('detaches it from all', async () => {
    const guest = await atomics();
    const { instrumentation } = guest.machine;
    await instrumentation.load('icount', { id: 'good' });
    await instrumentation.load(FAULTY, { id: 'bad', args: [`in=${place}`, `vcpu=${vcpu}`] });
    await finishes(guest);
    expect(ofInstrumentation(guest).slice(1)).toEqual([loadedEvent, errorEvent(place, vcpu), unloadedEvent]);
    await expectGone(guest);
  });
});

describe.each<[Place, number]>([
  ['collect', 1],
  ['report', -1],
])('in %s', (place, vcpu) => {
  test('detaches it, and the others still answer', async () => {
    const guest = await atomics();
    const { instrumentation } = guest.machine;
    await instrumentation.load(FAULTY, { id: 'bad', args: [`in=${place}`, ...(vcpu < 0 ? [] : [`vcpu=${vcpu}`])] });
    await instrumentation.load('icount', { id: 'good' });
    await guest.machine.cont();
    expect((await instrumentation.query()).map(({ id }) => id)).toEqual(['good']);
    await guest.until(({ name }) => name === 'INSTR_UNLOADED');
    expect(ofInstrumentation(guest)).toEqual([
      loadedEvent,
      { name: 'INSTR_LOADED', id: 'good', path: 'icount' },
      errorEvent(place, vcpu),
      unloadedEvent,
    ]);
    await finishes(guest);
    await expectGone(guest);
  });
});

/** What a plugin may ask for in `translate` that makes no sense, and what it is told. */
// biome-ignore format: a case a line
const NONSENSE: readonly (readonly [code: string, reason: string])[] = [
  ['probe.count({}, n)', 'a probe must be set on the block that is being translated'],
  ['probe.count(block, { value: 0n })', 'expected a counter that `probe` has returned'],
  ['probe.count(block)', 'expected a counter that `probe` has returned'],
  ['probe.count(block, n, 0.5)', 'the amount is 0.5: expected a bigint'],
  [`probe.count(block, probe.named('m'))`, 'no counter is declared as "m"'],
  ['probe.call(block)', 'the callback is undefined: expected a function'],
  [`probe.when(block, { counter: n, compare: '==', value: 1n }, () => {})`, 'the comparison is ==: expected one of eq, ne, lt, le, gt, ge'],
  [`probe.when(block, { counter: n, compare: 'eq' }, () => {})`, 'the value is undefined: expected a bigint'],
  [`for (const i of block.instructions) probe.countAccess(i, 'read', n)`, 'the kind of access is read: expected one of load, store, any'],
  [`for (const i of block.instructions) probe.whenAccess(i, 'any', { from: 0n }, () => {})`, '`to` is undefined: expected a bigint'],
  ['for (;;) probe.counter()', 'out of counters: 524288 are in use'],
  ['null.x', "Cannot read properties of null (reading 'x')"],
  ['throw undefined', 'undefined'],
];

test('nonsense in translate detaches it, with a word on what is wrong', async () => {
  const guest = await guestMachine({ kernel: 'guests/bin/spin.elf' });
  const { machine } = guest;
  await machine.cont();
  for (const [code, reason] of NONSENSE) {
    guest.events.length = 0;
    const path = pluginFile(`
      export default plugin('p', {
        doc: '',
        options: nothing,
        counters: { n: '' },
        translate(block, probe) {
          const n = probe.named('n');
          ${code};
        },
      });
    `);
    await machine.instrumentation.load(path);
    await guest.until(({ name }) => name === 'INSTR_UNLOADED');
    expect(
      guest.events.map((event) => ('message' in event ? event.message : event.name)),
      code,
    ).toEqual(['INSTR_LOADED', reason, 'INSTR_UNLOADED']);
  }
  expect(await machine.instrumentation.query()).toEqual([]);
});

test('in vcpuReset detaches it', async () => {
  const guest = await atomics();
  const { machine } = guest;
  await machine.instrumentation.load('icount', { id: 'good' });
  await machine.instrumentation.load(FAULTY, { id: 'bad', args: ['in=vcpuReset'] });
  await machine.reset('host-qmp-system-reset');
  await guest.until(({ name }) => name === 'INSTR_UNLOADED');
  const error = { ...errorEvent('vcpuReset', 0), vcpu: expect.any(Number) };
  expect(ofInstrumentation(guest).slice(1)).toEqual([loadedEvent, error, unloadedEvent]);
  await expectGone(guest);
  await finishes(guest);
});

test('in vcpuExit is told of, and it goes as it should', async () => {
  const guest = await atomics();
  const { instrumentation } = guest.machine;
  await instrumentation.load('icount', { id: 'good' });
  await instrumentation.load(FAULTY, { id: 'bad', args: ['in=vcpuExit', 'vcpu=1'] });
  await instrumentation.unload('bad');
  expect(ofInstrumentation(guest).slice(1)).toEqual([loadedEvent, errorEvent('vcpuExit', 1), unloadedEvent]);
  await expectGone(guest);
  await finishes(guest);
});

test('no block keeps anything of it', async () => {
  const guest = await guestMachine({ kernel: 'guests/bin/spin.elf', smp: 2 });
  const { machine } = guest;
  await machine.cont();
  await guest.printed('spin: 2 harts');
  await machine.instrumentation.load('icount', { id: 'good', args: ['vcpu=0'] });
  await machine.instrumentation.load(FAULTY, { id: 'bad', args: ['in=call', 'vcpu=1'] });
  await guest.until(({ name }) => name === 'INSTR_UNLOADED');
  await machine.stop();
  const [good] = await machine.instrumentation.query();
  expect(machine.codeStatistics().map(({ annotated }) => annotated)).toEqual([good!.blocks, 0]);
});

test('a failure of long ago does not meet the next plugin with the same id', async () => {
  const guest = await atomics();
  const { machine } = guest;
  await machine.cont();
  // It fails on both vCPUs, at about the same time.
  await machine.instrumentation.load(FAULTY, { id: 'bad', args: ['in=translate'] });
  await guest.until(({ name }) => name === 'INSTR_UNLOADED');
  await machine.instrumentation.load('icount', { id: 'bad' });
  await guest.ended;
  expect((await machine.instrumentation.query()).map(({ name }) => name)).toEqual(['icount']);
});
