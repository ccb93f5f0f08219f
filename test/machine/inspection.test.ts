/** Registers and memory, looked at and changed from outside while the guest runs. */
import { describe, expect, test } from 'vitest';
import { readElf } from '../../core/machine/boot/elf.ts';
import type { Machine } from '../../core/machine/interface.ts';
import { assemble } from '../../core/riscv/assemble.ts';
import { RAM_BYTES_MAX } from '../../schema/config.ts';
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
  await expect.poll(sample).toBeGreaterThan(before);
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
    expect(general.map(({ name }) => name).slice(31, 34)).toEqual(['x31/t6', 'f0/ft0', 'f1/ft1']);
    expect(general).toHaveLength(64);
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
    for (let round = 0; round < 20; round++) {
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

test('the last page of the largest RAM takes data and code, on all vCPUs', async () => {
  // Adds 1 to a0 by code that it has put there, until that is compiled; then 2 by what it puts in its place.
  const program = assemble(`
    lui s0, 0xfffff
    slli s0, s0, 32
    srli s0, s0, 32           # 4 GiB - 4 KiB
    csrrs t0, mhartid, zero
    slli t0, t0, 4
    add s0, s0, t0            # 16 bytes for each hart
    sd s0, 64(s0)
    ld s1, 64(s0)
    amoadd.d s2, s0, (s0)
    lui t1, 0x150
    addi t1, t1, 0x513        # addi a0, a0, 1
    lui t2, 0x100             # what makes 2 of 1
    lui t3, 0x8
    addi t3, t3, 0x67         # jalr zero, 0(ra)
    addi a0, zero, 0
    addi s4, zero, 2
    again:
    sw t1, 0(s0)
    sw t3, 4(s0)
    fence.i
    lui s3, 0x800             # eight million times
    call:
    jalr ra, 0(s0)
    addi s3, s3, -1
    bne s3, zero, call
    add t1, t1, t2
    addi s4, s4, -1
    bne s4, zero, again
    wfi
  `);
  const { machine } = await guestMachine({ kernel: program, smp: 2, ramBytes: RAM_BYTES_MAX });
  await machine.cont();
  await expect.poll(() => machine.vcpus.map(({ halted }) => halted)).toEqual([true, true]);
  for (const { index } of machine.vcpus) {
    const page = 0xffff_f000n + BigInt(index) * 16n;
    expect([register(machine, 's1', index), register(machine, 'a0', index)]).toEqual([page, 3n << 23n]);
    expect(Buffer.from(machine.memory.readPhysical(page + 64n, 8)!).readBigUInt64LE()).toBe(page);
    expect(machine.codeStatistics()[index]!.compiled).toBeGreaterThan(0);
  }
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

describe('what a vCPU and devices are in the middle of', () => {
  test('pages that have been accessed are remembered, with their rights', async () => {
    const machine = await running(
      assemble(`
        lui s0, 0x40001
        slli s0, s0, 1            # 0x80002000
        loop:
        sd a0, 8(s0)
        addi a0, a0, 1
        jal zero, loop
      `),
    );
    await grows(() => register(machine, 'a0'));
    const page = machine.inspection.tlb(0).find(({ virtual }) => virtual === RAM + 0x2000n);
    expect(page).toMatchObject({ physical: RAM + 0x2000n, bytes: 4096, read: true, write: true, mode: 'machine' });
    await machine.reset('host-qmp-system-reset');
  });

  test('interrupts are seen to be claimed, and completed', async () => {
    // The serial port's transmitter is empty: source 10 interrupts as soon as it may.
    const machine = await running(
      assemble(`
        lui s0, 0xc000
        addi t0, zero, 5
        sw t0, 40(s0)             # priority of source 10
        lui s1, 0xc002
        addi t0, zero, 0x400
        sw t0, 0(s1)              # enabled for context 0
        lui s2, 0x10000
        addi t0, zero, 2
        sb t0, 1(s2)              # IER: transmitter empty
        lui s3, 0xc200
        lw a0, 4(s3)              # claim
        wfi
      `),
    );
    await expect.poll(() => machine.vcpus[0]!.halted).toBe(true);
    const { name, contexts, sources } = machine.inspection.interruptController();
    expect([name, contexts.length]).toEqual(['riscv.sifive.plic', 2]);
    expect(register(machine, 'a0')).toBe(10n);
    expect(sources.find(({ source }) => source === 10)).toEqual({
      source: 10,
      priority: 5,
      level: expect.any(Boolean),
      pending: false,
      claimed: true,
      enabled: [0],
      claims: 1,
    });
    expect(sources.filter(({ claims }) => claims > 0)).toHaveLength(1);
  });

  test('what lies in memory at power-on has names', async () => {
    const { inspection } = await running('guests/bin/spin.elf');
    expect(inspection.roms.map(({ memory, name }) => `${memory} ${name}`)).toEqual(
      expect.arrayContaining(['rom mrom.reset', 'ram kernel guests/bin/spin.elf', 'ram the device tree']),
    );
    expect(inspection.objects.children.map(({ name }) => name)).toEqual(['objects', 'machine']);
    expect(inspection.virtio()).toEqual([]);
  });
});
