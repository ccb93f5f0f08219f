/** gdb looks into guests of the daemon, and leaves them as they were. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type DaemonProcess, eventually, qmpClient, startDaemon } from '../support/daemon.ts';
import { requireGdb, runGdb, startGdb } from '../support/gdb.ts';
import { testFile } from '../support/guest-machine.ts';
import type { QmpClient } from '../support/qmp-client.ts';
import { temporaryDirectory } from '../support/temporary.ts';

interface Debuggee {
  readonly daemon: DaemonProcess;
  readonly elf: string;
  /** Has gdb connect and do `commands`. */
  gdb(...commands: string[]): Promise<string>;
  /** Where it connects to. */
  readonly socket: string;
  qmp(): Promise<QmpClient>;
}

/** A guest that serves gdb on a socket, and QMP on another. */
function debuggee(name: string, ...options: string[]): Debuggee {
  const directory = temporaryDirectory();
  const path = (file: string): string => join(directory, file);
  const elf = testFile(`guests/${name}.elf`);
  const daemon = startDaemon([
    ...['-kernel', elf, '-nographic', '-monitor', 'none'],
    ...['-gdb', `unix:${path('gdb')},server=on,wait=off`, '-qmp', `unix:${path('qmp')},server=on,wait=off`],
    ...options,
  ]);
  const qmp = (): Promise<QmpClient> => qmpClient(path('qmp'));
  return {
    daemon,
    elf,
    socket: path('gdb'),
    async gdb(...commands) {
      // Whoever is served on one socket is served on the other.
      (await qmp()).close();
      return runGdb(path('gdb'), elf, commands);
    },
    qmp,
  };
}

