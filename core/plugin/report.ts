/** Reports of plugins: they are sent to clients as JSON, so they must be what JSON can say. */

const DEPTH_MAX = 64;
const ABSENT = new Set(['undefined', 'function', 'symbol']);

/**
 * A copy of a report that holds nothing but what JSON has, and bigints. As in JSON, functions and the like are null.
 * @throws TypeError it holds itself, or things that would be lost without a trace
 */
export function plainReport(value: unknown, depth = 0): unknown {
  if (ABSENT.has(typeof value)) return null;
  if (typeof value !== 'object' || value === null) return value;
  if (depth === DEPTH_MAX) throw new TypeError(`its report is nested more than ${DEPTH_MAX} deep, or holds itself`);
  if (Array.isArray(value)) return value.map((element) => plainReport(element, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw new TypeError(`its report holds a ${value.constructor.name}: expected plain objects and lists`);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plainReport(member, depth + 1)]));
}
