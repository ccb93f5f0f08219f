/** A table, for the terminal and for a Markdown page. */

export interface Column {
  readonly title: string;
  /** Aligned to the left; numbers are not. */
  readonly isText?: boolean;
}

export interface Table {
  readonly columns: readonly Column[];
  /** Cells as they are shown, one a column; empty where there is nothing to show. */
  readonly rows: readonly (readonly string[])[];
}

/** Lines whose cells stand below each other, between `edge` at both ends and `gap`. */
function aligned({ columns, rows }: Table, edge: string, gap: string, rule: (column: Column, width: number) => string) {
  const widths = columns.map(({ title }, index) => Math.max(title.length, ...rows.map((row) => row[index]!.length)));
  const pad = (text: string, index: number): string =>
    columns[index]!.isText ? text.padEnd(widths[index]!) : text.padStart(widths[index]!);
  const line = (cells: readonly string[]): string => `${edge}${cells.join(gap)}${edge}`.trim();
  return [
    line(columns.map(({ title }, index) => pad(title, index))),
    line(columns.map((column, index) => rule(column, widths[index]!))),
    ...rows.map((row) => line(row.map(pad))),
  ];
}

export const plainTable = (table: Table): string =>
  aligned(table, '', '  ', (_, width) => '-'.repeat(width)).join('\n');

export const markdownTable = (table: Table): string =>
  aligned(table, '|', '|', ({ isText }, width) => (isText ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
    .map((line) => line.replaceAll('|', ' | ').trim())
    .join('\n');

/** A number with about three significant digits: `0.512`, `12.3`, `4,560`. */
export const shown = (value: number): string =>
  value.toLocaleString('en-US', value >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 });

/** Of a ratio: `1.32x`. */
export const times = (ratio: number): string => `${ratio < 10 ? ratio.toFixed(2) : shown(ratio)}x`;
