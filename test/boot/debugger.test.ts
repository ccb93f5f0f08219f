/** Debian's kernel under gdb, while it runs. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { eventually, qmpClient } from '../support/daemon.ts';
import { requireGdb, startGdb } from '../support/gdb.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { bootLinux, PATIENCE_MS, TROUBLE } from './guest.ts';
import { requireAssembler, writeSymbols } from './kernel-symbols.ts';
import { bootFiles } from './packages.ts';

const files = bootFiles()!;
const canDebug = requireGdb() && requireAssembler();

describe.skipIf(!files || !canDebug)('Linux', { timeout: 2 * PATIENCE_MS }, () => {
  test('is debugged while it runs', async () => {
    const folder = temporaryDirectory();
    const [socket, debugger_, elf] = ['qmp', 'gdb', 'kernel.elf'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const guest = await bootLinux(files, [
      ...['-smp', '2', '-qmp', `unix:${socket},server=on,wait=off`, '-gdb', `unix:${debugger_},server=on,wait=off`],
    ]);
    const work = 'seq 1 100000 | sha256sum';
    const expected = await guest.type(work);
    const calls = ['handle_exception', 'do_trap_ecall_u', '__riscv_sys_openat', 'do_sys_openat2'];
    writeSymbols(elf, await guest.type(`grep -E ' (_stext|${calls.join('|')})$' /proc/kallsyms`));

    const client = await qmpClient(socket);
    const { ended } = startGdb(debugger_, elf, [
      ...['hbreak do_sys_openat2', 'continue', 'backtrace', 'x/s $a1', 'info registers priv', 'stepi 100', 'delete'],
      ...['watch *(long *)$sp', 'continue', 'delete', 'info threads', 'detach'],
    ]);
    await eventually(() => client.events.some(({ event }) => event === 'RESUME'));
    expect(await guest.type('cat /proc/version')).toMatch(/^Linux version /);
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
    expect(await guest.type(work)).toBe(expected);
    expect(await guest.type('dmesg')).not.toMatch(TROUBLE);
    expect(await guest.end('poweroff -f')).toBe(0);
  });
});
