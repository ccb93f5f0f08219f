/** What there is, and what was typed. */
import { type HumanCommand, human } from '../../command.ts';
import { firstWords } from '../complete.ts';
import { commandNamed, groupOf, namesOf } from '../parse.ts';
import { LineError } from '../scanner.ts';

/** A line for each of them, by name. */
const describe = (commands: readonly HumanCommand[]): string =>
  commands
    .map((command) => `${namesOf(command)} ${command.params} -- ${command.doc}`)
    .sort()
    .join('\n');

export const helpCommands = [
  human('help', {
    aliases: ['?'],
    params: '[cmd]',
    doc: 'show what there is, or how to use one command',
    args: [
      {
        name: 'cmd',
        kind: 'rest',
        optional: true,
        complete: ({ context: { registry } }, prefix) =>
          prefix.includes(' ') ? [...registry.human.keys()] : firstWords(registry.human),
      },
    ],
    run: ({ context: { registry } }, { cmd = '' }) => {
      const name = cmd.replace(/\s+/g, ' ');
      const group = groupOf(registry.human, name);
      if (group.length > 0) return describe(group);
      if (name === '') return describe([...registry.human.values()].filter((command) => !command.name.includes(' ')));
      const command = commandNamed(registry.human, name);
      if (command === undefined) throw new LineError(`unknown command: '${name}'`);
      return describe([command]);
    },
  }),

  human('info', {
    params: '[subject]',
    doc: 'show the state of the machine; without a subject, what subjects there are',
    args: [],
    run: ({ context: { registry } }) => describe(groupOf(registry.human, 'info')),
  }),

  human('info history', {
    params: '',
    doc: 'show the last lines that were typed here',
    args: [],
    run: ({ history }) => history.map((line, index) => `${index}: '${line}'`).join('\n'),
  }),
];
