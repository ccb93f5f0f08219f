import { type Option, USAGE } from '../../../clients/ctl/options.ts';
import { code, page } from '../markdown.ts';

const INTRODUCTION = `# vivarium-ctl reference

A client for the shell: \`clients/vivarium-ctl\`, or \`npx vivarium-ctl\` in the checkout. What a command returns is printed
as JSON, with exact integers. A \`VALUE\` that is JSON is meant as such, anything else is a text: \`id=lib0\`,
\`args='["limit=10"]'\`, \`name='"5"'\`; all arguments may also be one JSON object. The exit status is 0, 1 if the daemon
says no or cannot be reached, 2 if the command line is not understood.

Made by \`npm run docs\` from the options themselves; do not edit.`;

const section = ({ name, short, argument, doc }: Option): string => {
  const forms = [...(short === undefined ? [] : [`-${short}`]), `--${name}`];
  const shown = forms.map((form) => `\`${form}${argument === undefined ? '' : ` ${argument}`}\``).join(' or ');
  return `### ${shown}\n\n${doc.charAt(0).toUpperCase()}${doc.slice(1)}.`;
};

export const vivariumCtlPage = (options: readonly Option[]): string =>
  page(INTRODUCTION, code(USAGE.join('\n')), ...options.map(section));
