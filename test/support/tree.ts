/** The files of this tree, as git has them. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireTool } from './tools.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Whether this is a checkout, for `describe.skipIf(!requireCheckout())`. Says what is skipped where it is none. */
export function requireCheckout(): boolean {
  if (!requireTool('git', 'git')) return false;
  if (existsSync(join(ROOT, '.git'))) return true;
  console.warn('\n*** SKIPPED *** this is no git checkout: nobody knows which files belong to it\n');
  return false;
}

/** Paths from the root, with slashes. */
export const trackedFiles = (): readonly string[] =>
  execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' })
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(ROOT, path)));

export const readTracked = (path: string): Buffer => readFileSync(join(ROOT, path));
