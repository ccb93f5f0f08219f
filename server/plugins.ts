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

/** A file of a plugin's, which is begun anew. */
class OutputFile {
  readonly #complain: (error: unknown) => void;
  /** Undefined once it cannot be written. */
  #handle: FileHandle | undefined;
  /** Settles when all that has been asked for is done: nothing overtakes what was written before. */
  #last: Promise<void>;

  /** @param complain told once of what makes the file unusable */
  constructor(path: string, complain: (error: unknown) => void) {
    this.#complain = complain;
    this.#last = this.#attempt(async () => {
      this.#handle = await open(path, 'w');
    });
  }

  async #attempt(job: () => Promise<void>): Promise<void> {
    try {
      await job();
    } catch (error) {
      this.#complain(error);
      await this.#handle?.close().catch(() => {});
      this.#handle = undefined;
    }
  }

  /** Resolves when `text` is written, or lost for good. */
  append(text: string): Promise<void> {
    this.#last = this.#last.then(() => this.#attempt(async () => this.#handle?.appendFile(text)));
    return this.#last;
  }

  close(): Promise<void> {
    return this.#last.then(() => this.#handle?.close());
  }
}

/** What plugins write, each into files of its own. */
export class PluginOutput {
  readonly #files = new Map<string, Map<string, OutputFile>>();
  readonly #complain: (problem: string) => void;

  /** @param complain told once of each file that cannot be written */
  constructor(complain: (problem: string) => void) {
    this.#complain = complain;
  }

  /** Appends `text` to the file `path` of `plugin`. Resolves when it is written, or lost for good. */
  write(plugin: string, path: string, text: string): Promise<void> {
    const files = this.#files.get(plugin) ?? new Map<string, OutputFile>();
    this.#files.set(plugin, files);
    const complain = (error: unknown): void =>
      this.#complain(`plugin '${plugin}': could not write '${path}': ${reasonOf(error)}`);
    const file = files.get(path) ?? new OutputFile(path, complain);
    files.set(path, file);
    return file.append(text);
  }

  /** Closes the files of `plugin`, or of all. */
  async close(plugin?: string): Promise<void> {
    const plugins = plugin === undefined ? [...this.#files.keys()] : [plugin];
    for (const id of plugins) {
      const files = [...(this.#files.get(id)?.values() ?? [])];
      this.#files.delete(id);
      await Promise.all(files.map((file) => file.close()));
    }
  }
}
