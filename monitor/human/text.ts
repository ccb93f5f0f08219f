/** How the human monitor writes numbers and tables. */

/** 16 digits, as addresses and registers are shown. @param value its low 64 bits count */
export const hex = (value: bigint): string => BigInt.asUintN(64, value).toString(16).padStart(16, '0');

/** `1,234,567`. @param value an integer */
const grouped = (value: number | bigint): string => String(value).replace(/\B(?=(\d{3})+$)/g, ',');

/** What stands in one row and column. */
export interface Cell {
  readonly text: string;
  readonly number?: boolean;
}

export const number = (value: number | bigint): Cell => ({ text: grouped(value), number: true });

/**
 * Lines of a table. Columns are as wide as they need to be, two spaces apart; one of numbers alone is aligned at its right.
 * @param rows of equal length, some of which may be empty cells
 * @param header names of the columns
 */
export function tableLines(rows: readonly (readonly Cell[])[], header?: readonly string[]): string[] {
  const all = header === undefined ? rows : [header.map((text) => ({ text })), ...rows];
  const columns = (all[0] ?? []).map((_, n) => ({
    width: all.reduce((width, row) => Math.max(width, row[n]!.text.length), 0),
    right: rows.every((row) => row[n]!.number || row[n]!.text === ''),
  }));
  return all.map((row) =>
    columns
      .map(({ width, right }, n) => (right ? row[n]!.text.padStart(width) : row[n]!.text.padEnd(width)))
      .join('  ')
      .trimEnd(),
  );
}

/** `lines` two spaces further to the right. */
export const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

/** `list` in parts of `length`; the last one may be shorter. */
export const parts = <T>(list: readonly T[], length: number): (readonly T[])[] =>
  Array.from({ length: Math.ceil(list.length / length) }, (_, n) => list.slice(n * length, (n + 1) * length));

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `512 B`, `1.5 KiB`: three digits that count. */
export function humanSize(bytes: number): string {
  const unit = bytes === 0 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length - 1);
  return `${Number((bytes / 2 ** (10 * unit)).toPrecision(3))} ${UNITS[unit]}`;
}
