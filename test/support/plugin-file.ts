/** Plugins as their users write them: files outside this tree. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from './temporary.ts';

const IMPORTS = `import { plugin } from 'vivarium/plugin'; import { int, nothing, optional, str, struct } from 'vivarium/schema';`;

/** A file that is removed when the test has finished. Its first line imports all that plugins are made of. */
export function pluginFile(source: string, name = 'plugin.ts'): string {
  const path = join(temporaryDirectory(), name);
  writeFileSync(path, `${IMPORTS}\n${source}`);
  return path;
}
