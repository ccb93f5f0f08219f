/** Consoles of the daemon's program, over a socket and by clients that people use. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { temporaryDirectory } from '../../../support/temporary.ts';
import { requireTool } from '../../../support/tools.ts';

const FAKE_DAEMON = fileURLToPath(new URL('../../../support/fakes/fake-daemon.ts', import.meta.url));
const PROMPT = '(vivarium) ';
const BANNER = `Vivarium 0.1.0 monitor - type 'help' for more information\r\n${PROMPT}`;

describe.skipIf(!requireTool('socat', 'socat'))('socat', () => {
  /** A daemon, whose end settles `status`, and its clients. */
  async function start() {
    const directory = temporaryDirectory();
    const socket = join(directory, 'monitor');
    const kernel = join(directory, 'kernel');
    writeFileSync(kernel, 'x');
    const options = ['-kernel', kernel, '-serial', 'none', '-monitor', `unix:${socket},server=on,wait=off`];
    const daemon = spawn(process.execPath, [FAKE_DAEMON, ...options]);
    onTestFinished(() => void daemon.kill('SIGKILL'));
    const status = once(daemon, 'exit').then(([code]) => code as number | null);
    await vi.waitFor(() => expect(existsSync(socket)).toBe(true), { timeout: 20_000 });

    function connect(): ChildProcessWithoutNullStreams {
      const client = spawn('socat', ['-t', '20', '-', `UNIX-CONNECT:${socket}`]);
      onTestFinished(() => void client.kill('SIGKILL'));
      return client;
    }
    return { connect, status };
  }

  it('pipes commands in, and out comes what they print', async () => {
    const { connect, status } = await start();
    const [first, second] = [connect(), connect()];
    first.stdin.end('info status\ninstr-load insn\ninfo cpus\nnosuch\n');
    expect(await text(first.stdout)).toBe(
      `${BANNER}info status\r\nVM status: running\r\n${PROMPT}instr-load insn\r\nlib0\r\n` +
        `${PROMPT}info cpus\r\n* CPU #0: thread_id=4001\r\n${PROMPT}nosuch\r\nunknown command: 'nosuch'\r\n${PROMPT}`,
    );
    second.stdin.write('instr-unload l\t\r');
    second.stdin.end('instr-unload lib0\rquit\r');
    expect(await text(second.stdout)).toBe(
      `${BANNER}instr-unload lib0 \r\n${PROMPT}instr-unload lib0\r\nError: Unknown library ID\r\n${PROMPT}quit\r\n`,
    );
    expect(await status).toBe(0);
  });

  it('may be killed, or not read, and nobody notices', async () => {
    const { connect, status } = await start();
    const [killed, idle, other] = [connect(), connect(), connect()];
    // More than the pipes hold: the daemon has to wait for who does not read.
    idle.stdin.write('help info\n'.repeat(2000));
    killed.stdin.write('help info\n'.repeat(2000));
    await once(killed.stdout, 'data');
    killed.kill('SIGKILL');
    other.stdin.end('info name\nstop\ninfo status\nquit\n');
    expect(await text(other.stdout)).toBe(
      `${BANNER}info name\r\n${PROMPT}stop\r\n${PROMPT}info status\r\nVM status: paused\r\n${PROMPT}quit\r\n`,
    );
    idle.kill('SIGKILL');
    expect(await status).toBe(0);
  });
});
