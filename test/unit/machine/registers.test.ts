import { expect, test } from 'vitest';
import { HART_STATE_OFFSET } from '../../../core/hart/state.ts';
import { VcpuRegisters } from '../../../core/machine/registers.ts';
import { createMemory, layoutOf } from '../../../core/memory/layout.ts';
import { HartState } from '../../../core/riscv/state.ts';

test('registers of both kinds have their names and values', () => {
  const layout = layoutOf(1, 1 << 20);
  const { buffer } = createMemory(layout);
  const state = HartState.view(buffer, layout.vcpus[0]!.state + HART_STATE_OFFSET);
  state.x[10] = 5n;
  state.f[10] = 7n;
  const registers = new VcpuRegisters(buffer, layout, 0, () => 0n);
  const general = registers.generalRegisters();
  expect(general).toHaveLength(64);
  expect(general[10]).toEqual({ name: 'x10/a0', value: 5n });
  expect(general[42]).toEqual({ name: 'f10/fa0', value: 7n });
  expect(['a0', 'x10', 'fa0', 'f10', 'f32', 'nothing'].map((name) => registers.register(name))).toEqual([
    ...[5n, 5n, 7n, 7n],
    ...[undefined, undefined],
  ]);
});
