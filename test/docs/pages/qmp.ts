import type { Command, EventSchema } from '../../../monitor/command.ts';
import type { JsonSchema } from '../../../schema/build.ts';
import { code, page } from '../markdown.ts';
import { collectTypes, memberTable, typeSections, typeText } from '../schema.ts';

const INTRODUCTION = `# QMP reference

The protocol is QEMU's: JSON objects, one a line from the daemon, over a socket or another character device that \`-qmp\`
or \`-mon\` names. The daemon greets; the client sends \`qmp_capabilities\`, and from then on commands with \`execute\`,
\`arguments\` and, if it likes, an \`id\` that comes back with the reply. Commands of one client run one after the other.
An error reply has a \`class\` and a \`desc\`. Integers are exact to 64 bits. In the examples \`->\` is sent and \`<-\`
received.

Made by \`npm run docs\` from the commands themselves; do not edit.`;

/** @param command anything that is called by name, in whatever protocol its example is */
export function commandSection(command: Omit<Command, 'run'>): string {
  const { name, doc, args, returns, example } = command;
  const result = returns.json;
  const hasResult = !(result.type === 'object' && Object.keys(result.properties ?? {}).length === 0);
  const description = result.description === undefined ? '' : ` ${result.description}`;
  return [
    `### ${name}`,
    doc,
    memberTable(args.json),
    hasResult ? `Returns: ${typeText(result)}.${description}` : '',
    code(`-> ${example.request}\n<- ${example.reply}`),
  ]
    .filter(Boolean)
    .join('\n\n');
}

export const eventSection = ({ name, doc, data, example }: EventSchema): string =>
  [`### ${name}`, doc, memberTable(data.json), code(`<- ${example}`)].filter(Boolean).join('\n\n');

export function qmpPage(commands: Iterable<Command>, events: Iterable<EventSchema>): string {
  const types = new Map<string, JsonSchema>();
  const all = [...commands];
  for (const { args, returns } of all) {
    collectTypes(args.json, types);
    collectTypes({ properties: { returned: returns.json } }, types);
  }
  types.delete('Empty');
  const happenings = [...events];
  for (const { data } of happenings) collectTypes(data.json, types);
  return page(
    INTRODUCTION,
    '## Commands',
    ...all.map(commandSection),
    '## Events',
    ...happenings.map(eventSection),
    '## Types',
    ...typeSections(types),
  );
}
