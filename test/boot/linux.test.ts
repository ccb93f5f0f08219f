/** Debian's firmware and kernel as they are, with a shell of busybox. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DaemonProcess, qmpClient, startDaemon } from '../support/daemon.ts';
import { archive } from './initramfs.ts';
import { bootFiles } from './packages.ts';

const PROMPT = 'vivarium# ';
const BOOT_MS = 240_000;
/** What no kernel log should say. */
const TROUBLE = /\bBUG:|\bOops\b|rcu.*stall|soft lockup|Call Trace|Kernel panic/i;

const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
export PS1='${PROMPT}'
exec setsid sh -c 'exec sh -i </dev/ttyS0 >/dev/ttyS0 2>&1'
`;

const files = bootFiles();

interface Guest {
  readonly daemon: DaemonProcess;
  /** Types a line and resolves with what is printed until the next prompt. */
  type(line: string): Promise<string>;
}

/** Resolves when `look` finds something in what has been printed from `from` on. */
async function waitFor(daemon: DaemonProcess, from: number, look: (text: string) => boolean): Promise<string> {
  const end = Date.now() + BOOT_MS;
  for (;;) {
    const text = daemon.out().slice(from);
    if (look(text)) return text;
    if (Date.now() > end) throw new Error(`the guest is silent after: ${text.slice(-1500)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe.skipIf(!files)('Debian', () => {
  let folder: string;
  let initrd: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vivarium-'));
    initrd = join(folder, 'initrd');
    const folders = ['bin', 'dev', 'proc', 'sys', 'tmp'].map((path) => ({ path }));
    const busybox = { path: 'bin/busybox', bytes: readFileSync(files!.busybox) };
    writeFileSync(initrd, archive([...folders, busybox, { path: 'init', bytes: Buffer.from(INIT) }]));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function boot(smp: number, more: readonly string[] = []): Promise<Guest> {
    const daemon = startDaemon([
      ...['-smp', `${smp}`, '-m', '512M', '-serial', 'stdio', '-monitor', 'none'],
      ...['-bios', files!.firmware, '-kernel', files!.kernel, '-initrd', initrd, '-append', 'console=ttyS0'],
      ...more,
    ]);
    await waitFor(daemon, 0, (text) => text.includes(PROMPT));
    return {
      daemon,
      async type(line) {
        const from = daemon.out().length;
        daemon.child.stdin.write(`${line}\n`);
        const text = await waitFor(daemon, from, (printed) => printed.includes(PROMPT));
        return text.replaceAll('\r', '').split('\n').slice(1, -1).join('\n');
      },
    };
  }

  test.each([1, 2, 4])('boots on %d harts to a shell, and powers off', { timeout: 2 * BOOT_MS }, async (smp) => {
    const { daemon, type } = await boot(smp);
    expect(await type('grep -c ^processor /proc/cpuinfo')).toBe(`${smp}`);
    expect(await type('nproc')).toBe(`${smp}`);
    expect(await type('dmesg')).not.toMatch(TROUBLE);
    daemon.child.stdin.write('poweroff -f\n');
    expect(await daemon.ended).toBe(0);
  });

  test('reboots', { timeout: 2 * BOOT_MS }, async () => {
    const { daemon } = await boot(1);
    const from = daemon.out().length;
    daemon.child.stdin.write('reboot -f\n');
    await waitFor(daemon, from, (text) => text.includes(PROMPT));
    daemon.child.stdin.write('poweroff -f\n');
    expect(await daemon.ended).toBe(0);
  });

  test('computes the same while plugins come and go', { timeout: 2 * BOOT_MS }, async () => {
    const socket = join(folder, 'qmp');
    const { daemon, type } = await boot(2, ['-qmp', `unix:${socket},server=on,wait=off`]);
    const client = await qmpClient(socket);
    const work = 'seq 1 200000 | sha256sum';
    const expected = await type(work);
    expect(expected).toMatch(/^[\da-f]{64} /);

    let finished = false;
    const both = type(`for n in 1 2 3 4; do ${work} & ${work}; wait; done`).finally(() => {
      finished = true;
    });
    let loads = 0;
    const plugins: readonly (readonly [string, readonly string[]])[] = [
      ['icount', []],
      ['hotblocks', []],
      ['memtrace', ['low=0x80200000', 'high=0x80201000']],
    ];
    while (!finished || loads < plugins.length) {
      const [path, args] = plugins[loads++ % plugins.length]!;
      const { id } = (await client.execute('instr-load', { path, args })) as { id: string };
      expect(await client.execute('query-instr')).toMatchObject([{ id, state: 'active' }]);
      await client.execute('instr-unload', { id });
    }
    const sums = (await both).split('\n').filter((line) => /^[\da-f]{64}/.test(line));
    expect(sums.length).toBe(8);
    expect(new Set(sums)).toEqual(new Set([expected]));
    expect(loads).toBeGreaterThan(5);
    expect(await type('dmesg')).not.toMatch(TROUBLE);
    daemon.child.stdin.write('poweroff -f\n');
    expect(await daemon.ended).toBe(0);
  });

  test('its U-Boot comes to its prompt', { timeout: 2 * BOOT_MS }, async () => {
    const daemon = startDaemon([
      ...['-m', '256M', '-serial', 'stdio', '-monitor', 'none', '-bios', files!.firmware, '-kernel', files!.uBoot],
    ]);
    await waitFor(daemon, 0, (text) => text.includes('Hit any key'));
    daemon.child.stdin.write(' ');
    await waitFor(daemon, 0, (text) => text.includes('=> '));
    const from = daemon.out().length;
    daemon.child.stdin.write('version\n');
    expect(await waitFor(daemon, from, (text) => text.includes('=> '))).toMatch(/U-Boot 20\d\d/);
    daemon.child.stdin.write('poweroff\n');
    expect(await daemon.ended).toBe(0);
  });
});
