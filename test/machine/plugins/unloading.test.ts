/** What a plugin leaves behind when it goes: nothing, and what it did not touch has not even been looked at. */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Machine } from '../../../core/machine/interface.ts';
import { ADDRESS } from '../../../core/machine/virt.ts';
import { COUNTERS_PER_VCPU, type Layout, layoutOf } from '../../../core/memory/layout.ts';
import { assemble } from '../../../core/riscv/assemble.ts';
import { RECORD, RECORD_BYTES } from '../../../core/wasm/record.ts';
import { type GuestMachine, type GuestOptions, guestMachine, testFile } from '../../support/guest-machine.ts';

const VERBS = testFile('machine/plugins/fixtures/verbs.ts');
const LOOP = 0x8000_0004;
const PROGRAM = assemble(`
  auipc s0, 1
  loop:
  addi s1, s1, 1
  jal ra, leaf
  andi t0, s1, 7
  bne t0, zero, loop
  jal zero, loop
  leaf:
  ld a0, 0(s0)
  jalr zero, 0(ra)
`);

interface OpenMachine extends GuestMachine {
  readonly buffer: SharedArrayBuffer;
  readonly layout: Layout;
}

/** A machine whose memory can be looked into: the only one of some size that is made for it. */
async function openMachine(options: GuestOptions): Promise<OpenMachine> {
  const { Memory } = WebAssembly;
  let memory: WebAssembly.Memory | undefined;
  class SeenMemory extends Memory {
    constructor(descriptor: ConstructorParameters<typeof Memory>[0]) {
      super(descriptor);
      if (descriptor.initial > 1) memory = this;
    }
  }
  onTestFinished(() => void Reflect.set(WebAssembly, 'Memory', Memory));
  Reflect.set(WebAssembly, 'Memory', SeenMemory);
  const guest = await guestMachine(options);
  const { ramBytes } = guest.machine.memory;
  return { ...guest, buffer: memory!.buffer as SharedArrayBuffer, layout: layoutOf(options.smp ?? 1, ramBytes) };
}

/** Lets the guest go round a few thousand times, and stops it. */
async function run(machine: Machine): Promise<void> {
  await machine.cont();
  const before = machine.codeStatistics().map(({ instructions }) => instructions + 20_000n);
  const now = () => machine.codeStatistics().every(({ instructions }, vcpu) => instructions > before[vcpu]!);
  await expect.poll(now).toBe(true);
  await machine.stop();
}

const ROM_END = 0x1018n;
const PROGRAM_START = 0x8000_0000n;
const PROGRAM_END = PROGRAM_START + BigInt(PROGRAM.length);

/**
 * Instructions in the first `bytes` bytes of the translated code of vCPU 0, as text, a record a line. Left out is what
 * changes as the code runs: how often a block was entered, and what it leads to.
 */
function code({ buffer, layout }: OpenMachine, bytes: number): string[] {
  const { code } = layout.vcpus[0]!;
  const records = Array.from({ length: bytes / RECORD_BYTES }, (_, index) =>
    Buffer.from(buffer, code + index * RECORD_BYTES, RECORD_BYTES),
  );
  return records
    .filter((record) => {
      const pc = record.readBigUInt64LE(RECORD.pc);
      return (pc >= ADDRESS.MROM && pc < ROM_END) || (pc >= PROGRAM_START && pc < PROGRAM_END);
    })
    .map((record) => record.toString('hex'));
}

describe('translated code', () => {
  test('of a machine that had a plugin is that of one that never had, byte for byte', async () => {
    const other = await openMachine({ kernel: PROGRAM });
    await run(other.machine);
    const guest = await openMachine({ kernel: PROGRAM });
    const { machine } = guest;
    await run(machine);
    const { bytes, translated } = machine.codeStatistics()[0]!;
    const clean = code(guest, bytes);
    // Those of the boot ROM, then the program's by blocks, the loop's start twice.
    expect(clean).toHaveLength(6 + 8 + 2);
    expect(clean).toEqual(code(other, other.machine.codeStatistics()[0]!.bytes));

    await machine.instrumentation.load(VERBS, { args: ['verb=count', `from=${LOOP}`, `to=${LOOP + 4}`] });
    await run(machine);
    const [loaded] = await machine.instrumentation.query();
    expect(loaded!.counters.hits).toBeGreaterThan(1000n);
    expect(loaded!.blocks).toBe(1);
    // It has code of its own: the clean one is there all the time.
    expect(code(guest, bytes)).toEqual(clean);
    expect(code(guest, machine.codeStatistics()[0]!.bytes).length).toBeGreaterThan(clean.length);

    await machine.instrumentation.unload('lib0');
    await run(machine);
    expect(code(guest, bytes)).toEqual(clean);
    expect(machine.codeStatistics()[0]).toMatchObject({ translated, annotated: 0, droppedByPlugin: 1 });
  });

  test('is translated anew only where the plugin that goes had touched it', async () => {
    const { machine } = await guestMachine({ kernel: 'guests/demo.elf', smp: 2 });
    await run(machine);
    const total = (name: 'translated' | 'instrumented' | 'droppedByPlugin' | 'annotated'): number =>
      machine.codeStatistics().reduce((sum, statistics) => sum + statistics[name], 0);
    await machine.instrumentation.load(VERBS, { id: 'stores', args: ['verb=count', 'classes=store'] });
    await machine.instrumentation.load(VERBS, { id: 'jumps', args: ['verb=call', 'classes=jump'] });
    await run(machine);

    const loaded = await machine.instrumentation.query();
    const [stores, jumps] = loaded.map(({ blocks }) => blocks);
    expect(stores).toBeGreaterThan(0);
    expect(jumps).toBeGreaterThan(0);
    const before = [total('translated'), total('instrumented'), total('annotated')];
    await machine.instrumentation.unload('stores');
    expect(total('droppedByPlugin')).toBe(stores!);
    expect(total('annotated')).toBe(before[2]! - stores!);
    expect(total('translated')).toBe(before[0]!);
    await machine.instrumentation.unload('jumps');
    expect(total('annotated')).toBe(0);
    expect(total('translated')).toBe(before[0]!);
    expect(total('instrumented')).toBe(before[1]!);
    expect(await machine.instrumentation.query()).toEqual([]);
  });
});

test('counters are zero again, and used again', async () => {
  const guest = await openMachine({ kernel: PROGRAM, smp: 2 });
  const { machine, buffer, layout } = guest;
  /** Counters are handed out by chunks of so many bytes. */
  const CHUNK_BYTES = 256 * 8;
  /** Offsets of the chunks that are not all zero, of all vCPUs. */
  const used = (): number[] => {
    const zero = Buffer.alloc(CHUNK_BYTES);
    return layout.vcpus.flatMap(({ counters }) =>
      Array.from(
        { length: (COUNTERS_PER_VCPU * 8) / CHUNK_BYTES },
        (_, chunk) => counters + chunk * CHUNK_BYTES,
      ).filter((start) => !Buffer.from(buffer, start, CHUNK_BYTES).equals(zero)),
    );
  };
  let places: readonly number[] | undefined;
  for (let round = 0; round < 5; round++) {
    await machine.instrumentation.load('icount');
    await machine.instrumentation.load('hotblocks');
    await run(machine);
    const chunks = used();
    places ??= chunks;
    // One of each plugin's on each vCPU.
    expect(chunks).toHaveLength(4);
    expect(chunks).toEqual(places);
    for (const { id } of await machine.instrumentation.query()) await machine.instrumentation.unload(id);
    expect(used()).toEqual([]);
  }
});
