/** The tree of objects that the machine is made of, and the types that there are. */
import { isKindOf, lineageOf, OBJECT_TYPES, propertiesOf } from '../../core/machine/inspect/types.ts';
import { any, bool, list, optional, str, struct } from '../../schema/build.ts';
import { ObjectPropertyInfo, ObjectTypeInfo } from '../../schema/types/objects.ts';
import { CommandError, command } from '../command.ts';
import { objectAt, objectTree } from '../objects.ts';

const path = str('Its path, or the end of one if that is unambiguous: `/machine/soc0`, `soc0`.');

export const qomList = command('qom-list', {
  doc: 'What an object can be asked for: its properties, the objects it refers to, and those below it.',
  args: struct('QomListArguments', { path }),
  returns: list(ObjectPropertyInfo),
  example: {
    request: '{"execute": "qom-list", "arguments": {"path": "/machine/soc0"}}',
    reply:
      '{"return": [{"name": "type", "type": "string"}, {"name": "parent_bus", "type": "link<bus>"}, ..., {"name": "num-harts", "type": "uint32"}, ..., {"name": "harts[0]", "type": "child<rv64-riscv-cpu>"}, ...]}',
  },
  run: (context, { path }) => {
    const tree = objectTree(context);
    return tree.properties(objectAt(tree, path)[0]).map(({ name, type }) => ({ name, type }));
  },
});

export const qomGet = command('qom-get', {
  doc: 'The value of a property of an object. An object below it, or one that it refers to, is given by its path.',
  args: struct('QomGetArguments', { path, property: str('Name of the property.') }),
  returns: any('The value.'),
  example: {
    request: '{"execute": "qom-get", "arguments": {"path": "/machine/peripheral/net0", "property": "mac"}}',
    reply: '{"return": "52:54:00:12:34:56"}',
  },
  run: (context, { path, property }) => {
    const tree = objectTree(context);
    const [found, { type }] = objectAt(tree, path);
    const asked = tree.properties(found).find(({ name }) => name === property);
    if (asked === undefined) throw new CommandError(`Property '${type}.${property}' not found`);
    return asked.value;
  },
});

export const qomListTypes = command('qom-list-types', {
  doc: 'The types of objects that there are.',
  args: struct('QomListTypesArguments', {
    implements: optional(str('Only this type and those that derive from it.')),
    abstract: optional(bool('Also types that no object is of just by itself; by default not.')),
  }),
  returns: list(ObjectTypeInfo),
  example: {
    request: '{"execute": "qom-list-types", "arguments": {"implements": "rng-backend"}}',
    reply:
      '{"return": [{"name": "rng-builtin", "parent": "rng-backend"}, {"name": "rng-random", "parent": "rng-backend"}]}',
  },
  run: (_, { implements: ancestor = 'object', abstract: all = false }) =>
    Object.entries(OBJECT_TYPES)
      .filter(([name, { abstract = false }]) => isKindOf(name, ancestor) && (all || !abstract))
      .map(([name, { parent, abstract = false }]) => ({
        name,
        ...(abstract ? { abstract } : {}),
        ...(parent === undefined ? {} : { parent }),
      })),
});

const typename = str('Name of the type.');

export const qomListProperties = command('qom-list-properties', {
  doc: 'The properties that every object of a type has.',
  args: struct('QomListPropertiesArguments', { typename }),
  returns: list(ObjectPropertyInfo),
  example: {
    request: '{"execute": "qom-list-properties", "arguments": {"typename": "rng-random"}}',
    reply:
      '{"return": [{"name": "type", "description": "name of its type", "type": "string"}, {"name": "filename", "description": "file of the host that it reads", "type": "string"}]}',
  },
  run: (_, { typename }) => {
    if (!Object.hasOwn(OBJECT_TYPES, typename))
      throw new CommandError(`Class '${typename}' not found`, 'DeviceNotFound');
    return describe(typename, () => true);
  },
});

export const deviceListProperties = command('device-list-properties', {
  doc: 'The properties of a type of device, but for those that all devices have.',
  args: struct('DeviceListPropertiesArguments', { typename }),
  returns: list(ObjectPropertyInfo),
  example: {
    request: '{"execute": "device-list-properties", "arguments": {"typename": "goldfish_rtc"}}',
    reply:
      '{"return": [{"name": "big-endian", "description": "bytes come in the other order", "type": "bool", "default-value": false}]}',
  },
  run: (_, { typename }) => {
    if (!Object.hasOwn(OBJECT_TYPES, typename))
      throw new CommandError(`Device '${typename}' not found`, 'DeviceNotFound');
    if (!isKindOf(typename, 'device') || OBJECT_TYPES[typename]?.abstract)
      throw new CommandError("Parameter 'typename' expects a non-abstract device type");
    return describe(typename, (owner) => !lineageOf('device').includes(owner));
  },
});

/** @param wanted whether properties that this type has declared are to be listed */
function describe(typename: string, wanted: (owner: string) => boolean) {
  const owner = (name: string): string =>
    lineageOf(typename).find((each) => Object.hasOwn(OBJECT_TYPES[each]!.properties, name))!;
  return [...propertiesOf(typename)]
    .filter(([name]) => wanted(owner(name)))
    .map(([name, { type, description, default: fallback }]) => ({
      name,
      ...(description === undefined ? {} : { description }),
      type,
      ...(fallback === undefined ? {} : { 'default-value': fallback }),
    }));
}

export const objectCommands = [qomList, qomGet, qomListTypes, qomListProperties, deviceListProperties];
