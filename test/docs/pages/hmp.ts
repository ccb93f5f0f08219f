import type { HumanCommand } from '../../../monitor/command.ts';
import { page, table } from '../markdown.ts';

const INTRODUCTION = `# Human monitor reference

What can be typed at a \`(vivarium)\` prompt: on the terminal, or on the character device that \`-monitor\` or \`-mon\`
names. TAB completes commands, plugins, ids, events and registers; the arrow keys go through what was typed before. A
command that QMP has too shows what that one returns. \`human-monitor-command\` runs a line for a QMP client.

_Expressions_ stand wherever a number is expected: \`$sp + 8 * (2 + 010)\`. \`$NAME\` is a register of the current vCPU;
\`+\` and \`-\` bind least, then \`& | ^\`, then \`* / %\`, as in QEMU. Numbers are hexadecimal behind \`0x\`, octal behind
\`0\`, else decimal.

_Formats_ are \`/COUNT\`, a letter for the form (\`x d u o c i\`; \`i\` is disassembly) and one for the size
(\`b h w g\`: 1, 2, 4, 8 bytes), each of which may be left out: \`x/4i $pc\`.

Made by \`npm run docs\` from the commands themselves; do not edit.`;

export const hmpPage = (commands: Iterable<HumanCommand>): string =>
  page(
    INTRODUCTION,
    table(
      ['command', 'short', ''],
      Array.from(commands, ({ name, aliases = [], params, doc }) => [
        `\`${`${name} ${params}`.trim()}\``,
        aliases.map((alias) => `\`${alias}\``).join(', '),
        doc,
      ]),
    ),
  );
