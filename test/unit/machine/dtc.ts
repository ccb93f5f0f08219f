/** Device trees through the eyes of Debian's `dtc`. */
import { execFileSync } from 'node:child_process';

/** Properties by name, each as `dtc` writes its value, by the path of their node; in the order of the source. */
export type Decompiled = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** What `dtc` makes of a flattened tree. @throws Error with its words where it refuses it */
export function decompile(blob: Uint8Array): Decompiled {
  // QEMU writes more than the tree fills, which dtc does not read to its end.
  const input = blob.subarray(0, new DataView(blob.buffer, blob.byteOffset).getUint32(4));
  const source = execFileSync('dtc', ['-q', '-I', 'dtb', '-O', 'dts'], { input, encoding: 'utf8' });
  const nodes = new Map<string, Map<string, string>>();
  const path: string[] = [];
  const here = (): string => (path.length === 1 ? '/' : path.join('/'));
  for (const line of source.split('\n').map((text) => text.trim())) {
    const opened = /^(\S+) \{$/.exec(line);
    const property = /^([^\s=]+?)(?: = (.*))?;$/.exec(line);
    if (opened) {
      path.push(opened[1] === '/' ? '' : opened[1]!);
      nodes.set(here(), new Map());
    } else if (line === '};') path.pop();
    else if (property && path.length > 0) nodes.get(here())!.set(property[1]!, property[2] ?? '');
  }
  return nodes;
}

const cells = (value: string): string[] => value.replace(/[<>]/g, '').split(' ');

/** Which cells of a property are phandles: every `step`th from the first. */
const REFERENCES: Readonly<Record<string, number>> = {
  'interrupt-parent': 1,
  'interrupts-extended': 2,
  regmap: 1,
  cpu: 1,
};

/** The same tree with the paths of nodes in place of phandles, which two writers number as they like. */
export function withPaths(nodes: Decompiled): Decompiled {
  const byPhandle = new Map([...nodes].map(([path, properties]) => [properties.get('phandle'), path]));
  const resolve = (name: string, value: string): string => {
    const step = REFERENCES[name];
    if (step === undefined) return value;
    return cells(value)
      .map((cell, index) => (index % step === 0 ? `&${byPhandle.get(`<${cell}>`)}` : cell))
      .join(' ');
  };
  return new Map(
    [...nodes].map(([path, properties]) => [
      path,
      new Map(
        [...properties]
          .filter(([name]) => name !== 'phandle')
          .map(([name, value]) => [name, resolve(name, value)] as const),
      ),
    ]),
  );
}
