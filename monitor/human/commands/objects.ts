/** What the machine is made of: the tree of objects, and the devices by the buses that they sit on. */
import {
  busesOf,
  devicesOn,
  type MachineObject,
  type ObjectTree,
  objectsBelow,
} from '../../../core/machine/inspect/tree.ts';
import { isKindOf, lineageOf, OBJECT_TYPES, type PropertyValue } from '../../../core/machine/inspect/types.ts';
import { type HumanSession, human } from '../../command.ts';
import { qomGet, qomList } from '../../commands/objects.ts';
import { writeJson } from '../../json/writer.ts';
import { objectTree } from '../../objects.ts';
import { hex, humanSize, indented } from '../text.ts';

const paths = ({ context }: HumanSession): string[] => [...objectTree(context).all.keys()];

/** Children in the order of their names, as QEMU sorts them: `device[10]` before `device[2]`. */
const byName = (objects: readonly MachineObject[]): readonly MachineObject[] =>
  objects.toSorted((one, other) => (one.name < other.name ? -1 : 1));

function treeLines({ name, type, children }: MachineObject): string[] {
  return [`/${name} (${type})`, ...indented(byName(children).flatMap(treeLines))];
}

/** What `info qtree` calls properties: those of the type that say how a device was made, and no links. */
function deviceProperties({ type, values }: MachineObject): string[] {
  const general = new Set(lineageOf('device'));
  return lineageOf(type)
    .filter((each) => !general.has(each))
    .flatMap((each) => Object.entries(OBJECT_TYPES[each]!.properties))
    .filter(([, { type: kind }]) => !kind.startsWith('link<'))
    .map(([name, { type: kind, default: fallback }]) => `${name} = ${showValue(kind, values[name] ?? fallback ?? '')}`);
}

function showValue(kind: string, value: PropertyValue): string {
  if (typeof value === 'string') return `"${value}"`;
  if (typeof value !== 'number' && typeof value !== 'bigint') return String(value);
  return `${value} (${kind === 'size' ? humanSize(Number(value)) : `0x${value.toString(16)}`})`;
}

function deviceLines(tree: ObjectTree, path: string, device: MachineObject): string[] {
  const { name, type, lines, children } = device;
  const id = path.startsWith('/machine/peripheral/') ? name : '';
  const regions = isKindOf(type, 'sys-bus-device') ? children.filter((child) => child.type === 'memory-region') : [];
  return [
    `dev: ${type}, id "${id}"`,
    ...indented([
      ...lines.map((bundle) => `gpio-${bundle.direction} "${bundle.name}" ${bundle.count}`),
      ...deviceProperties(device),
      ...regions.map(
        ({ values }) => `mmio ${hex(BigInt(values.addr as bigint))}/${hex(BigInt(values.size as bigint))}`,
      ),
      ...busesOf(device).flatMap((bus) => busLines(tree, bus.name, bus)),
    ]),
  ];
}

/** A bus with what sits on it, what was plugged in last in front. */
function busLines(tree: ObjectTree, name: string, bus: MachineObject): string[] {
  const devices = devicesOn(tree, bus).toReversed();
  return [
    `bus: ${name}`,
    ...indented([`type ${bus.type}`, ...devices.flatMap(([path, device]) => deviceLines(tree, path, device))]),
  ];
}

export const objectCommands = [
  human('info qom-tree', {
    params: '[path]',
    doc: 'show the tree of objects that the machine is made of, or a part of it',
    args: [{ name: 'path', kind: 'word', optional: true, complete: paths }],
    run: ({ context }, { path = '/machine' }) => {
      const [found] = objectTree(context).find(path);
      return found === undefined ? `Path '${path}' could not be resolved.` : treeLines(found[1]).join('\n');
    },
  }),

  human('info qtree', {
    params: '',
    doc: 'show the devices by the buses that they sit on',
    args: [],
    run: ({ context }) => {
      const tree = objectTree(context);
      const systemBus = [...objectsBelow('/', tree.root)].find(([, { type }]) => type === 'System')!;
      return busLines(tree, 'main-system-bus', systemBus[1]).join('\n');
    },
  }),

  human('qom-list', {
    params: 'path',
    doc: 'show what an object can be asked for',
    args: [{ name: 'path', kind: 'word', optional: true, complete: paths }],
    run: async ({ context }, { path }) => {
      if (path === undefined) return '/';
      const properties = await qomList.run(context, { path });
      return properties.map(({ name, type }) => `${name} (${type})`).join('\n');
    },
  }),

  human('qom-get', {
    params: 'path property',
    doc: 'show a property of an object',
    args: [
      { name: 'path', kind: 'word', complete: paths },
      { name: 'property', kind: 'word' },
    ],
    run: async ({ context }, { path, property }) =>
      writeJson(await qomGet.run(context, { path, property }), true).replaceAll('\r', ''),
  }),
];
