import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { temporaryDirectory } from '../../support/temporary.ts';

const FAKE_DAEMON = fileURLToPath(new URL('../../support/fakes/fake-daemon.ts', import.meta.url));

/** Starts the program in `directory`, where there is a kernel. */
function start(directory: string, ...argv: string[]): ChildProcessWithoutNullStreams {
  writeFileSync(join(directory, 'kernel'), 'x');
  const child = spawn(process.execPath, [FAKE_DAEMON, ...argv], { cwd: directory });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Runs the program to its end. @param input of its standard input, which then stays open */
async function run(argv: readonly string[], input = '') {
  const child = start(temporaryDirectory(), ...argv);
  child.stdin.write(input);
  const [out, err, [status, signal]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { out, err, status: status as number | null, signal: signal as string | null };
}

const KERNEL = ['-kernel', 'kernel'];

describe('exit status', () => {
  it.each([0, 1, 42, 255])('is what the guest ends with: %d', async (code) => {
    expect(await run(['-nographic', ...KERNEL], `exit ${code}\n`)).toMatchObject({ status: code, err: '' });
  });

  it('is 0 after Ctrl-A x', async () => {
    expect(await run(['-nographic', ...KERNEL], '\x01x')).toMatchObject({
      status: 0,
      out: 'vivarium: terminated\r\n',
      err: '',
    });
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('is 0 after %s', async (signal) => {
    const directory = temporaryDirectory();
    const child = start(directory, '-nographic', ...KERNEL, '-pidfile', 'pid', '-D', 'log');
    const log = join(directory, 'log');
    await vi.waitFor(() => expect(readFileSync(log, 'utf8')).toContain('the machine is ready'), { timeout: 10_000 });
    expect(readFileSync(join(directory, 'pid'), 'utf8')).toBe(`${child.pid}\n`);
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(existsSync(join(directory, 'pid'))).toBe(false);
    expect(readFileSync(log, 'utf8')).toMatch(new RegExp(`info: terminating on ${signal}\n.*info: SHUTDOWN`));
  });

  it('is 1 after a defect, which is logged with its stack', async () => {
    const { status, err } = await run(['-nographic', ...KERNEL], 'throw\n');
    expect(status).toBe(1);
    expect(err).toMatch(/^vivarium: error: the daemon has failed\nError: a defect\n {4}at .*fake-daemon\.ts/);
  });

  it('is 1 after an error of the command line, in one line on standard error', async () => {
    expect(await run(['-nosuch'])).toEqual({
      status: 1,
      signal: null,
      out: '',
      err: 'vivarium: -nosuch: invalid option\n',
    });
    expect(await run(['-M', 'nosuch'])).toMatchObject({
      status: 1,
      err: 'vivarium: unsupported machine type\nUse -machine help to list supported machines\n',
    });
    expect(await run(['-kernel', 'nosuch'])).toMatchObject({
      status: 1,
      err: "vivarium: could not load kernel 'nosuch': No such file or directory\n",
    });
    expect(await run(['-D', '/nosuch/log'])).toMatchObject({
      status: 1,
      err: 'vivarium: Error opening logfile /nosuch/log: No such file or directory\n',
    });
  });

  it('is 0 after a text, which goes to standard output', async () => {
    const { status, out, err } = await run(['-help']);
    expect([status, err]).toEqual([0, '']);
    expect(out).toContain('usage: vivarium [options]');
  });
});

describe('standard output', () => {
  it('holds what the guest writes, and nothing else', async () => {
    const child = start(temporaryDirectory(), '-serial', 'stdio', '-monitor', 'none', ...KERNEL);
    const out = text(child.stdout);
    child.stdin.write('hello\n');
    await once(child.stdout, 'data');
    child.stdin.write('exit 0\n');
    expect(await out).toBe('hello\n');
  });
});

describe('-daemonize', () => {
  it('comes back when clients can connect, and lets go of its output', async () => {
    const directory = temporaryDirectory();
    const child = start(directory, '-daemonize', ...KERNEL, '-pidfile', 'pid', '-qmp', 'unix:q,server=on,wait=off');
    const [out, err, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    expect([out, err, status]).toEqual(['', '', 0]);
    expect(existsSync(join(directory, 'q'))).toBe(true);
    const pid = Number(readFileSync(join(directory, 'pid'), 'utf8'));
    expect(pid).not.toBe(child.pid);
    process.kill(pid, 'SIGTERM');
    await vi.waitFor(() => expect(existsSync(join(directory, 'pid'))).toBe(false), { timeout: 10_000 });
  });

  it('tells why the daemon could not start', async () => {
    expect(await run(['-daemonize', '-kernel', 'nosuch'])).toMatchObject({
      status: 1,
      err: "vivarium: could not load kernel 'nosuch': No such file or directory\n",
    });
  });
});
