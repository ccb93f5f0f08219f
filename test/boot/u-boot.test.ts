/** Debian's U-Boot, as what the firmware starts. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../support/temporary.ts';
import { makeBootableExt4 } from './disk-image.ts';
import { Guest, PATIENCE_MS, TROUBLE } from './guest.ts';
import { PROMPT, shellDisk } from './initramfs.ts';
import { bootFiles } from './packages.ts';

const files = bootFiles()!;

const GREETING = 'hello from the disk\n';
/** What U-Boot reads to find a kernel (U-Boot's documentation, "distro boot"). */
const EXTLINUX = `default linux
label linux
  kernel /boot/vmlinux
  initrd /boot/initrd
  append console=ttyS0
`;

describe.skipIf(!files)('U-Boot', { timeout: 2 * PATIENCE_MS }, () => {
  const uBoot = (disk: string, prompt: string): Guest =>
    new Guest(
      [
        ...['-nographic', '-smp', '2', '-m', '512M', '-bios', files.firmware, '-kernel', files.uBoot],
        ...['-drive', `file=${disk},format=raw,if=virtio`],
      ],
      prompt,
    );

  test('finds the disk and reads from it', async () => {
    const folder = temporaryDirectory();
    const disk = join(folder, 'disk');
    mkdirSync(join(folder, 'files'));
    writeFileSync(join(folder, 'files', 'greeting'), GREETING);
    makeBootableExt4(disk, join(folder, 'files'), 8);
    const guest = uBoot(disk, '\n=> ');
    await guest.printed('Hit any key');
    guest.write(' ');
    await guest.asks();
    expect(await guest.type('version')).toMatch(/U-Boot 20\d\d/);
    expect(await guest.type('virtio scan; virtio info')).toContain('Capacity: 9.0 MB');
    expect(await guest.type('part list virtio 0')).toMatch(/2048\s+16384\s+\S+\s+83 Boot/);
    expect(await guest.type('load virtio 0:1 $kernel_addr_r /greeting')).toContain(`${GREETING.length} bytes read`);
    expect(await guest.type('crc32 $kernel_addr_r $filesize')).toContain(`==> ${crc32(GREETING).toString(16)}`);
    expect(await guest.end('poweroff')).toBe(0);
  });

  test('boots Linux from it', async () => {
    const folder = temporaryDirectory();
    const disk = join(folder, 'disk');
    mkdirSync(join(folder, 'files/boot/extlinux'), { recursive: true });
    cpSync(files.kernel, join(folder, 'files/boot/vmlinux'));
    writeFileSync(join(folder, 'files/boot/initrd'), shellDisk(files));
    writeFileSync(join(folder, 'files/boot/extlinux/extlinux.conf'), EXTLINUX);
    makeBootableExt4(disk, join(folder, 'files'), 64);
    const guest = uBoot(disk, PROMPT);
    await guest.asks();
    expect(await guest.type('nproc')).toBe('2');
    expect(await guest.type('dmesg')).not.toMatch(TROUBLE);
    expect(await guest.end('poweroff -f')).toBe(0);
  });
});
