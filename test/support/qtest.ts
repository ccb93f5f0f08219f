/**
 * QEMU's `virt` board without a guest: its registers, driven through the protocol `qtest`. Legacy virtio is switched off.
 * QEMU, "QTest Device Emulation Testing Framework", section "QTest Protocol".
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import type { DrivenBoard } from './virtio-driver.ts';

const SUFFIX: Readonly<Record<number, string>> = { 1: 'b', 2: 'w', 4: 'l', 8: 'q' };

/** A board that goes away when the test that calls this has finished. */
export function qtestBoard(...options: string[]): DrivenBoard {
  const fixed = ['-M', 'virt', '-S', '-display', 'none', '-bios', 'none', '-qtest', 'stdio', '-qtest-log', '/dev/null'];
  const modern = ['-global', 'virtio-mmio.force-legacy=false'];
  const qemu = spawn('qemu-system-riscv64', [...fixed, ...modern, ...options], { stdio: 'pipe' });
  onTestFinished(() => void qemu.kill());
  const waiting: ((line: string) => void)[] = [];
  createInterface(qemu.stdout).on('line', (line) => waiting.shift()?.(line));
  let complaints = '';
  qemu.stderr.on('data', (text) => {
    complaints += text;
  });
  qemu.on('exit', () => {
    for (const resolve of waiting) resolve(`FAIL QEMU has ended: ${complaints}`);
  });

  async function send(command: string): Promise<string> {
    const line = await new Promise<string>((resolve) => {
      waiting.push(resolve);
      qemu.stdin.write(`${command}\n`);
    });
    if (!line.startsWith('OK')) throw new Error(`${command}: ${line}`);
    return line.slice(3);
  }

  return {
    read: async (address, bytes) => BigInt(await send(`read${SUFFIX[bytes]} 0x${address.toString(16)}`)),
    async write(address, bytes, value) {
      await send(`write${SUFFIX[bytes]} 0x${address.toString(16)} 0x${value.toString(16)}`);
    },
    readMemory: async (address, bytes) =>
      Buffer.from((await send(`read 0x${address.toString(16)} 0x${bytes.toString(16)}`)).slice(2), 'hex'),
    async writeMemory(address, bytes) {
      const hex = Buffer.from(bytes).toString('hex');
      await send(`write 0x${address.toString(16)} 0x${bytes.length.toString(16)} 0x${hex}`);
    },
  };
}
