import type { Plugin } from '../../../core/plugin/plugin.ts';
import type { JsonSchema } from '../../../schema/build.ts';
import { page, table } from '../markdown.ts';
import { typeText } from '../schema.ts';

const INTRODUCTION = `# Stock plugins reference

Plugins that come with Vivarium, to be loaded by name: \`instr-load NAME [ARGUMENT=VALUE]...\` in the human monitor,
\`instr-load\` in QMP, \`-instr NAME,arg=ARGUMENT=VALUE\` on the command line. [PLUGINS.md](../PLUGINS.md) tells how to write
others.

Made by \`npm run docs\` from the plugins themselves; do not edit.`;

const argumentTable = ({ properties = {}, required = [] }: JsonSchema): string =>
  table(
    ['argument', 'value', ''],
    Object.entries(properties).map(([name, { description = '', ...schema }]) => [
      `\`${name}\``,
      (schema.enum?.map((value) => `\`${value}\``).join(', ') ?? typeText(schema)) +
        (required.includes(name) ? '' : ', optional'),
      description,
    ]),
  );

const section = ({ name, doc, options, counters }: Plugin): string =>
  [
    `## ${name}`,
    doc,
    argumentTable(options.json),
    Object.keys(counters).length === 0
      ? ''
      : table(
          ['counter', ''],
          Object.entries(counters).map(([counter, text]) => [`\`${counter}\``, text]),
        ),
  ]
    .filter(Boolean)
    .join('\n\n');

export const pluginsPage = (plugins: readonly Plugin[]): string => page(INTRODUCTION, ...plugins.map(section));
