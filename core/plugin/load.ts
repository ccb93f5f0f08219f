/** From the URL of a plugin to the plugin: imports the module and checks that it keeps the contract of `plugin`. */
import { registerHooks } from 'node:module';
import { type JsonSchema, nothing, type Schema } from '../../schema/build.ts';
import { type Plugin, plugin } from './plugin.ts';

/** What plugins may import by name, wherever their file is. */
const MODULES: ReadonlyMap<string, URL> = new Map([
  ['vivarium/plugin', new URL('./plugin.ts', import.meta.url)],
  ['vivarium/schema', new URL('../../schema/build.ts', import.meta.url)],
]);

registerHooks({
  resolve(specifier, context, next) {
    const url = MODULES.get(specifier);
    return url ? { url: url.href, shortCircuit: true } : next(specifier, context);
  },
});

type Member = readonly [name: string, type: string, required: boolean];
const MEMBERS: readonly Member[] = [
  ['name', 'string', true],
  ['doc', 'string', true],
  ['counters', 'object', false],
  ['translate', 'function', true],
  ...['filter', 'state', 'collect', 'report', 'vcpuEnter', 'vcpuExit', 'vcpuReset'].map(
    (name): Member => [name, 'function', false],
  ),
];

const typeOf = (value: unknown): string => (value === null ? 'null' : typeof value);

/** Why `value` is no plugin; undefined where it is one. */
function complaint(value: unknown): string | undefined {
  if (typeOf(value) !== 'object') return 'its default export is not a plugin: expected plugin(...)';
  const object = value as Readonly<Record<string, unknown>>;
  for (const [name, type, required] of MEMBERS) {
    const found = typeOf(object[name]);
    if (found === type || (found === 'undefined' && !required)) continue;
    return `its \`${name}\` is ${found === 'undefined' ? 'missing' : found}: expected ${type === 'object' ? 'an' : 'a'} ${type}`;
  }
  const options = object.options as Partial<Schema<unknown>> | null | undefined;
  if (options !== undefined && options?.json?.type !== 'object')
    return 'its `options` are no schema: expected struct(...)';
  return undefined;
}

/** What went wrong, in one line. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const first = error.message.trim().split('\n', 1)[0]!;
  // Node writes file, line and the place in it above the message of a syntax error.
  const place = /:(\d+)\n/.exec(error.stack ?? '')?.[1];
  return error instanceof SyntaxError && place ? `line ${place}: ${error.name}: ${first}` : `${error.name}: ${first}`;
}

async function importInTime(url: string, patienceMs: number): Promise<{ readonly default?: unknown }> {
  const late = Promise.withResolvers<never>();
  const patience = setTimeout(
    () => late.reject(new Error(`its top level has not come to an end within ${patienceMs / 1000} seconds`)),
    patienceMs,
  );
  try {
    return await Promise.race([import(url), late.promise]);
  } finally {
    clearTimeout(patience);
  }
}

/**
 * The plugin at `url`. Modules are cached by URL, so one whose file may change has its version in the URL.
 * @param patienceMs milliseconds that the top level of the module may take, with all that it imports
 * @throws Error in one line: it cannot be imported, or is no plugin
 */
export async function importPlugin(url: string, patienceMs: number): Promise<Plugin> {
  let value: unknown;
  try {
    value = (await importInTime(url, patienceMs)).default;
  } catch (error) {
    throw new Error(reasonOf(error));
  }
  const text = complaint(value);
  if (text !== undefined) throw new Error(text);
  const stated = value as Plugin & { readonly name: string };
  return plugin(stated.name, { ...stated, options: stated.options ?? nothing });
}

/** What can be said of a plugin without running it; travels between threads. */
export interface PluginDescription {
  readonly name: string;
  readonly doc: string;
  /** Schema of its arguments. */
  readonly options: JsonSchema;
  /** Names of its counters. */
  readonly counters: readonly string[];
}

export const describePlugin = ({ name, doc, options, counters }: Plugin): PluginDescription => ({
  name,
  doc,
  options: options.json,
  counters: Object.keys(counters),
});