describe.skipIf(!requireGdb())('gdb', () => {
  test('stops a guest where it says, and the guest comes to its end as without', async () => {
    const { daemon, gdb } = debuggee('bin/coremark-like', '-S');
    const out = await gdb(
      ...['break mixed_run', 'continue', 'backtrace', 'info registers pc a1', 'x/2i $pc', 'delete'],
      ...['stepi', 'stepi 3', 'hbreak uart_putc', 'continue', 'backtrace', 'finish', 'info registers mcause priv'],
      ...['print $fa0', 'print/x $mtvec', 'print $mhartid = 5', 'delete', 'detach'],
    );
    expect(out).toMatch(/Breakpoint 1, 0x[\da-f]+ in mixed_run \(\)/);
    expect(out).toMatch(/#0 +0x[\da-f]+ in mixed_run \(\)\n#1 +0x[\da-f]+ in run \(\)\n#2 +0x[\da-f]+ in main \(\)/);
    expect(out).toMatch(/pc +(0x[\da-f]+)\t\1 <mixed_run/);
    expect(out).toMatch(/a1 +0x28\t40\n/);
    expect(out).toMatch(/=> 0x[\da-f]+ <mixed_run>:\tbeqz\ta1,/);
    expect(out).toMatch(/Breakpoint 2, 0x[\da-f]+ in uart_putc \(\)/);
    expect(out).toMatch(/#0 +0x[\da-f]+ in uart_putc \(\)\n#1 +0x[\da-f]+ in printf \(\)\n#2 +0x[\da-f]+ in main \(\)/);
    expect(out).toMatch(/ in main \(\)\n0x[\da-f]+ in printf \(\)\n/);
    expect(out).toMatch(/mcause +0x0\t0\npriv +0x3\tprv:3 \[Machine\]\n/);
    expect(out).toContain('{float = 0, double = 0}');
    expect(out).toMatch(/= 0x80[\da-f]{6}\n/);
    expect(out).toContain('Could not write register "mhartid"');
    expect(out).toContain('[Inferior 1 (process 1) detached]');
    expect(await daemon.ended).toBe(0);
    expect(daemon.out()).toMatch(/^coremark-like checksum=000000002dfba28c /);
    expect(daemon.err()).toBe('');
  });

  test('watches memory that two vCPUs write', async () => {
    const { daemon, gdb } = debuggee('bin/atomics', '-S', '-smp', '2');
    const out = await gdb(
      ...['watch *(unsigned *)&shared', 'continue', 'continue', 'x/i $pc', 'delete'],
      ...['rwatch *((unsigned long *)&shared + 1)', 'continue', 'delete'],
      ...['awatch *(unsigned *)&lock', 'continue', 'delete', 'detach'],
    );
    expect(
      out.match(/Thread [12] hit Hardware watchpoint 1: \*\(unsigned \*\)&shared\n\nOld value = \d+\n/g),
    ).toHaveLength(2);
    expect(out).toMatch(/Old value = 0\nNew value = (\d+)\n(?:.*\n)*\nOld value = \1\n/);
    expect(out).toMatch(/Thread [12] hit Hardware read watchpoint 2: /);
    expect(out).toMatch(/Thread [12] hit Hardware access \(read\/write\) watchpoint 3: \*\(unsigned \*\)&lock\n/);
    expect(await daemon.ended).toBe(0);
    expect(daemon.out()).toBe('atomics checksum=83d08cb4ece26c42\r\n');
  });

  test('sees the guest to its end, with its exit status', async () => {
    const { daemon, gdb } = debuggee('bin/exit42', '-S');
    const out = await gdb('break main', 'continue', 'delete', 'continue');
    expect(out).toMatch(/Breakpoint 1, 0x[\da-f]+ in main \(\)/);
    expect(out).toContain('[Inferior 1 (process 1) exited with code 052]');
    expect(await daemon.ended).toBe(42);
  });

  test('attaches to a running guest, one debugger after the other', async () => {
    const { daemon, gdb, qmp } = debuggee('demo', '-smp', '2');
    await daemon.printed('Type `help`');
    const client = await qmp();

    const first = await gdb('info threads', 'thread 2', 'print $mhartid', 'hbreak shell_poll', 'monitor info status');
    expect(first).toMatch(/\* 1 +Thread 1\.1 \(CPU#0 \[(?:running|halted )\]\) .*\n +2 +Thread 1\.2 \(CPU#1 /);
    expect(first).toMatch(/\[Switching to thread 2 \(Thread 1\.2\)\]\n/);
    expect(first).toContain('$1 = 1\n');
    expect(first).toContain('VM status: paused\r\n');
    // At its end gdb detaches by itself.
    expect(await client.execute('query-status')).toEqual({ running: true, status: 'running' });

    const second = await gdb('hbreak schedule_step', 'continue', 'monitor info status', 'print $pc', 'stepi', 'detach');
    expect(second).toMatch(/Thread [12] hit Breakpoint 1, (0x[\da-f]+) in schedule_step \(\)\n/);
    expect(second).toContain('VM status: paused (debug)\r\n');
    expect(second).toMatch(/= \(void \(\*\)\(\)\) 0x[\da-f]+ <schedule_step/);
    expect(client.events.filter(({ event }) => event === 'STOP').length).toBeGreaterThan(2);
    expect(await client.execute('query-status')).toEqual({ running: true, status: 'running' });

    const line = await client.execute('human-monitor-command', { 'command-line': 'gdbserver none' });
    expect(line).toBe('Disabled gdbserver\r\n');
    expect(await gdb('info threads')).toContain('No such file or directory');
    daemon.child.stdin.write('exit 7\r');
    expect(await daemon.ended).toBe(7);
  });

  test('is served where a monitor says', async () => {
    const { daemon, elf, qmp } = debuggee('demo');
    await daemon.printed('Type `help`');
    const client = await qmp();
    const socket = join(temporaryDirectory(), 'other');
    await client.execute('human-monitor-command', { 'command-line': `gdbserver unix:${socket},server=on` });
    expect(await runGdb(socket, elf, ['print $mhartid', 'detach'])).toContain('$1 = 0\n');
    await client.execute('quit');
    expect(await daemon.ended).toBe(0);
  });

  test('interrupts a guest that runs', async () => {
    const { daemon, elf, socket, qmp } = debuggee('bin/spin', '-smp', '2');
    await daemon.printed('spin: 2 harts');
    const client = await qmp();
    const stops = (): number => client.events.filter(({ event }) => event === 'STOP').length;
    const resumes = (): number => client.events.filter(({ event }) => event === 'RESUME').length;
    const { child, ended } = startGdb(socket, elf, ['continue', 'info threads', 'detach']);
    await eventually(() => stops() === 1 && resumes() === 1);
    child.kill('SIGINT');
    const out = await ended;
    expect(out).toMatch(/received signal SIGINT, Interrupt\./);
    expect(out.match(/in spin \(\)/g)!.length).toBeGreaterThan(1);
    expect(await client.execute('query-status')).toEqual({ running: true, status: 'running' });
  });

  test('that is killed leaves the guest as it is, without breakpoints', async () => {
    const { daemon, elf, socket, qmp } = debuggee('bin/spin', '-smp', '2');
    await daemon.printed('spin: 2 harts');
    const client = await qmp();
    const { child, ended } = startGdb(socket, elf, ['hbreak printf', 'continue']);
    await eventually(() => client.events.some(({ event }) => event === 'RESUME'));
    child.kill('SIGKILL');
    await ended;
    expect(await client.execute('query-status')).toEqual({ running: true, status: 'running' });
    expect(await runGdb(socket, elf, ['info threads'])).toContain('Thread 1.2');
  });
});
