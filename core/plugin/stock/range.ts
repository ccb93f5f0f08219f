/** The options `from` and `to` that several plugins have. */
import { int, optional } from '../../../schema/build.ts';
import type { Filter } from '../plugin.ts';

export const RANGE = {
  from: optional(int('Only instructions from this address on.')),
  to: optional(int('Only instructions before this address.')),
};

const ADDRESS_END = 1n << 64n;

/** @throws Error where the range is empty */
export function rangeOf(options: {
  readonly from?: number | bigint | undefined;
  readonly to?: number | bigint | undefined;
}): Pick<Filter, 'range'> {
  if (options.from === undefined && options.to === undefined) return {};
  const from = BigInt(options.from ?? 0);
  const to = options.to === undefined ? ADDRESS_END : BigInt(options.to);
  if (from >= to) throw new Error(`no address lies from 0x${from.toString(16)} to 0x${to.toString(16)}`);
  return { range: { from, to } };
}
