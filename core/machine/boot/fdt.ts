/**
 * Writes flattened device trees.
 * Devicetree Specification 0.4, chapter 5 "Flattened Devicetree (DTB) Format". Everything in it is big-endian.
 */
import type { NodeValue } from '../../devices/device.ts';

type Cell = number | bigint | Node;

/** The value of a property: what a device may say (see NodeValue), and nodes, which as cells stand for their phandles. */
export type PropertyValue = NodeValue | Node | readonly Cell[];

/** A node of the tree. Any property of the same tree may refer to it; then it gets a phandle. */
export interface Node {
  /** With its unit address: `serial@10000000`. Empty for the root. */
  readonly name: string;
  readonly properties: Readonly<Record<string, PropertyValue>>;
  readonly children: readonly Node[];
}

export const node = (name: string, properties: Node['properties'], children: readonly Node[] = []): Node => ({
  name,
  properties,
  children,
});

/** Numbers of the format, for writing and reading it. */
export const FDT = {
  MAGIC: 0xd00d_feed,
  VERSION: 17,
  TOKEN: { BEGIN_NODE: 1, END_NODE: 2, PROP: 3, NOP: 4, END: 9 },
} as const;
const { MAGIC, VERSION, TOKEN } = FDT;
/** The oldest version for whose readers this one will do. */
const LAST_COMPATIBLE_VERSION = 16;
const HEADER_BYTES = 40;
/** The list of reserved memory: only the empty entry that ends it. */
const RESERVATIONS_BYTES = 16;

/** Bytes that grow. */
class Writer {
  readonly #bytes: number[] = [];

  get length(): number {
    return this.#bytes.length;
  }
  bytes(bytes: Iterable<number>): void {
    for (const byte of bytes) this.#bytes.push(byte);
  }
  u32(...values: number[]): void {
    for (const value of values) this.bytes([value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]);
  }
  string(text: string): void {
    this.bytes(new TextEncoder().encode(`${text}\0`));
  }
  align(): void {
    while (this.length % 4 !== 0) this.#bytes.push(0);
  }
  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

/** The single values that a property consists of; none where it is only there, or bytes. */
function partsOf(value: PropertyValue): readonly (string | Cell)[] {
  if (value === true || value instanceof Uint8Array) return [];
  return Array.isArray(value) ? value : [value as string | Cell];
}

function* everyNode(root: Node): Generator<Node> {
  yield root;
  for (const child of root.children) yield* everyNode(child);
}

/** Numbers, from 1, for the nodes that a property refers to. */
function numberReferences(root: Node): ReadonlyMap<Node, number> {
  const nodes = new Set(everyNode(root));
  const phandles = new Map<Node, number>();
  for (const { name, properties } of nodes) {
    for (const [property, value] of Object.entries(properties)) {
      for (const part of partsOf(value)) {
        if (typeof part !== 'object' || phandles.has(part)) continue;
        if (!nodes.has(part)) throw new Error(`${name}: ${property} refers to ${part.name}, which is not in the tree`);
        phandles.set(part, phandles.size + 1);
      }
    }
  }
  return phandles;
}

/**
 * The flattened tree below `root`.
 * @throws Error where two children of a node have one name, or a property refers to a node outside the tree
 */
export function flatten(root: Node): Uint8Array {
  const phandles = numberReferences(root);
  const structure = new Writer();
  const strings = new Writer();
  const stringOffsets = new Map<string, number>();

  function stringOffset(text: string): number {
    const known = stringOffsets.get(text);
    if (known !== undefined) return known;
    const offset = strings.length;
    stringOffsets.set(text, offset);
    strings.string(text);
    return offset;
  }

  function encode(value: PropertyValue): Uint8Array {
    if (value instanceof Uint8Array) return value;
    const writer = new Writer();
    for (const part of partsOf(value)) {
      if (typeof part === 'string') writer.string(part);
      else if (typeof part === 'number') writer.u32(part);
      else if (typeof part === 'bigint') writer.u32(Number(part >> 32n), Number(BigInt.asUintN(32, part)));
      else writer.u32(phandles.get(part)!);
    }
    return writer.finish();
  }

  function writeProperty(name: string, value: PropertyValue): void {
    const bytes = encode(value);
    structure.u32(TOKEN.PROP, bytes.length, stringOffset(name));
    structure.bytes(bytes);
    structure.align();
  }

  function writeNode(current: Node): void {
    structure.u32(TOKEN.BEGIN_NODE);
    structure.string(current.name);
    structure.align();
    for (const [name, value] of Object.entries(current.properties)) writeProperty(name, value);
    const phandle = phandles.get(current);
    if (phandle !== undefined) writeProperty('phandle', phandle);
    const names = new Set<string>();
    for (const child of current.children) {
      if (names.has(child.name)) throw new Error(`${current.name || '/'} has two children called ${child.name}`);
      names.add(child.name);
      writeNode(child);
    }
    structure.u32(TOKEN.END_NODE);
  }

  writeNode(root);
  structure.u32(TOKEN.END);

  const structureAt = HEADER_BYTES + RESERVATIONS_BYTES;
  const stringsAt = structureAt + structure.length;
  const blob = new Writer();
  blob.u32(MAGIC, stringsAt + strings.length, structureAt, stringsAt, HEADER_BYTES, VERSION, LAST_COMPATIBLE_VERSION);
  blob.u32(0, strings.length, structure.length);
  blob.u32(0, 0, 0, 0);
  blob.bytes(structure.finish());
  blob.bytes(strings.finish());
  return blob.finish();
}
