/** The guest programs on a machine that is not ours: what fails here is wrong with the program. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { requireTool } from '../support/tools.ts';
import { SESSIONS, type Step } from './sessions.ts';

const QEMU = 'qemu-system-riscv64';
const guest = (name: string): string => join(import.meta.dirname, name);

interface Outcome {
  readonly output: string;
  readonly exitCode: number | null;
}

/** Runs `elf` with a vCPU for each hart, step by step. */
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
  describe.each(SESSIONS)('$elf', ({ elf, harts, steps, shows = [], output, exitCode }) => {
    test.each(harts)('on %d harts', async (count) => {
      const found = await run(elf, count, steps);
      for (const text of shows) expect(found.output).toMatch(text);
      if (output !== undefined) expect(found.output).toBe(output);
      if (exitCode !== undefined) expect(found.exitCode).toBe(exitCode);
    });
  });
});
