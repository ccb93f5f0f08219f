/**
 * CMO: cache-block operations (unprivileged manual, chapter "CMO": Zicbom manages, Zicboz zeroes, Zicbop prefetches).
 * Memory is coherent here, so that there is nothing to clean, flush or invalidate, and nothing to fetch in advance.
 */
import type { Builder } from '../../ir/builder.ts';
import type { Value } from '../../ir/ops.ts';
import { MACHINE, MENVCFG, USER } from '../hart.ts';
import { type Encoding, extension, I, instruction, P } from '../instruction.ts';
import { REGISTER } from '../state.ts';

/** Bytes of a cache block: `riscv,cbom-block-size` and `riscv,cboz-block-size` of the device tree. */
export const CACHE_BLOCK_BYTES = 64;

/** Below machine mode one of these bits of `menvcfg` must be set, and in user mode one of `senvcfg` as well. */
function guardEnabled(b: Builder, bits: bigint): void {
  const privilege = b.get(REGISTER.privilege);
  const all = b.constant(bits);
  const enabled = (register: number): Value => b.and(b.get(register), all);
  const byMachine = b.select(b.eq(privilege, b.constant(MACHINE)), all, enabled(REGISTER.menvcfg));
  const bySupervisor = b.select(b.eq(privilege, b.constant(USER)), enabled(REGISTER.senvcfg), all);
  const isSet = (value: Value): Value => b.number(b.ne(value, b.constant(0n)));
  b.guard(b.ne(b.and(isSet(byMachine), isSet(bySupervisor)), b.constant(0n)));
}

const block = (encoding: Encoding<'I'>, enabledBy: bigint, access: (b: Builder, address: Value) => void) =>
  instruction(
    encoding,
    (b, { rs1 }) => {
      guardEnabled(b, enabledBy);
      access(b, b.and(b.get(rs1), b.constant(-CACHE_BLOCK_BYTES)));
    },
    '(rs1)',
  );
const touch = (b: Builder, address: Value): void => b.touch(CACHE_BLOCK_BYTES, address);
const zero = (b: Builder, address: Value): void => b.zero(CACHE_BLOCK_BYTES, address);

const prefetch = (encoding: Encoding<'P'>) => instruction(encoding, () => {});

export const CMO = extension({
  cbo_inval: block(I`000000000000 ..... 010 00000 0001111`, MENVCFG.CBIE, touch),
  cbo_clean: block(I`000000000001 ..... 010 00000 0001111`, MENVCFG.CBCFE, touch),
  cbo_flush: block(I`000000000010 ..... 010 00000 0001111`, MENVCFG.CBCFE, touch),
  cbo_zero: block(I`000000000100 ..... 010 00000 0001111`, MENVCFG.CBZE, zero),

  prefetch_i: prefetch(P`....... 00000 ..... 110 00000 0010011`),
  prefetch_r: prefetch(P`....... 00001 ..... 110 00000 0010011`),
  prefetch_w: prefetch(P`....... 00011 ..... 110 00000 0010011`),
});
