/** Arguments of a plugin, `name=value` each, read by the schema that it declares. */
import type { JsonSchema } from '../../schema/build.ts';

const INTEGER = /^([+-]?)(0x[\da-f]+|\d+)$/i;
const TRUE = new Set(['on', 'true', 'yes', '1']);
const FALSE = new Set(['off', 'false', 'no', '0']);

function readInteger(text: string): number | bigint | undefined {
  const [, sign, digits] = INTEGER.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const value = sign === '-' ? -BigInt(digits) : BigInt(digits);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** The value that `text` stands for; undefined where it is none. */
function read({ type, enum: values, minimum, maximum }: JsonSchema, text: string): unknown {
  switch (type) {
    case 'integer':
    case 'number': {
      const value = readInteger(text) ?? (type === 'number' && text.trim() !== '' ? Number(text) : undefined);
      if (value === undefined || Number.isNaN(value)) return undefined;
      return (minimum === undefined || value >= minimum) && (maximum === undefined || value <= maximum)
        ? value
        : undefined;
    }
    case 'boolean':
      if (TRUE.has(text)) return true;
      return FALSE.has(text) ? false : undefined;
    default:
      return values === undefined || values.includes(text) ? text : undefined;
  }
}

function expected({ type, enum: values, minimum, maximum }: JsonSchema): string {
  if (values) return values.join(' or ');
  if (type === 'boolean') return 'on or off';
  const range = [
    ...(minimum === undefined ? [] : [`at least ${minimum}`]),
    ...(maximum === undefined ? [] : [`at most ${maximum}`]),
  ].join(' and ');
  return `${type === 'integer' ? 'an integer' : type === 'number' ? 'a number' : 'a string'}${range && `, ${range}`}`;
}

/**
 * Reads arguments. A name alone stands for `name=on`; a list takes its name once for each element.
 * @param schema of an object
 * @throws Error that names the argument and what was expected
 */
export function parseArguments(schema: JsonSchema, args: readonly string[]): Readonly<Record<string, unknown>> {
  const properties = schema.properties ?? {};
  const result: Record<string, unknown> = {};
  for (const arg of args) {
    const equals = arg.indexOf('=');
    const name = equals < 0 ? arg : arg.slice(0, equals);
    const text = equals < 0 ? 'on' : arg.slice(equals + 1);
    const property = Object.hasOwn(properties, name) ? properties[name]! : undefined;
    if (!property) {
      const known = Object.keys(properties);
      throw new Error(
        `unknown argument '${name}': expected ${known.length ? `one of ${known.join(', ')}` : 'no argument'}`,
      );
    }
    const element = property.type === 'array' ? property.items! : property;
    const value = read(element, text);
    if (value === undefined) throw new Error(`argument '${name}': '${text}' is not ${expected(element)}`);
    if (property.type === 'array') result[name] = [...((result[name] as unknown[] | undefined) ?? []), value];
    else if (Object.hasOwn(result, name)) throw new Error(`argument '${name}' is given twice`);
    else result[name] = value;
  }
  for (const name of schema.required ?? [])
    if (!Object.hasOwn(result, name)) throw new Error(`argument '${name}' is missing`);
  return result;
}
