/** A guest that is talked to by its serial port. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DaemonProcess, startDaemon } from '../support/daemon.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { PROMPT, shellDisk } from './initramfs.ts';
import type { BootFiles } from './packages.ts';

/** How long a guest may take for its longest step, on a machine that has other things to do. */
export const PATIENCE_MS = 400_000;
const LOOK_AGAIN_MS = 50;

/** What no kernel log should say. */
export const TROUBLE = /\bBUG:|\bOops\b|rcu.*stall|soft lockup|Call Trace|Kernel panic/i;

export class Guest {
  readonly daemon: DaemonProcess;
  readonly #prompt: string;
  /** How much of what it has printed has been looked at. */
  #seen = 0;

  /**
   * Starts it, with its serial port on standard input and output; it is killed when the test has finished.
   * @param argv with `-nographic`
   * @param prompt what it asks for commands with
   * @param cwd where the files that the words name are
   */
  constructor(argv: readonly string[], prompt: string, cwd = process.cwd()) {
    this.daemon = startDaemon(argv, { cwd });
    this.#prompt = prompt;
  }

  /** Resolves with what the guest prints up to `text`. @throws Error where it ends before, or says nothing more */
  async printed(text: string): Promise<string> {
    const { daemon } = this;
    let ended = false;
    void daemon.ended.then(() => {
      ended = true;
    });
    for (let patience = PATIENCE_MS; ; patience -= LOOK_AGAIN_MS) {
      const fresh = daemon.out().slice(this.#seen);
      const at = fresh.indexOf(text);
      if (at >= 0) {
        this.#seen += at + text.length;
        return fresh.slice(0, at);
      }
      if (ended || patience < 0)
        throw new Error(`'${text}' does not come after ${fresh.slice(-1500)}${daemon.err().slice(-1500)}`);
      await sleep(LOOK_AGAIN_MS);
    }
  }

  /** Resolves when it asks for a command. */
  async asks(): Promise<void> {
    await this.printed(this.#prompt);
  }

  write(text: string): void {
    this.daemon.child.stdin.write(text);
  }

  /** Types a line where it asks for a command, and resolves with what is printed until it asks for the next one. */
  async type(line: string): Promise<string> {
    this.write(`${line}\n`);
    const text = await this.printed(this.#prompt);
    return text.replaceAll('\r', '').split('\n').slice(1).join('\n').trimEnd();
  }

  /** Types the last line. Resolves with the exit status. */
  async end(line: string): Promise<number | string> {
    this.write(`${line}\n`);
    return this.daemon.ended;
  }
}

/**
 * Starts Linux, which comes to a shell.
 * @param argv more words of the command line
 * @param modules of the kernel that are loaded
 */
export function startLinux(files: BootFiles, argv: readonly string[], modules: readonly string[] = []): Guest {
  const initrd = join(temporaryDirectory(), 'initrd');
  writeFileSync(initrd, shellDisk(files, modules));
  return new Guest(
    [
      ...['-nographic', '-m', '512M', '-bios', files.firmware, '-kernel', files.kernel, '-initrd', initrd],
      ...['-append', 'console=ttyS0', ...argv],
    ],
    PROMPT,
  );
}

/** The same, to where the shell asks for a command. */
export async function bootLinux(
  files: BootFiles,
  argv: readonly string[] = [],
  modules: readonly string[] = [],
): Promise<Guest> {
  const guest = startLinux(files, argv, modules);
  await guest.asks();
  return guest;
}
