/** Modules of the kernel, and what they need. */
import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { basename, join } from 'node:path';

const MODULE_BYTES_MAX = 1 << 26;

/** Modules are found with either sign between words, and need each other by the latter. */
const canonical = (name: string): string => name.replaceAll('-', '_');

/** All that a module says of itself under `key`, in its section `.modinfo`. */
const said = (module: Buffer, key: string): readonly string[] =>
  Array.from(module.toString('latin1').matchAll(new RegExp(`\\0${key}=([^\\0]*)(?=\\0)`, 'g')), ([, value]) => value!);

const dependenciesOf = (module: Buffer): readonly string[] =>
  said(module, 'depends').flatMap((names) => names.split(',').filter((name) => name !== ''));

/** Modules that should be there first, by name or by an alias such as `crypto-crc32c`. */
const softDependenciesOf = (module: Buffer): readonly string[] =>
  said(module, 'softdep').flatMap((text) => /\bpre: *(.*?)(?= *post:|$)/.exec(text)?.[1]?.split(/ +/) ?? []);

/**
 * Modules of the kernel, unpacked, by name, and those that they need in front of them: each can be loaded in this order.
 * What a module would only like to have is built into some kernels, and then left out.
 * @param folder where modules lie, `NAME.ko.xz` @throws Error where there is no such module
 */
export function kernelModules(folder: string, names: readonly string[]): ReadonlyMap<string, Buffer> {
  const files = new Map(
    globSync(join(folder, '**/*.ko.xz')).map((file) => [canonical(basename(file, '.ko.xz')), file] as const),
  );
  const unpack = (file: string): Buffer => execFileSync('xz', ['-dc', file], { maxBuffer: MODULE_BYTES_MAX });
  /** An algorithm's alias is its name behind `crypto-`, with which the names of its modules begin: `crc32c_generic`. */
  const withAlias = (alias: string): string | undefined => {
    const algorithm = canonical(alias.replace(/^crypto-/, ''));
    return [...files].find(
      ([name, file]) =>
        name.startsWith(algorithm) && (name === algorithm || said(unpack(file), 'alias').includes(alias)),
    )?.[0];
  };
  const found = new Map<string, Buffer>();
  const add = (name: string): void => {
    if (found.has(name)) return;
    const file = files.get(name);
    if (!file) throw new Error(`the kernel has no module ${name}`);
    const module = unpack(file);
    const wished = softDependenciesOf(module).flatMap((alias) => withAlias(alias) ?? []);
    [...wished, ...dependenciesOf(module)].forEach(add);
    found.set(name, module);
  };
  names.map(canonical).forEach(add);
  return found;
}
