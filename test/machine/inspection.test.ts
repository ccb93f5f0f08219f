/** Registers and memory, looked at and changed from outside while the guest runs. */
import { describe, expect, test } from 'vitest';
import { readElf } from '../../core/machine/elf.ts';
import type { Machine } from '../../core/machine/interface.ts';
import { assemble } from '../../core/riscv/assemble.ts';
import { guestMachine, kernelBytes } from '../support/guest-machine.ts';

const RAM = 0x8000_0000n;

const register = (machine: Machine, name: string, vcpu = 0): bigint => machine.vcpus[vcpu]!.register(name)!;

async function running(kernel: string | Uint8Array, smp = 1): Promise<Machine> {
  const { machine } = await guestMachine({ kernel, smp });
  await machine.cont();
  return machine;
}

/** Resolves when `sample` has grown since the call. */
async function grows(sample: () => bigint): Promise<void> {
  const before = sample();
  await expect.poll(sample, { interval: 1 }).toBeGreaterThan(before);
}

describe('registers', () => {
  const COUNTER = assemble(`
    csrrs tp, mhartid, zero
    loop:
    addi a0, a0, 1
    jal zero, loop
  `);

  test('of a running guest are what it has just computed', async () => {
    const machine = await running(COUNTER, 2);
    for (const { index } of machine.vcpus) {
      await grows(() => register(machine, 'a0', index));
      expect(register(machine, 'tp', index)).toBe(BigInt(index));
      expect(register(machine, 'x10', index)).toBeGreaterThan(0n);
      expect([RAM + 4n, RAM + 8n]).toContain(register(machine, 'pc', index));
    }
  });

  test('come in the order and by the names that monitors print', async () => {
    const machine = await running(COUNTER);
    await machine.stop();
    const [vcpu] = machine.vcpus;
    const general = vcpu!.generalRegisters();
    expect(general.map(({ name }) => name).slice(0, 12)).toEqual(
      'x0/zero x1/ra x2/sp x3/gp x4/tp x5/t0 x6/t1 x7/t2 x8/s0 x9/s1 x10/a0 x11/a1'.split(' '),
    );
    expect(general).toHaveLength(32);
    expect(general[10]!.value).toBe(vcpu!.register('a0'));
    expect(vcpu!.controlRegisters()[0]).toEqual({ name: 'pc', value: vcpu!.register('pc') });
    expect(vcpu!.register('nosuch')).toBeUndefined();
  });

  test('threads are told apart', async () => {
    const machine = await running(COUNTER, 2);
    const threads = machine.vcpus.map(({ threadId }) => threadId);
    expect(threads.every((thread) => thread > 0)).toBe(true);
    expect(new Set(threads).size).toBe(2);
  });
});

describe('memory', () => {
  test('of a running guest is what it has just stored', async () => {
    const machine = await running('guests/bin/spin.elf', 2);
    const counters = readElf('spin.elf', kernelBytes('guests/bin/spin.elf')).symbols.get('counters')!;
    // A cache line for each hart, with the number of its rounds at the front.
    for (const line of [0n, 64n])
      await grows(() => {
        const bytes = machine.memory.readPhysical(counters + line, 8)!;
        expect(machine.memory.readVirtual(0, counters + line, 8)).toHaveLength(8);
        return new DataView(bytes.buffer).getBigUint64(0, true);
      });
  });

  test('ends where it ends, and ROM cannot be written', async () => {
    const { memory } = await running('guests/bin/spin.elf');
    const end = RAM + BigInt(memory.ramBytes);
    expect(memory.readPhysical(end - 4n, 4)).toEqual(new Uint8Array(4));
    expect(memory.readPhysical(end - 4n, 5)).toBeUndefined();
    expect(memory.readPhysical(RAM - 1n, 2)).toBeUndefined();
    expect(memory.readPhysical((1n << 64n) - 4n, 4)).toBeUndefined();
    expect(memory.writePhysical(end - 1n, new Uint8Array(2))).toBe(false);
    expect(memory.writePhysical(0x1000n, new Uint8Array(4))).toBe(false);
    expect(memory.writePhysical(end - 4n, Uint8Array.of(1, 2, 3, 4))).toBe(true);
    expect(memory.readPhysical(end - 4n, 4)).toEqual(Uint8Array.of(1, 2, 3, 4));
    expect(memory.readPhysical(0x1000n, 4)).toHaveLength(4);
  });

  // The loop goes round on all vCPUs, linked to itself, while main writes over it.
  test.each([
    ['clean', false],
    ['instrumented', true],
  ])('written over %s code that runs is what runs next', async (_, instrumented) => {
    const machine = await running(assemble('loop:\n addi a0, a0, 1\n jal zero, loop'), 2);
    if (instrumented) await machine.instrumentation.load('icount');
    for (const { index } of machine.vcpus) await grows(() => register(machine, 'a0', index));
    for (let round = 0; round < 50; round++) {
      const [old, next] = round % 2 === 0 ? ['a0', 'a1'] : ['a1', 'a0'];
      expect(machine.memory.writePhysical(RAM, assemble(`addi ${next}, ${next}, 1`))).toBe(true);
      for (const { index } of machine.vcpus) {
        await grows(() => register(machine, next!, index));
        const before = register(machine, old!, index);
        await grows(() => register(machine, next!, index));
        expect(register(machine, old!, index)).toBe(before);
      }
    }
  });
});

test('a guest without code faults for ever, and stays under control', async () => {
  const machine = await running(new Uint8Array(4096), 2);
  await expect.poll(() => register(machine, 'mcause')).toBe(1n);
  await machine.stop();
  await machine.instrumentation.load('icount');
  await machine.cont();
  await machine.reset('host-qmp-system-reset');
  await machine.instrumentation.unload('lib0');
  await machine.shutdown('host-qmp-quit');
});
