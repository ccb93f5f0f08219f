import type { Op } from '../ir/ops.ts';
import type { Place } from './lower.ts';

export function lowerFloat(place: Place, op: Op, args: readonly number[], result: number): void {
  place.slowFloat(op, args, result);
}
