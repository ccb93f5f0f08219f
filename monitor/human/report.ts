/**
 * What a plugin reports, for people: tables for lists of objects, names and values for objects, commas in large numbers,
 * and addresses in hexadecimal.
 */
import { writeJson } from '../json/writer.ts';
import { type Cell, hex, indented, number, tableLines } from './text.ts';

type Members = Readonly<Record<string, unknown>>;

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

/** A member is an address if its name, or the last word of its name, is one of these. */
const ADDRESS_NAMES: ReadonlySet<string> = new Set(['pc', 'address', 'addr', 'vaddr', 'paddr']);

/** Of `callerPc`, `caller-pc` or `pcs`, the `pc`. */
const lastWord = (name: string): string =>
  name
    .split(/[-_\s]|(?<=[a-z])(?=[A-Z])/)
    .at(-1)!
    .toLowerCase();

const isAddress = (name: string): boolean =>
  ADDRESS_NAMES.has(lastWord(name)) || ADDRESS_NAMES.has(lastWord(name).replace(/e?s$/, ''));

const SIGNIFICANT_DIGITS = 6;

/** A value on one line. @param name of the member that it is the value of */
function cell(name: string, value: unknown): Cell {
  if (typeof value === 'string') return { text: value.replaceAll('\n', '\\n') };
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))) {
    return isAddress(name) && value >= 0 ? { text: `0x${hex(BigInt(value))}`, number: true } : number(value);
  }
  if (typeof value === 'number') return { text: String(Number(value.toPrecision(SIGNIFICANT_DIGITS))), number: true };
  if (isList(value) && !value.some((item) => typeof item === 'object')) {
    return { text: value.map((item) => cell(name, item).text).join(', ') };
  }
  return { text: value === undefined ? '' : writeJson(value) };
}

/** Lines of a value. @param name of the member that it is the value of, if it is one */
export function valueLines(value: unknown, name = ''): string[] {
  if (isMembers(value)) return memberLines(value);
  if (!isList(value)) return [cell(name, value).text];
  if (value.length === 0) return ['(none)'];
  if (value.every(isMembers)) return listLines(value);
  if (value.some((item) => typeof item === 'object')) return value.flatMap((item) => valueLines(item, name));
  return [cell(name, value).text];
}

/** A table, with a column for each member that any of the objects has. */
function listLines(list: readonly Members[]): string[] {
  const names = [...new Set(list.flatMap(Object.keys))];
  return tableLines(
    list.map((item) => names.map((name) => cell(name, item[name]))),
    names,
  );
}

/** A line for each member, and lines below its name for one that has members of its own. */
export function memberLines(members: Members): string[] {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  if (entries.length === 0) return ['(none)'];
  const nested = ([, value]: [string, unknown]): boolean =>
    isMembers(value) || (isList(value) && value.some((item) => typeof item === 'object'));
  const simple = entries.filter((entry) => !nested(entry));
  const lines = tableLines(simple.map(([name, value]) => [{ text: name }, cell(name, value)]));
  let next = 0;
  return entries.flatMap((entry) =>
    nested(entry) ? [entry[0], ...indented(valueLines(entry[1], entry[0]))] : [lines[next++]!],
  );
}
