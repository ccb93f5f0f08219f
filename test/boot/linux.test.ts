/** Debian's firmware and kernel as they are, with a shell of busybox. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DaemonProcess, eventually, qmpClient, startDaemon } from '../support/daemon.ts';
import { requireGdb, startGdb } from '../support/gdb.ts';
import { archive } from './initramfs.ts';
import { requireAssembler, writeSymbols } from './kernel-symbols.ts';
import { bootFiles } from './packages.ts';

const PROMPT = 'vivarium# ';
const BOOT_MS = 240_000;
/** Plugins that come and go while the guest computes. */
const LOADS = 12;
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

  function start(smp: number, more: readonly string[] = []): Guest {
    const daemon = startDaemon([
      ...['-smp', `${smp}`, '-m', '512M', '-serial', 'stdio', '-monitor', 'none'],
      ...['-bios', files!.firmware, '-kernel', files!.kernel, '-initrd', initrd, '-append', 'console=ttyS0'],
      ...more,
    ]);
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

  async function boot(smp: number, more: readonly string[] = []): Promise<Guest> {
    const guest = start(smp, more);
    await waitFor(guest.daemon, 0, (text) => text.includes(PROMPT));
    return guest;
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
    const work = 'seq 1 100000 | sha256sum';
    const expected = await type(work);
    expect(expected).toMatch(/^[\da-f]{64} /);

    const both = type(`for n in 1 2 3; do ${work} & ${work}; wait; done`);
    const plugins: readonly (readonly [string, readonly string[]])[] = [
      ['icount', []],
      ['hotblocks', []],
      ['memtrace', ['low=0x80200000', 'high=0x80201000']],
    ];
    for (let load = 0; load < LOADS; load++) {
      const [path, args] = plugins[load % plugins.length]!;
      const { id } = (await client.execute('instr-load', { path, args })) as { id: string };
      expect(await client.execute('query-instr')).toMatchObject([{ id, state: 'active' }]);
      await client.execute('instr-unload', { id });
    }
    const sums = (await both).split('\n').filter((line) => /^[\da-f]{64}/.test(line));
    expect(sums.length).toBe(6);
    expect(new Set(sums)).toEqual(new Set([expected]));
    expect(await type('dmesg')).not.toMatch(TROUBLE);
    daemon.child.stdin.write('poweroff -f\n');
    expect(await daemon.ended).toBe(0);
  });

  const canDebug = requireGdb() && requireAssembler();
  test.skipIf(!canDebug)('is debugged while it runs', { timeout: 2 * BOOT_MS }, async () => {
    const socket = join(folder, 'debugged');
    const debugger_ = join(folder, 'gdb');
    const { daemon, type } = await boot(2, [
      ...['-qmp', `unix:${socket},server=on,wait=off`, '-gdb', `unix:${debugger_},server=on,wait=off`],
    ]);
    const work = 'seq 1 100000 | sha256sum';
    const expected = await type(work);
    const calls = ['handle_exception', 'do_trap_ecall_u', '__riscv_sys_openat', 'do_sys_openat2'];
    const elf = join(folder, 'kernel.elf');
    const known = await type(`grep -E ' (_stext|${calls.join('|')})$' /proc/kallsyms`);
    writeSymbols(elf, known);

    const client = await qmpClient(socket);
    const { ended } = startGdb(debugger_, elf, [
      ...['hbreak do_sys_openat2', 'continue', 'backtrace', 'x/s $a1', 'info registers priv', 'stepi 100', 'delete'],
      ...['watch *(long *)$sp', 'continue', 'delete', 'info threads', 'detach'],
    ]);
    await eventually(() => client.events.some(({ event }) => event === 'RESUME'));
    expect(await type('cat /proc/version')).toMatch(/^Linux version /);
    const out = await ended;
    const [exception, trap, call, open] = calls;
    expect(out).toMatch(
      new RegExp(
        `#0 +0x[\\da-f]+ in ${open} \\(\\)\\n#1 .* in ${call} \\(\\)\\n#2 .* in ${trap} \\(\\)\\n#3 .* in ${exception} `,
      ),
    );
    expect(out).toContain('"/proc/version"');
    expect(out).toMatch(/priv +0x1\tprv:1 \[Supervisor\]/);
    expect(out).toMatch(/Thread [12] hit (?:Hardware w|W)atchpoint 2: /);
    expect(out).toMatch(/ 1 +Thread 1\.1 .*\n.* 2 +Thread 1\.2 /);
    expect(await type(work)).toBe(expected);
    expect(await type('dmesg')).not.toMatch(TROUBLE);
    daemon.child.stdin.write('poweroff -f\n');
    expect(await daemon.ended).toBe(0);
  });

  test('goes on computing from a snapshot when its daemon has been killed', { timeout: 2 * BOOT_MS }, async () => {
    const socket = join(folder, 'qmp-snapshots');
    const options = ['-snapshots', join(folder, 'snapshots'), '-qmp', `unix:${socket},server=on,wait=off`];
    const { daemon, type } = await boot(2, options);
    const work = 'seq 1 5000 | sha256sum';
    const expected = await type(work);
    expect(expected).toMatch(/^[\da-f]{64} /);
    const rounds = (loop: string): string => `for n in $(seq 1 8); do echo ${loop}$n $(${work}); done`;
    const from = daemon.out().length;
    daemon.child.stdin.write(`${rounds('a')} & ${rounds('b')}; wait; echo all $((6 * 7))\n`);
    await waitFor(daemon, from, (text) => /^a2 /m.test(text) && /^b2 /m.test(text));
    const client = await qmpClient(socket);
    expect(await client.execute('human-monitor-command', { 'command-line': 'savevm working' })).toBe('');
    const printed = daemon.out().slice(from);
    daemon.child.kill('SIGKILL');
    await daemon.ended;

    const again = start(2, [...options, '-loadvm', 'working']);
    const rest = await waitFor(again.daemon, 0, (text) => text.includes('all 42') && text.includes(PROMPT));
    expect(rest).not.toContain('Linux version');
    // What came between the snapshot and the end of the first daemon comes twice; a line may have been in the midst.
    const text = `${printed}${rest}\n${printed}\n${rest}`;
    const found = Array.from(text.matchAll(/^([ab]\d+) ([\da-f]{64}) /gm), ([, round, sum]) => ({ round, sum }));
    expect(new Set(found.map(({ round }) => round)).size).toBe(16);
    expect(new Set(found.map(({ sum }) => sum))).toEqual(new Set([expected.slice(0, 64)]));
    expect(await again.type('dmesg')).not.toMatch(TROUBLE);
    again.daemon.child.stdin.write('poweroff -f\n');
    expect(await again.daemon.ended).toBe(0);
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
