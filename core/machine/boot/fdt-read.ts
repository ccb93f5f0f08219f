/**
 * Reads flattened device trees.
 * Devicetree Specification 0.4, chapter 5 "Flattened Devicetree (DTB) Format". Everything in it is big-endian.
 *
 * Properties come as bytes, since a tree does not say what they are; phandles are such bytes and stay as they are. The
 * list of reserved memory is not kept.
 */
import { FDT, type Node, node } from './fdt.ts';

/** Thrown where bytes are no device tree. */
export class FdtError extends Error {
  override readonly name = 'FdtError';
}

const HEADER_BYTES = 40;
/** Nodes within nodes, at most: far more than there are in any tree. */
const DEPTH_MAX = 64;

/**
 * The root of a flattened tree.
 * @param name of the file, for errors
 * @throws FdtError
 */
export function unflatten(name: string, blob: Uint8Array): Node {
  const complain = (problem: string): FdtError => new FdtError(`${name}: ${problem}`);
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  if (blob.length < HEADER_BYTES || view.getUint32(0) !== FDT.MAGIC) throw complain('is not a flattened device tree');
  const structure = view.getUint32(8);
  const strings = view.getUint32(12);
  if (view.getUint32(24) > FDT.VERSION) throw complain(`is written for readers of version ${view.getUint32(24)}`);
  let at = structure;

  function u32(): number {
    if (at + 4 > blob.length) throw complain('ends in the middle');
    at += 4;
    return view.getUint32(at - 4);
  }

  function take(bytes: number): Uint8Array {
    if (at + bytes > blob.length) throw complain('ends in the middle');
    const taken = blob.slice(at, at + bytes);
    at = Math.ceil((at + bytes) / 4) * 4;
    return taken;
  }

  function text(from: number): string {
    const end = blob.indexOf(0, from);
    if (from >= blob.length || end < 0) throw complain('ends in the middle');
    return new TextDecoder('latin1').decode(blob.slice(from, end));
  }

  /** The node whose name comes next. */
  function readNode(depth: number): Node {
    if (depth > DEPTH_MAX) throw complain(`has more than ${DEPTH_MAX} nodes within each other`);
    const nodeName = text(at);
    take(nodeName.length + 1);
    const properties: [string, Uint8Array][] = [];
    const children = new Map<string, Node>();
    for (;;) {
      const token = u32();
      if (token === FDT.TOKEN.END_NODE) return node(nodeName, Object.fromEntries(properties), [...children.values()]);
      if (token === FDT.TOKEN.BEGIN_NODE) {
        const child = readNode(depth + 1);
        if (children.has(child.name)) throw complain(`has two nodes called ${child.name}`);
        children.set(child.name, child);
      } else if (token === FDT.TOKEN.PROP) {
        const bytes = u32();
        const property = text(strings + u32());
        properties.push([property, take(bytes)]);
      } else if (token !== FDT.TOKEN.NOP) throw complain(`has ${token} at ${at - 4}, which is no token`);
    }
  }

  while (view.byteLength >= at + 4 && view.getUint32(at) === FDT.TOKEN.NOP) at += 4;
  if (u32() !== FDT.TOKEN.BEGIN_NODE) throw complain('has no root');
  return readNode(0);
}
