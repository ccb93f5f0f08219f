/**
 * A pseudo terminal: whoever opens its path, such as `screen /dev/pts/3`, is the client.
 *
 * Making one takes calls that Node has not got. `script`, which Debian's base system has, makes it and passes bytes on in
 * both directions; what runs behind it is a shell that makes the terminal raw, tells its path, and stays for as long as
 * this process does.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { UsageError } from '../errors.ts';
import type { Backend } from './backend.ts';
import { type Channel, StreamChannel } from './channel.ts';

/** File descriptors of the shell: where it tells the path, and what ends when this process ends. */
const PATH_FD = 3;
const LIFE_FD = 4;
const SHELL = `stty raw -echo; tty >&${PATH_FD}; exec cat <&${LIFE_FD} >/dev/null`;

/** Milliseconds for which a full terminal is waited for. After that nobody looks at it, and output is dropped. */
const PATIENCE_MS = 1000;

/** @param opened is told the path */
export function ptyBackend(opened: (path: string) => void): Backend {
  let end = (): void => {};
  return {
    async open(deliver) {
      const child = spawn('script', ['-qefc', SHELL, '/dev/null'], {
        stdio: ['pipe', 'pipe', 'ignore', 'pipe', 'pipe'],
        // Of the terminal that the daemon was started from it should not hear.
        detached: true,
      });
      child.unref();
      const [input, output, , paths, life] = child.stdio as [Writable, Readable, null, Readable, Writable];
      life.on('error', () => {});
      end = () => void life.destroy();
      const refused = once(child, 'error').then(([error]) => {
        throw new UsageError(`Failed to create PTY: ${(error as NodeJS.ErrnoException).code} of 'script'`);
      });
      const ended = once(child, 'close').then(() => {
        throw new UsageError("Failed to create PTY: 'script' has made none");
      });
      const lines = createInterface(paths);
      const [path] = await Promise.race([once(lines, 'line'), refused, ended]);
      for (const failure of [refused, ended]) failure.catch(() => {});
      lines.close();
      // The end of input would be typed at whoever looks at the terminal.
      deliver(impatient(new StreamChannel(output, input, { shared: true })));
      opened(path);
    },
    close: () => end(),
  };
}

/** `channel`, for as long as somebody takes what it is given, and nothing when nobody does. */
function impatient(channel: Channel): Channel {
  let timer: NodeJS.Timeout | undefined;
  let dropping = false;
  let drained = (): void => {};
  channel.onDrain(() => {
    clearTimeout(timer);
    timer = undefined;
    dropping = false;
    drained();
  });
  return {
    write(data) {
      if (dropping || channel.write(data)) return true;
      timer ??= setTimeout(() => {
        dropping = true;
        drained();
      }, PATIENCE_MS).unref();
      return false;
    },
    onDrain: (callback) => {
      drained = callback;
    },
    onData: (receive) => channel.onData(receive),
    onEnd: (ended) => channel.onEnd(ended),
    onClose: (closed) => channel.onClose(closed),
    pause: () => channel.pause(),
    resume: () => channel.resume(),
    close: () => channel.close(),
    destroy: () => channel.destroy(),
  };
}
