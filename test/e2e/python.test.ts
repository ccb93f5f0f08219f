/** QEMU's own QMP library for Python, and the shell that comes with it, from Debian's package. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Apt } from '../boot/apt.ts';
import { CACHE } from '../boot/packages.ts';
import { qmpClient, startDaemon } from '../support/daemon.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { requireTool } from '../support/tools.ts';

/** The suite that has the package. */
const SUITE = 'sid';
const PACKAGE = 'python3-qemu-qmp';

/**
 * Where Python finds the library, undefined where it cannot be had, which is said loudly.
 * @throws Error in that case where the environment variable CI is set
 */
function pythonPath(): string | undefined {
  const folder = join(CACHE, PACKAGE);
  const path = join(folder, 'usr/lib/python3/dist-packages');
  if (existsSync(join(path, 'qemu/qmp'))) return path;
  try {
    mkdirSync(folder, { recursive: true });
    // Lists of its own: other tests may be fetching at the same time.
    new Apt(SUITE, join(CACHE, 'apt', PACKAGE)).unpack([PACKAGE], folder);
    return path;
  } catch (error) {
    const missing = `Debian's package ${PACKAGE} cannot be had: ${(error as Error).message}`;
    if (process.env.CI) throw new Error(missing);
    console.warn(`\n*** SKIPPED *** ${missing}\n`);
    return undefined;
  }
}

const hasTools = ['python3', 'apt-get', 'dpkg-deb'].every((tool) =>
  requireTool(tool, tool === 'python3' ? tool : tool.slice(0, tool.indexOf('-'))),
);
const PYTHONPATH = hasTools ? pythonPath() : undefined;

/** Runs Python to its end. @returns what it prints, errors last */
async function python(argv: readonly string[], input = ''): Promise<string> {
  const child: ChildProcessWithoutNullStreams = spawn('python3', argv, {
    env: { ...process.env, PYTHONPATH, HOME: temporaryDirectory(), TERM: 'dumb' },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  child.stdin.end(input);
  await once(child, 'close');
  return out + err;
}

/** A daemon that takes clients at the path. */
async function serve() {
  const path = join(temporaryDirectory(), 'qmp');
  const daemon = startDaemon(['-display', 'none', '-nodefaults', '-S', '-qmp', `unix:${path},server=on,wait=off`]);
  (await qmpClient(path)).close();
  return { daemon, path };
}

describe.skipIf(PYTHONPATH === undefined)('qemu.qmp', () => {
  test('qmp-shell, with its syntax for arguments', async () => {
    const { path } = await serve();
    const commands = [
      'query-status',
      'trace-event-get-state name=riscv_trap',
      'chardev-add id=log backend={"type":"ringbuf","data":{}}',
      'chardev-add id=socket backend.type=nosuch backend.data.path=x',
      'nosuch',
    ];
    const printed = await python(['-m', 'qemu.qmp.qmp_shell', path], `${commands.join('\n')}\n`);
    expect(printed).toContain('Connected to QEMU 10.0.0');
    for (const reply of [
      '{"return": {"running": false, "status": "prelaunch"}}',
      '{"return": [{"name": "riscv_trap", "state": "disabled"}]}',
      '{"return": {}}',
      `{"error": {"class": "GenericError", "desc": "Parameter 'type' does not accept value 'nosuch'"}}`,
      '"desc": "The command nosuch has not been found"',
    ]) {
      expect(printed).toContain(reply);
    }
  });

  test('the shell as a human monitor', async () => {
    const { path } = await serve();
    const printed = await python(['-m', 'qemu.qmp.qmp_shell', '-H', path], 'info status\nprint 1+1\n');
    expect(printed).toMatch(/VM status: paused \(prelaunch\)[\s\S]*0x2/);
  });

  test('the library: commands, events, errors and out-of-band execution', async () => {
    const { daemon, path } = await serve();
    const script = `
import asyncio, sys
from qemu.qmp import ExecuteError, QMPClient

async def main():
    client = QMPClient('test')
    await client.connect(sys.argv[1])
    print(client.greeting.QMP.capabilities)
    print(await client.execute('query-status'))
    with client.listener(('STOP', 'RESUME')) as listener:
        await client.execute('cont')
        await client.execute('stop')
        print((await listener.get())['event'], (await listener.get())['event'])
    print(await client.execute('query-yank', oob=True))
    try:
        await client.execute('nosuch')
    except ExecuteError as error:
        print(error.error_class, error)
    await client.execute('quit')
    try:
        await client.disconnect()
    except EOFError:
        pass  # The daemon was first.

asyncio.run(main())
`;
    expect((await python(['-c', script, path])).split('\n')).toEqual([
      "['oob']",
      "{'running': False, 'status': 'prelaunch'}",
      'RESUME STOP',
      "[{'type': 'chardev', 'id': 'compat_monitor0'}]",
      'CommandNotFound The command nosuch has not been found',
      '',
    ]);
    expect(await daemon.ended).toBe(0);
  });
});
