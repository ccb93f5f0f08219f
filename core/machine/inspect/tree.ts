/**
 * The tree of objects by which QEMU's users know a machine: what it is made of, by paths such as
 * `/machine/peripheral/net0`. It is described once, and everything that shows it derives from that description.
 */
import { isKindOf, type PropertyValue, propertiesOf } from './types.ts';

export interface MachineObject {
  /** By which its parent knows it, unique among its siblings. */
  readonly name: string;
  /** A name in OBJECT_TYPES. */
  readonly type: string;
  /** Values of properties of its type; a link is a path, or empty. Of those that are not here, the default counts. */
  readonly values: Readonly<Record<string, PropertyValue>>;
  /** Paths that it refers to besides: of a bus, what sits on it. */
  readonly links: Readonly<Record<string, string>>;
  readonly children: readonly MachineObject[];
  /** Of a device: bundles of interrupt lines. A bundle without a name has the name ''. */
  readonly lines: readonly InterruptLines[];
}

export interface InterruptLines {
  readonly direction: 'in' | 'out';
  readonly name: string;
  readonly count: number;
}

/** An object from what is not empty. */
export const machineObject = (
  name: string,
  type: string,
  { values = {}, links = {}, children = [], lines = [] }: Partial<Omit<MachineObject, 'name' | 'type'>> = {},
): MachineObject => ({ name, type, values, links, children, lines });

/** One thing that an object can be asked for. */
export interface PropertyOfObject {
  readonly name: string;
  /** Of a child `child<TYPE>`. */
  readonly type: string;
  readonly description?: string;
  /** Of a child, its path. */
  readonly value: PropertyValue;
}

const under = (path: string, name: string): string => (path === '/' ? `/${name}` : `${path}/${name}`);

/** All objects at and below `object` by their paths: a parent in front of its children. */
export function* objectsBelow(path: string, object: MachineObject): Generator<[path: string, object: MachineObject]> {
  yield [path, object];
  for (const child of object.children) yield* objectsBelow(under(path, child.name), child);
}

export class ObjectTree {
  readonly root: MachineObject;
  readonly #byPath: ReadonlyMap<string, MachineObject>;

  constructor(root: MachineObject) {
    this.root = root;
    this.#byPath = new Map(objectsBelow('/', root));
  }

  /** Every object by its path. */
  get all(): ReadonlyMap<string, MachineObject> {
    return this.#byPath;
  }

  /** The object at an absolute path, or at the end of a path through links. */
  at(path: string): readonly [path: string, object: MachineObject] | undefined {
    return this.#follow('/', path.split('/'));
  }

  /** The objects that a path may mean: one that does not begin at the root may begin anywhere. */
  find(path: string): readonly (readonly [path: string, object: MachineObject])[] {
    const parts = path.split('/');
    const starts = path.startsWith('/') ? ['/'] : this.#byPath.keys();
    const found = new Map(
      Array.from(starts, (start) => this.#follow(start, parts)).filter((each) => each !== undefined),
    );
    return [...found];
  }

  #follow(start: string, parts: readonly string[]): readonly [string, MachineObject] | undefined {
    let path = start;
    for (const part of parts) {
      if (part === '') continue;
      const object = this.#byPath.get(path)!;
      const child = under(path, part);
      const link = object.links[part] ?? linkOf(object, part);
      const next = this.#byPath.has(child) ? child : link;
      if (next === undefined || !this.#byPath.has(next)) return undefined;
      path = next;
    }
    return [path, this.#byPath.get(path)!];
  }

  /** What the object at `path` can be asked for: what its type declares, what it refers to, its children. */
  properties(path: string): readonly PropertyOfObject[] {
    const object = this.#byPath.get(path)!;
    const declared = [...propertiesOf(object.type)].flatMap(([name, { type, description, default: fallback }]) => {
      const value = name === 'type' ? object.type : (object.values[name] ?? fallback);
      return value === undefined ? [] : [{ name, type, ...(description === undefined ? {} : { description }), value }];
    });
    const links = Object.entries(object.links).map(([name, target]) => ({
      name,
      type: `link<${this.#byPath.get(target)!.type}>`,
      value: target,
    }));
    const children = object.children.map(({ name, type }) => ({
      name,
      type: `child<${type}>`,
      value: under(path, name),
    }));
    return [...declared, ...links, ...children];
  }
}

function linkOf({ type, values }: MachineObject, name: string): string | undefined {
  const value = values[name];
  return propertiesOf(type).get(name)?.type.startsWith('link<') && typeof value === 'string' ? value : undefined;
}

/** The devices that sit on a bus, in the order in which they were plugged in. */
export const devicesOn = (tree: ObjectTree, bus: MachineObject): readonly (readonly [path: string, MachineObject])[] =>
  Object.values(bus.links).map((path) => tree.at(path)!);

/** The buses that a device has. */
export const busesOf = ({ children }: MachineObject): readonly MachineObject[] =>
  children.filter(({ type }) => isKindOf(type, 'bus'));
