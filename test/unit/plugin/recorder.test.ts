import { expect, it } from 'vitest';
import { RECORD_BUFFER_BYTES } from '../../../core/memory/layout.ts';
import { CounterPool, PluginInstance } from '../../../core/plugin/instance.ts';
import { type Plugin, plugin, type Recorder } from '../../../core/plugin/plugin.ts';
import { RecordPool } from '../../../core/plugin/recorder.ts';
import { assemble } from '../../../core/riscv/assemble.ts';
import { nothing } from '../../../schema/build.ts';
import { createInterpreterMachine, type InterpreterMachineOptions } from '../../support/interpreter-driver.ts';

/** Stores 2^18 times: many times what a buffer holds. */
const STORES = 2 ** 18;
const PROGRAM = assemble(`
  auipc s0, 1
  lui s1, ${STORES >> 12}
  round:
  sd s1, 0(s0)
  addi s1, s1, -1
  bne s1, zero, round
  ecall
`);

/** Runs the program under a plugin that does `deliver` with each batch. @returns the head of a buffer, by its index */
function run(options: InterpreterMachineOptions, deliver: (stores: number) => void) {
  const { vcpu, buffer, layout, ram, traps } = createInterpreterMachine(options);
  ram.set(PROGRAM);
  const pools = { counters: new CounterPool(buffer, layout, 0), records: new RecordPool(buffer, layout, 0) };
  let recorder: Recorder | undefined;
  const recording = plugin('recording', {
    doc: 'Records stores.',
    options: nothing,
    translate(block, probe) {
      recorder ??= probe.accessRecorder(({ length }) => deliver(length));
      for (const instruction of block.instructions) probe.recordAccess(instruction, 'store', recorder, 0);
    },
  }) as Plugin;
  const binding = { id: 'recording', number: 1, url: '', args: {}, counters: {} };
  const instance = new PluginInstance(recording, binding, { index: 0, vcpus: 1, write: () => {} }, pools);
  vcpu.addPlugin(instance);
  const headOf = (index: number): number[] => {
    const address = layout.vcpus[0]!.records + index * RECORD_BUFFER_BYTES;
    return [...new Uint32Array(buffer, address, 2)].map((word) => word - address);
  };
  const untouched = headOf(1);
  try {
    while (traps.length === 0) vcpu.run();
  } finally {
    // Behind the buffer is the next one, and then the guest.
    expect(headOf(1)).toEqual(untouched);
    expect(headOf(0)[0]).toBeLessThanOrEqual(RECORD_BUFFER_BYTES);
  }
  instance.collect();
}

const ENGINES: readonly (readonly [name: string, options: InterpreterMachineOptions])[] = [
  ['the interpreter', { coldness: -1 }],
  ['compiled code', { coldness: 100 }],
];

it.each(ENGINES)('%s delivers all that it records', (_, options) => {
  let stores = 0;
  run(options, (length) => {
    stores += length;
  });
  expect(stores).toBe(STORES);
});

it.each(ENGINES)('%s writes nowhere else when the plugin has failed', (_, options) => {
  const deliver = (): void => {
    throw new Error('no more');
  };
  expect(() => run(options, deliver)).toThrow('no more');
});
