/** Tables, for the terminal and for Markdown pages. */

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

/** Rows, title and rule first, padded to stand below each other. @param rule text below a title */
function padded({ columns, rows }: Table, rule: (column: Column, width: number) => string): string[][] {
  const widths = columns.map(({ title }, index) => Math.max(title.length, ...rows.map((row) => row[index]!.length), 3));
  const pad = (text: string, index: number): string =>
    columns[index]!.isText ? text.padEnd(widths[index]!) : text.padStart(widths[index]!);
  return [
    columns.map(({ title }, index) => pad(title, index)),
    columns.map((column, index) => rule(column, widths[index]!)),
    ...rows.map((row) => row.map(pad)),
  ];
}

export const plainTable = (table: Table): string =>
  padded(table, (_, width) => '-'.repeat(width))
    .map((row) => row.join('  ').trimEnd())
    .join('\n');

export const markdownTable = ({ columns, rows }: Table): string => {
  // A cell may hold no bar, and no end of a line.
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')));
  const rule = ({ isText }: Column, width: number): string =>
    isText ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`;
  return padded({ columns, rows: cells }, rule)
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');
};
