/** Reports of plugins: they are sent to clients as JSON, so they must be what JSON can say. */

const DEPTH_MAX = 64;

/**
 * Checks a report. What JSON leaves out, such as functions, is left in.
 * @throws TypeError it holds itself, or things that would be lost without a trace
 */
export function checkReport(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth === DEPTH_MAX) throw new TypeError(`its report is nested more than ${DEPTH_MAX} deep, or holds itself`);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null)
    throw new TypeError(`its report holds a ${value.constructor.name}: expected plain objects and lists`);
  for (const member of Object.values(value)) checkReport(member, depth + 1);
  return value;
}
