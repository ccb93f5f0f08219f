import type { Option } from '../../../server/config/option.ts';
import { page } from '../markdown.ts';

const INTRODUCTION = `# Command line reference

\`server/vivarium [OPTION]...\`, in QEMU's dialect: options begin with one dash or two, and lists of values are separated
by commas, a comma inside a value being doubled. Of an option that is given twice the last one counts, unless it says
that it is repeatable. \`-help\` prints this list.

Made by \`npm run docs\` from the options themselves; do not edit.`;

const section = ({ names, argument, doc }: Option): string => {
  const forms = names.map((name) => `\`-${name}${argument === undefined ? '' : ` ${argument}`}\``).join(' or ');
  return `### ${forms}\n\n${doc.charAt(0).toUpperCase()}${doc.slice(1)}.`;
};

export const commandLinePage = (options: readonly Option[]): string => page(INTRODUCTION, ...options.map(section));
