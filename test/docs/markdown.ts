/** Pieces of Markdown. */

/** A cell may hold no bar and no line end of its own. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** @param rows one cell a column each */
export const table = (columns: readonly string[], rows: readonly (readonly string[])[]): string =>
  [columns, columns.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

export const code = (text: string, language = ''): string => `\`\`\`${language}\n${text}\n\`\`\``;

/** A page of sections with an empty line between them. */
export const page = (...sections: readonly string[]): string =>
  `${sections.filter((section) => section !== '').join('\n\n')}\n`;
