/** Small guest programs on the oracle. */
import { assemble } from '../../core/riscv/assemble.ts';
import { createOracle, type Oracle, type OracleOptions } from './oracle.ts';

/** An oracle with 8 KiB of RAM that stands at the start of `source`. */
export const boot = (source: string, options: Partial<OracleOptions> = {}): Oracle =>
  createOracle({ ramBytes: 0x2000, code: assemble(source), ...options });
