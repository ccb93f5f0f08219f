/** Files of plugins: those that they are loaded from, and those that they write. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { reasonOf } from './errors.ts';

/**
 * The URL by which to import the plugin in the file `path`. It has the time of the last change in it, so that an edited
 * plugin is read anew and an unchanged one is not.
 * @throws Error in one line
 */
export async function findPlugin(path: string): Promise<string> {
  const url = pathToFileURL(resolve(path));
  let found: Awaited<ReturnType<typeof stat>>;
  try {
    found = await stat(url);
  } catch (error) {
    throw new Error(reasonOf(error));
  }
  if (!found.isFile()) throw new Error('not a file');
  url.searchParams.set('changed', String(found.mtimeMs));
  return url.href;
}

/** What plugins write, each into files of its own, which are begun anew at the first write after a load. */
export class PluginOutput {
  readonly #files = new Map<string, Map<string, Promise<FileHandle | undefined>>>();
  readonly #complain: (problem: string) => void;

  /** @param complain told once of each file that cannot be written */
  constructor(complain: (problem: string) => void) {
    this.#complain = complain;
  }

  /** Appends `text` to the file `path` of `plugin`. Resolves when it is written, or lost for good. */
  async write(plugin: string, path: string, text: string): Promise<void> {
    const files = this.#files.get(plugin) ?? new Map<string, Promise<FileHandle | undefined>>();
    this.#files.set(plugin, files);
    const lost = (error: unknown): undefined =>
      void this.#complain(`plugin '${plugin}': could not write '${path}': ${reasonOf(error)}`);
    const file = files.get(path) ?? open(path, 'w').catch(lost);
    files.set(path, file);
    const handle = await file;
    try {
      await handle?.appendFile(text);
    } catch (error) {
      files.set(path, Promise.resolve(lost(error)));
      await handle?.close().catch(() => {});
    }
  }

  /** Closes the files of `plugin`, or of all. */
  async close(plugin?: string): Promise<void> {
    const plugins = plugin === undefined ? [...this.#files.keys()] : [plugin];
    for (const id of plugins) {
      const files = [...(this.#files.get(id)?.values() ?? [])];
      this.#files.delete(id);
      for (const file of files) await (await file)?.close();
    }
  }
}
