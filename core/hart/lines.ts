/** Interrupt lines into a hart, and the way to make a vCPU look up. Callable from any thread. */
import type { Layout } from '../memory/layout.ts';
import { HartState } from '../riscv/state.ts';
import { ATTENTION, HART_STATE_OFFSET, VcpuState } from './state.ts';

/** Makes the vCPU look up for `reasons` (bits of ATTENTION), and wakes it if it sleeps. */
export function demandAttention(buffer: SharedArrayBuffer, layout: Layout, vcpu: number, reasons: number): void {
  const words = new Int32Array(buffer);
  const attention = (layout.vcpus[vcpu]!.state + VcpuState.offset.attention) >> 2;
  Atomics.or(words, attention, reasons);
  Atomics.notify(words, attention);
}

/**
 * Drives an interrupt line of a hart.
 * @param bit its bit in `mip`: 3 software, 7 timer, 11 external
 */
export function setInterruptLine(
  buffer: SharedArrayBuffer,
  layout: Layout,
  hart: number,
  bit: number,
  level: boolean,
): void {
  const words = new Int32Array(buffer);
  const mip = (layout.vcpus[hart]!.state + HART_STATE_OFFSET + HartState.offset.mip) >> 2;
  const mask = 1 << bit;
  const before = level ? Atomics.or(words, mip, mask) : Atomics.and(words, mip, ~mask);
  if (level && (before & mask) === 0) demandAttention(buffer, layout, hart, ATTENTION.interrupt);
}
