/** The one tree of objects that all commands look at: the machine's, with those of the host beside it. */
import { type MachineObject, machineObject, ObjectTree } from '../core/machine/inspect/tree.ts';
import type { BackEnds } from './back-ends.ts';
import { CommandError, type Context } from './command.ts';

const randomSource = ({ id, file }: BackEnds['randomSources'][number]): MachineObject =>
  file === undefined
    ? machineObject(id, 'rng-builtin')
    : machineObject(id, 'rng-random', { values: { filename: file } });

export function objectTree({ machine, backEnds }: Context): ObjectTree {
  const { objects } = machine.inspection;
  const children = objects.children.map((child) =>
    child.name === 'objects'
      ? { ...child, children: [...child.children, ...backEnds.randomSources.map(randomSource)] }
      : child,
  );
  const chardevs = backEnds.characterDevices.map(({ id, type }) => machineObject(id, type));
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
