/** gdb itself. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { requireTool } from './tools.ts';

const GDB = 'gdb-multiarch';

/** See `requireTool`. */
export const requireGdb = (): boolean => requireTool(GDB, 'gdb-multiarch');

export interface GdbProcess {
  readonly child: ChildProcessWithoutNullStreams;
  /** What it has printed so far, errors too. */
  out(): string;
  /** Resolves with all that it has printed when it has done what it was told. */
  readonly ended: Promise<string>;
}

/**
 * Has gdb connect to the socket at `path` and do `commands`, one after the other, even if one fails.
 * @param elf whose symbols it knows
 */
export function startGdb(path: string, elf: string, commands: readonly string[]): GdbProcess {
  const words = ['set pagination off', 'set confirm off', `target remote ${path}`, ...commands];
  const child = spawn(GDB, ['-nx', '-batch', ...words.flatMap((command) => ['-ex', command]), elf], {
    env: { ...process.env, LC_ALL: 'C' },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
  return { child, out: () => out, ended: once(child, 'close').then(() => out) };
}

export const runGdb = (path: string, elf: string, commands: readonly string[]): Promise<string> =>
  startGdb(path, elf, commands).ended;
