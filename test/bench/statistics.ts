/** What measurements come to, and how they are shown. */

/** The one in the middle, or the mean of the two. @param values at least one */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Of ratios: so that twice and half make one. @param values at least one, all positive */
export const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

/** A number with about three significant digits: `0.512`, `12.3`, `4,560`. */
export const shown = (value: number): string =>
  value.toLocaleString('en-US', value >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 });

/** Of a ratio: `1.32x`. */
export const times = (ratio: number): string => `${ratio < 10 ? ratio.toFixed(2) : shown(ratio)}x`;
