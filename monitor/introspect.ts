/**
 * `query-qmp-schema`: the shapes of all commands and events, derived from their schemas.
 *
 * As in QEMU, types have no names on the wire, only numbers, so that clients rely on shapes; equal shapes share one
 * number. Built-in types keep their names, and an array is its element type in brackets. An object whose keys are data
 * has no counterpart there and is `any`; that one may have more members than are listed is not told.
 */
import type { JsonSchema } from '../schema/build.ts';
import type { SchemaInfo } from '../schema/types/introspection.ts';
import type { Registry } from './command.ts';

const BUILTIN: Readonly<Record<string, { readonly name: string; readonly jsonType: string }>> = {
  string: { name: 'str', jsonType: 'string' },
  integer: { name: 'int', jsonType: 'int' },
  number: { name: 'number', jsonType: 'number' },
  boolean: { name: 'bool', jsonType: 'boolean' },
  null: { name: 'null', jsonType: 'null' },
};
const ANY = { name: 'any', jsonType: 'value' };

/** Commands first, then events, then every type that they mention. */
export function introspect(registry: Registry): readonly SchemaInfo[] {
  const types = new Map<string, SchemaInfo>();
  const numbers = new Map<string, string>();

  const add = (info: SchemaInfo): string => {
    types.set(info.name, info);
    return info.name;
  };
  /** The number of a type of this shape, and whether it is new. */
  const number = (shape: unknown): readonly [name: string, isNew: boolean] => {
    const key = JSON.stringify(shape);
    const known = numbers.get(key);
    if (known !== undefined) return [known, false];
    const name = String(numbers.size);
    numbers.set(key, name);
    return [name, true];
  };

  function typeName(schema: JsonSchema): string {
    if (schema.enum !== undefined) {
      const [name, isNew] = number({ values: schema.enum });
      const members = schema.enum.map((value) => ({ name: value }));
      return isNew ? add({ name, 'meta-type': 'enum', members, values: schema.enum }) : name;
    }
    if (schema.type === 'array' && schema.items !== undefined) {
      const element = typeName(schema.items);
      return add({ name: `[${element}]`, 'meta-type': 'array', 'element-type': element });
    }
    if (schema.variants !== undefined) {
      const tag = { name: 'type', type: typeName(schema.properties!.type!) };
      const variants = Object.entries(schema.variants).map(([value, data]) => ({
        case: value,
        type: typeName({ type: 'object', properties: { data }, required: ['data'] }),
      }));
      const [name, isNew] = number({ tag, variants });
      return isNew ? add({ name, 'meta-type': 'object', members: [tag], tag: tag.name, variants }) : name;
    }
    if (schema.type === 'object' && schema.properties !== undefined) {
      const members = Object.entries(schema.properties ?? {}).map(([name, member]) => ({
        name,
        type: typeName(member),
        ...(schema.required?.includes(name) ? {} : { default: null }),
      }));
      const [name, isNew] = number({ members });
      return isNew ? add({ name, 'meta-type': 'object', members }) : name;
    }
    const { name, jsonType } = BUILTIN[schema.type ?? ''] ?? ANY;
    return add({ name, 'meta-type': 'builtin', 'json-type': jsonType });
  }

  const commands = [...registry.commands.values()].map(
    ({ name, args, returns, outOfBand }): SchemaInfo => ({
      name,
      'meta-type': 'command',
      'arg-type': typeName(args.json),
      'ret-type': typeName(returns.json),
      ...(outOfBand ? { 'allow-oob': true } : {}),
    }),
  );
  const events = [...registry.events.values()].map(
    ({ name, data }): SchemaInfo => ({ name, 'meta-type': 'event', 'arg-type': typeName(data.json) }),
  );
  return [...commands, ...events, ...types.values()];
}
