/** Runs RAM images on QEMU's `virt` board, without firmware, until they end the machine; and says what RAM then holds. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { csrNumber } from '../../../core/riscv/csr/numbers.ts';
import { CSRS } from '../../../core/riscv/csr/table.ts';
import { RAM_START } from '../../support/oracle.ts';
import { requireTool } from '../../support/tools.ts';
import { RAM_MIB } from './image.ts';

const QEMU = 'qemu-system-riscv64';

/** See `requireTool`. */
export const requireQemuSystem = (): boolean => requireTool(QEMU, 'qemu-system-misc');

const TIMEOUT_MS = 60_000;

/** A hart with the extensions of ours, as far as they show in CSRs. */
function cpuModel(properties: readonly string[]): string {
  const misa = CSRS.get(csrNumber('misa')!)!.read(undefined as never);
  const letters = ['f', 'd', 'h'].map((letter) => {
    const has = (misa >> BigInt(letter.charCodeAt(0) - 97)) & 1n;
    return `${letter}=${has ? 'on' : 'off'}`;
  });
  // Without AIA it takes the interrupt with the lowest number first.
  return ['rv64', ...letters, 'v=off', 'svinval=on', 'x-smaia=on', 'x-ssaia=on', ...properties].join(',');
}

/**
 * @param image goes to the start of RAM, where every hart starts; with a second hart, atomics are what they are on a
 *   machine with several
 * @param properties of the CPU, such as `svnapot=on`
 */
export async function runOnQemu(image: Uint8Array, properties: readonly string[]): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), 'vivarium-'));
  const file = join(folder, 'image');
  const dump = join(folder, 'dump');
  writeFileSync(file, image);
  const qemu = spawn(
    QEMU,
    [
      ...[
        '-M',
        'virt',
        '-smp',
        '2',
        '-m',
        `${RAM_MIB}M`,
        '-cpu',
        cpuModel(properties),
        '-bios',
        'none',
        '-kernel',
        file,
      ],
      ...[
        '-display',
        'none',
        '-serial',
        'none',
        '-monitor',
        'none',
        '-qmp',
        'stdio',
        '-S',
        '-no-reboot',
        '-no-shutdown',
      ],
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const timer = setTimeout(() => qemu.kill('SIGKILL'), TIMEOUT_MS);
  const say = (execute: string, args: object = {}): void => {
    qemu.stdin.write(`${JSON.stringify({ execute, arguments: args })}\n`);
  };
  try {
    say('qmp_capabilities');
    say('cont');
    let ended = false;
    for await (const line of createInterface({ input: qemu.stdout })) {
      const message = JSON.parse(line) as { event?: string; return?: unknown; error?: unknown };
      if (message.error) throw new Error(`${QEMU}: ${line}`);
      if (message.event === 'SHUTDOWN') {
        ended = true;
        say('pmemsave', { val: Number(RAM_START), size: image.length, filename: dump });
      } else if (ended && message.return) {
        return new Uint8Array(readFileSync(dump));
      }
    }
    throw new Error(`${QEMU} has not come to the end of the image`);
  } finally {
    clearTimeout(timer);
    qemu.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
}
