/** The daemon as its users start it: a process of its own, with words on its command line. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { NetConnectOpts } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { QmpClient } from './qmp-client.ts';

export const MAIN = fileURLToPath(new URL('../../server/main.ts', import.meta.url));
/** The script that people call. */
export const LAUNCHER = fileURLToPath(new URL('../../server/vivarium', import.meta.url));

const PATIENCE = { timeout: 60_000, interval: 10 };

/** Resolves when `look` returns true, or no longer throws. */
export const eventually = (look: () => unknown): Promise<void> =>
  expect
    .poll(async () => {
      try {
        return (await look()) !== false;
      } catch {
        return false;
      }
    }, PATIENCE)
    .toBe(true);

export interface DaemonProcess {
  readonly child: ChildProcessWithoutNullStreams;
  /** What it has written so far. */
  out(): string;
  err(): string;
  /** Resolves when standard output holds `text`. */
  printed(text: string): Promise<void>;
  /** The exit status, or the signal that ended it, once all it has written has arrived. */
  readonly ended: Promise<number | string>;
}

export interface StartOptions {
  readonly cwd?: string;
  /** What is run in place of the daemon's main module, with the words behind it. */
  readonly command?: readonly string[];
  /** How many sockets, connected with `child.stdio` from 3 on, the process inherits under these numbers. */
  readonly sockets?: number;
}

/** Starts a daemon, which is killed when the test has finished. */
export function startDaemon(argv: readonly string[], { cwd, command, sockets = 0 }: StartOptions = {}): DaemonProcess {
  const [program = process.execPath, ...words] = command ?? [process.execPath, MAIN];
  const stdio = Array.from({ length: 3 + sockets }, () => 'pipe' as const);
  const child = spawn(program, [...words, ...argv], {
    stdio,
    ...(cwd === undefined ? {} : { cwd }),
  }) as ChildProcessWithoutNullStreams;
  onTestFinished(() => void child.kill('SIGKILL'));
  let out = '';
  let err = '';
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const ended = once(child, 'close').then(([status, signal]) => status ?? signal);
  return {
    child,
    out: () => out,
    err: () => err,
    printed: (text) => eventually(() => out.includes(text)),
    ended,
  };
}

/** A QMP session, negotiated unless `raw`; it is closed when the test has finished. */
export async function qmpClient(address: string | NetConnectOpts, raw = false): Promise<QmpClient> {
  const client = await (raw ? QmpClient.open(address) : QmpClient.connect(address));
  onTestFinished(() => client.close());
  return client;
}

/** Runs a daemon to its end. */
export async function runDaemon(argv: readonly string[], options?: StartOptions) {
  const { ended, out, err } = startDaemon(argv, options);
  return { status: await ended, out: out(), err: err() };
}
