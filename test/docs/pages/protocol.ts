/** The typings of clients, `clients/protocol.ts`, in the form that the formatter gives them. */
import type { Command, EventSchema } from '../../../monitor/command.ts';
import { instrCounters } from '../../../monitor/json-rpc/counters.ts';
import type { JsonSchema } from '../../../schema/build.ts';
import { collectTypes } from '../schema.ts';

const INTRODUCTION = `/**
 * What can be asked of a daemon, and what it tells by itself: commands with their arguments and results, events with
 * their data.
 *
 * Made by \`npm run docs\` from the commands themselves; do not edit.
 */

/** A 64-bit integer: a bigint where it is beyond ±(2^53 - 1). Both are taken wherever one is expected. */
export type Integer = number | bigint;

/** No arguments, or nothing to tell. */
export type Empty = Readonly<Record<never, never>>;

export interface Command<Arguments, Returns> {
  readonly arguments: Arguments;
  readonly returns: Returns;
}`;

const LINE_MAX = 120;

const key = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : `'${name}'`);
const quoted = (text: string): string => `'${text}'`;

function comment(text: string | undefined, indent: string): string {
  if (text === undefined) return '';
  const line = `${indent}/** ${text} */\n`;
  if (line.length <= LINE_MAX + 1) return line;
  const start = `${indent} * `;
  const lines = [''];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (start.length + longer.length <= LINE_MAX) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return `${indent}/**\n${lines.map((each) => `${start}${each}\n`).join('')}${indent} */\n`;
}

function typeText({ type, title, items, properties, additionalProperties, ...schema }: JsonSchema): string {
  if (schema.enum !== undefined || properties !== undefined) return title!;
  switch (type) {
    case 'integer':
      return 'Integer';
    case 'array': {
      const element = typeText(items!);
      return `readonly ${element.includes(' ') ? `(${element})` : element}[]`;
    }
    case 'object':
      return `Readonly<Record<string, ${typeText(additionalProperties as JsonSchema)}>>`;
    default:
      return type ?? 'unknown';
  }
}

function declaration(title: string, schema: JsonSchema): string {
  const { description, properties = {}, required = [], additionalProperties: others } = schema;
  const head = `export ${schema.enum === undefined ? 'interface' : 'type'} ${title}`;
  if (schema.enum !== undefined) {
    const line = `${head} = ${schema.enum.map(quoted).join(' | ')};`;
    const broken = `${head} =\n${schema.enum.map((value) => `  | ${quoted(value)}`).join('\n')};`;
    return comment(description, '') + (line.length <= LINE_MAX ? line : broken);
  }
  if (schema.variants !== undefined) {
    const variants = Object.entries(schema.variants).map(
      ([name, data]) => `  | { readonly type: ${quoted(name)}; readonly data: ${typeText(data)} }`,
    );
    return `${comment(description, '')}export type ${title} =\n${variants.join('\n')};`;
  }
  const members = Object.entries(properties).map(
    ([name, member]) =>
      `${comment(member.description, '  ')}  readonly ${key(name)}${required.includes(name) ? '' : '?'}: ${typeText(member)};\n`,
  );
  if (others === true) members.push('  readonly [member: string]: unknown;\n');
  if (typeof others === 'object')
    members.push(`${comment(others.description, '  ')}  readonly [member: string]: ${typeText(others)};\n`);
  if (members.length === 0) return `${comment(description, '')}export type ${title} = Empty;`;
  return `${comment(description, '')}${head} {\n${members.join('')}}`;
}

const commandMember = ({ name, doc, args, returns }: Command): string =>
  `${comment(doc, '  ')}  ${key(name)}: Command<${typeText(args.json)}, ${typeText(returns.json)}>;\n`;
const eventMember = ({ name, doc, data }: EventSchema): string =>
  `${comment(doc, '  ')}  ${key(name)}: ${typeText(data.json)};\n`;

export function protocolTypes(commands: Iterable<Command>, events: Iterable<EventSchema>): string {
  const [allCommands, allEvents] = [[...commands], [...events]];
  const types = new Map<string, JsonSchema>();
  const shapes = [
    ...allCommands.flatMap(({ args, returns }) => [args.json, returns.json]),
    ...[...allEvents, instrCounters].map(({ data }) => data.json),
  ];
  for (const shape of shapes) collectTypes({ properties: { shape } }, types);
  types.delete('Empty');
  const byName = [...types].sort(([x], [y]) => (x < y ? -1 : 1));
  return `${[
    INTRODUCTION,
    `export interface Commands {\n${allCommands.map(commandMember).join('')}}`,
    `export interface Events {\n${allEvents.map(eventMember).join('')}}`,
    ...byName.map(([title, schema]) => declaration(title, schema)),
  ].join('\n\n')}\n`;
}
