/** Schemas as reference pages show them: members in a table, named types by a link to a section of their own. */
import type { JsonSchema } from '../../schema/build.ts';
import { table } from './markdown.ts';

/** Text for the type of a value; named ones are links. */
export function typeText(schema: JsonSchema): string {
  const { type, title, items, enum: values, additionalProperties, properties, minimum, maximum } = schema;
  if (values) return `[${title}](#${title!.toLowerCase()})`;
  if (type === 'array') return `list of ${typeText(items!)}`;
  if (type === 'object' && properties) return `[${title}](#${title!.toLowerCase()})`;
  if (type === 'object') return `object of ${typeText(additionalProperties as JsonSchema)}`;
  // Bigints are the ranges of all integers of some kind.
  return typeof minimum === 'number' ? `${type} from ${minimum} to ${maximum}` : (type ?? 'any');
}

/** The members of an object; the type is followed by what they may not be. */
export function memberTable({ properties = {}, required = [] }: JsonSchema): string {
  const rows = Object.entries(properties).map(([name, member]) => [
    `\`${name}\``,
    typeText(member) + (required.includes(name) ? '' : ', optional'),
    member.description ?? '',
  ]);
  return rows.length === 0 ? '' : table(['member', 'type', ''], rows);
}

/** What `data` of an object with variants is. */
const variantTable = ({ variants = {} }: JsonSchema): string => {
  const rows = Object.entries(variants).map(([name, data]) => [
    `\`${name}\``,
    Object.keys(data.properties ?? {}).length === 0 ? 'an empty object' : typeText(data),
  ]);
  return rows.length === 0 ? '' : table(['type', 'data'], rows);
};

/** Adds the named types that `schema` leads to, itself not counted, to `types`. */
export function collectTypes(schema: JsonSchema, types: Map<string, JsonSchema>): void {
  const inner = [
    ...Object.values(schema.properties ?? {}),
    ...Object.values(schema.variants ?? {}),
    ...(schema.items ? [schema.items] : []),
    ...(typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []),
  ];
  for (const each of inner) {
    if (each.title !== undefined) types.set(each.title, each);
    collectTypes(each, types);
  }
}

/** A section for each named type, by name. */
export const typeSections = (types: ReadonlyMap<string, JsonSchema>): readonly string[] =>
  [...types]
    .sort(([x], [y]) => (x < y ? -1 : 1))
    .map(([title, schema]) => {
      const body = schema.enum
        ? [schema.description ?? '', `One of ${schema.enum.map((value) => `\`${value}\``).join(', ')}.`]
        : [memberTable(schema), variantTable(schema)];
      return [`### ${title}`, ...body].filter(Boolean).join('\n\n');
    });
