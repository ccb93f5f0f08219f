/** Modules of the kernel, and what they need. */
import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { basename, join } from 'node:path';

const MODULE_BYTES_MAX = 1 << 26;

/** Modules are found with either sign between words, and need each other by the latter. */
const canonical = (name: string): string => name.replaceAll('-', '_');

/** What a module says of itself, in its section `.modinfo`. */
const dependenciesOf = (module: Buffer): readonly string[] =>
  /\0depends=([^\0]*)\0/
    .exec(module.toString('latin1'))![1]!
    .split(',')
    .filter((name) => name !== '');

/**
 * Modules of the kernel, unpacked, by name, and those that they need in front of them: each can be loaded in this order.
 * @param folder where modules lie, `NAME.ko.xz` @throws Error where there is no such module
 */
export function kernelModules(folder: string, names: readonly string[]): ReadonlyMap<string, Buffer> {
  const files = new Map(
    globSync(join(folder, '**/*.ko.xz')).map((file) => [canonical(basename(file, '.ko.xz')), file] as const),
  );
  const found = new Map<string, Buffer>();
  const add = (name: string): void => {
    if (found.has(name)) return;
    const file = files.get(name);
    if (!file) throw new Error(`the kernel has no module ${name}`);
    const module = execFileSync('xz', ['-dc', file], { maxBuffer: MODULE_BYTES_MAX });
    dependenciesOf(module).forEach(add);
    found.set(name, module);
  };
  names.map(canonical).forEach(add);
  return found;
}
