/** The guest programs on a machine that is not ours: what fails here is wrong with the program. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { requireTool } from '../support/tools.ts';

const QEMU = 'qemu-system-riscv64';
const guest = (name: string): string => join(import.meta.dirname, name);

interface Outcome {
  readonly output: string;
  readonly exitCode: number | null;
}

type Step = readonly [after: string, text: string | 'kill'];

/** Runs `elf` with a vCPU for each hart; types the text of each step as soon as that before it has appeared. */
function run(elf: string, harts: number, steps: readonly Step[] = []): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const machine = ['-M', 'virt', '-smp', `${harts}`, '-bios', 'none', '-nographic', '-monitor', 'none'];
    const qemu = spawn(QEMU, [...machine, '-kernel', guest(elf)], { timeout: 60_000 });
    const waiting = [...steps];
    let output = '';
    let seen = 0;
    const proceed = (): void => {
      for (let step = waiting[0]; step && output.includes(step[0], seen); step = waiting[0]) {
        const [after, text] = step;
        seen = output.indexOf(after, seen) + after.length;
        if (text === 'kill') qemu.kill();
        else qemu.stdin.write(text);
        waiting.shift();
      }
    };
    qemu.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      proceed();
    });
    qemu.on('spawn', proceed);
    qemu.on('error', reject).on('close', (exitCode) => resolve({ output, exitCode }));
  });
}

describe.skipIf(!requireTool(QEMU, 'qemu-system-misc'))('on QEMU', () => {
  test('exit42 ends with its exit code', async () => {
    expect((await run('bin/exit42.elf', 1)).exitCode).toBe(42);
  });

  test.each([1, 2, 4])('traps passes on %d harts', async (harts) => {
    const { output, exitCode } = await run('bin/traps.elf', harts);
    expect(output).toMatch(/^traps: 5\d checks, 0 failed$/m);
    expect(exitCode).toBe(0);
  });

  test.each([1, 2, 4])('the checksums of atomics and smc do not depend on the number of harts: %d', async (harts) => {
    expect(await run('bin/atomics.elf', harts)).toMatchObject({
      output: expect.stringContaining('atomics checksum=83d08cb4ece26c42'),
      exitCode: 0,
    });
    expect(await run('bin/smc.elf', harts)).toMatchObject({
      output: expect.stringContaining('smc checksum=000000ddf6498de0'),
      exitCode: 0,
    });
  });

  test('coremark-like has the checksum that it expects', async () => {
    expect((await run('bin/coremark-like.elf', 1)).exitCode).toBe(0);
  });

  test('atomics2 says that it needs two harts', async () => {
    const { output, exitCode } = await run('../bench/bin/atomics2.elf', 1);
    expect(output).toContain('atomics2 needs 2 harts, the machine has 1');
    expect(exitCode).toBe(1);
  });

  test('the demo works, answers, survives a crash in user mode and ends', async () => {
    const { output, exitCode } = await run('demo.elf', 2, [
      ['Type `help`', 'stop\r'],
      ['stopped', 'run sort 5\r'],
      ['sort          5 rounds on each of 2 harts, all right', 'run atomics 3\r'],
      ['atomics       3 rounds on each of 2 harts, all right', 'status\r'],
      ['stopped', 'crash\r'],
      ['mtval  00000000ffffffff', 'run nowhere\r'],
      ['`nowhere`: expected a phase', 'exit 7\r'],
    ]);
    expect(output).toContain('Vivarium demo guest on 2 harts');
    expect(output).toContain('trap out of user mode: illegal instruction');
    expect(exitCode).toBe(7);
  });

  test('echo sends back what it gets, up to q', async () => {
    const { output, exitCode } = await run('bin/echo.elf', 1, [['', 'hello\nq!']]);
    expect(output).toBe('hello\nq');
    expect(exitCode).toBe(0);
  });

  test('spin says how many harts spin', async () => {
    expect((await run('bin/spin.elf', 3, [['harts', 'kill']])).output).toContain('spin: 3 harts');
  });
});
