/** The one tree of objects that all commands look at: the machine's, with those of the host beside it. */
import { type MachineObject, machineObject, ObjectTree } from '../core/machine/inspect/tree.ts';
import { CommandError, type Context } from './command.ts';
import type { Host } from './host.ts';

const randomSource = ({ id, file }: Host['randomSources'][number]): MachineObject =>
  file === undefined
    ? machineObject(id, 'rng-builtin')
    : machineObject(id, 'rng-random', { values: { filename: file } });

export function objectTree({ machine, host }: Context): ObjectTree {
  const { objects } = machine.inspection;
  const children = objects.children.map((child) =>
    child.name === 'objects'
      ? { ...child, children: [...child.children, ...host.randomSources.map(randomSource)] }
      : child,
  );
  const chardevs = host.characterDevices.map(({ id, type }) => machineObject(id, type));
  return new ObjectTree({
    ...objects,
    children: [...children, machineObject('chardevs', 'container', { children: chardevs })],
  });
}

/**
 * The object that a path names.
 * @throws CommandError there is none, or there are several
 */
export function objectAt(tree: ObjectTree, path: string): readonly [path: string, object: MachineObject] {
  const [found, other] = tree.find(path);
  if (other !== undefined) throw new CommandError(`Path '${path}' is ambiguous`);
  if (found === undefined) throw new CommandError(`Device '${path}' not found`, 'DeviceNotFound');
  return found;
}

/** The path of the device that has this back end. @param property by which devices name it: `drive`, `netdev` */
export function deviceWith(tree: ObjectTree, property: string, id: string): string | undefined {
  for (const [path, { values }] of tree.all) if (values[property] === id) return path;
  return undefined;
}
