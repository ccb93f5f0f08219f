/**
 * Standard input and output as a character device. A terminal is in raw mode while it is one, and gets its own mode back
 * at every end of the process that can be noticed, and while the process is stopped.
 */
import type { Readable, Writable } from 'node:stream';
import { UsageError } from '../errors.ts';
import type { Backend } from './backend.ts';
import { StreamChannel } from './channel.ts';

/** The part of `tty.ReadStream` that matters; `isTTY` and `setRawMode` are absent of files and pipes. */
export type Input = Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };

export interface Stdio {
  readonly input: Input;
  readonly output: Writable;
}

/** Signals that a terminal in raw mode leaves to us, by the character that sends them. */
const SIGNALS: ReadonlyMap<number, NodeJS.Signals> = new Map([
  [0x03, 'SIGINT'],
  [0x1a, 'SIGTSTP'],
  [0x1c, 'SIGQUIT'],
]);

const taken = new WeakSet<Input>();

/** @param signal as `StdioSpec.signal` */
export function stdioBackend({ input, output }: Stdio, signal: boolean): Backend {
  const raw = (on: boolean): unknown => input.setRawMode?.(on);
  const restore = (): unknown => raw(false);
  const suspend = (): void => {
    restore();
    process.kill(process.pid, 'SIGSTOP');
  };
  // The shell may have changed the mode behind our back: raw mode has to be left to be entered.
  const resume = (): void => {
    raw(false);
    raw(true);
  };

  function takeSignals(bytes: Uint8Array): Uint8Array {
    for (const byte of bytes) {
      const name = SIGNALS.get(byte);
      if (name !== undefined) process.kill(process.pid, name);
    }
    return bytes.filter((byte) => !SIGNALS.has(byte));
  }

  let open = false;
  return {
    async open(deliver) {
      if (taken.has(input)) throw new UsageError('cannot use stdio by multiple character devices');
      taken.add(input);
      open = true;
      if (input.isTTY) {
        raw(true);
        process.on('exit', restore);
        process.on('SIGTSTP', suspend);
        process.on('SIGCONT', resume);
      }
      deliver(
        new StreamChannel(input, output, { shared: true, ...(input.isTTY && signal ? { filter: takeSignals } : {}) }),
      );
    },
    close() {
      if (!open) return;
      open = false;
      taken.delete(input);
      if (!input.isTTY) return;
      restore();
      process.off('exit', restore);
      process.off('SIGTSTP', suspend);
      process.off('SIGCONT', resume);
    },
  };
}
