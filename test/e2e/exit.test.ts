/** From the command line to the exit status. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LAUNCHER, runDaemon, startDaemon } from '../support/daemon.ts';
import { kernelBytes, testFile } from '../support/guest-machine.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { makeElf } from '../unit/machine/make-elf.ts';

const guest = (name: string): string[] => ['-nographic', '-kernel', testFile(`guests/${name}.elf`)];

describe('the exit status', () => {
  test('is what the guest gives to the finisher', async () => {
    expect(await runDaemon(guest('bin/exit42'))).toEqual({ status: 42, out: '', err: '' });
  });

  test('is 0 where all went well, and the console is standard output', async () => {
    expect(await runDaemon(['-smp', '2', ...guest('bin/coremark-like')])).toMatchObject({
      status: 0,
      out: expect.stringMatching(/^coremark-like checksum=000000002dfba28c .*\r?\n$/),
      err: '',
    });
  });

  test('is that of a guest at the end of a pipe', async () => {
    const { child, ended, out } = startDaemon(['-nographic', ...guest('bin/echo')]);
    child.stdin.write('hello\nq');
    expect(await ended).toBe(0);
    expect(out()).toBe('hello\nq');
  });

  test('comes through the launcher, with the guest of our own', async () => {
    const { child, ended, printed, err } = startDaemon(['-nographic', '-smp', '2'], { command: [LAUNCHER] });
    await printed('Type `help`');
    child.stdin.write('exit 7\r');
    expect(await ended).toBe(7);
    expect(err()).toBe('');
  });

  test('is 0 after a reset that ends the guest with -no-reboot', async () => {
    const { child, ended, printed } = startDaemon([...guest('demo'), '-no-reboot']);
    await printed('Type `help`');
    child.stdin.write('reset\r');
    expect(await ended).toBe(0);
  });
});

describe('what cannot be run', () => {
  /** Files that are not what they should be. */
  function files(): string {
    const directory = temporaryDirectory();
    const write = (name: string, bytes: Uint8Array): void => writeFileSync(join(directory, name), bytes);
    const elf = kernelBytes('guests/bin/exit42.elf');
    write('truncated.elf', elf.subarray(0, 300));
    write('header.elf', elf.subarray(0, 40));
    write('x86.elf', makeElf({ machine: 62 }));
    write('nowhere.elf', makeElf({ segments: [{ virtual: 0x1_0000_0000n, bytes: new Uint8Array(16) }] }));
    write('large', new Uint8Array(65 << 20));
    return directory;
  }

  // biome-ignore format: a case a line
  const CASES: readonly (readonly [argv: readonly string[], reason: string])[] = [
    [['-kernel', 'nosuch'], "could not load kernel 'nosuch': No such file or directory"],
    [['-kernel', 'truncated.elf'], 'truncated.elf: is truncated: the segment for 0x80000000 should end at byte '],
    [['-kernel', 'header.elf'], 'header.elf: is truncated: the ELF header should end at byte 64, but the file has only 40'],
    [['-kernel', 'x86.elf'], 'x86.elf: is for x86-64; this machine needs an ELF file for RISC-V'],
    [['-kernel', 'nowhere.elf'], 'kernel nowhere.elf needs 0x100000000 to 0x10000000f, but RAM is 0x80000000 to 0x87ffffff'],
    [['-m', '64M', '-kernel', 'large'], 'kernel large needs 0x80000000 to 0x840fffff, but RAM is 0x80000000 to 0x83ffffff'],
    [['-m', '64G'], "machine 'virt' takes 64 MiB to 2048 MiB of RAM, and -m asks for 65536 MiB"],
    [['-qmp', 'unix:nosuch/q,server=on,wait=off'], '-qmp unix:nosuch/q,server=on,wait=off: Failed to bind socket to nosuch/q: No such file or directory'],
    [['-instr', 'nosuch.ts'], '-instr nosuch.ts: Error loading library: nosuch.ts: No such file or directory'],
    [['-instr', 'icount,arg=vcpu=x'], "-instr icount,arg=vcpu=x: Library initialization returned non-zero: icount: argument 'vcpu': 'x' is not an integer"],
  ];

  test('ends with status 1 and one line that says why', async () => {
    const cwd = files();
    for (const [argv, reason] of CASES) {
      const { status, out, err } = await runDaemon(['-display', 'none', ...argv], { cwd });
      expect(err, argv.join(' ')).toMatch(/^vivarium: .*\n$/);
      expect(err, argv.join(' ')).toContain(`vivarium: ${reason}`);
      expect([status, out], argv.join(' ')).toEqual([1, '']);
    }
  });
});
