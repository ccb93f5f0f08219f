/** Pieces of Markdown, in the form that the formatter gives them. */
import { markdownTable } from '../support/table.ts';

/** @param rows one cell a column each */
export const table = (columns: readonly string[], rows: readonly (readonly string[])[]): string =>
  markdownTable({ columns: columns.map((title) => ({ title, isText: true })), rows });

export const code = (text: string): string => `\`\`\`\n${text}\n\`\`\``;

/** A page of sections with an empty line between them. */
export const page = (...sections: readonly string[]): string =>
  `${sections.filter((section) => section !== '').join('\n\n')}\n`;
