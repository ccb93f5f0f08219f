/** Small guest programs on the oracle. */
import { assemble } from '../../core/riscv/assemble.ts';
import type { HartView } from '../../core/riscv/state.ts';
import { createOracle, type Oracle, type OracleOptions } from './oracle.ts';

/** An oracle with 8 KiB of RAM that stands at the start of `source`. */
export const boot = (source: string, options: Partial<OracleOptions> = {}): Oracle =>
  createOracle({ ramBytes: 0x2000, code: assemble(source), ...options });

/** Lets every mode access all of physical memory, as far as memory protection goes. */
export function openMemory(state: HartView): void {
  state.pmpcfg[0] = 0x1f;
  state.pmpaddr[0] = (1n << 54n) - 1n;
}
