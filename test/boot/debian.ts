/** Debian for people: `npm run debian -- FOLDER` writes what it boots from into a folder, as README tells. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemDisk } from './initramfs.ts';
import { type BootFiles, bootFiles } from './packages.ts';

/** Writes firmware, U-Boot, kernel, initial RAM disk and a disk of its own into `folder`. */
export function writeDebian(files: BootFiles, folder: string): void {
  const { firmware, uBoot, kernel, disk } = files;
  mkdirSync(folder, { recursive: true });
  for (const [name, file] of Object.entries({ 'fw_dynamic.bin': firmware, 'u-boot.bin': uBoot, vmlinuz: kernel }))
    copyFileSync(file, join(folder, name));
  copyFileSync(disk, join(folder, 'disk.img'));
  writeFileSync(join(folder, 'initrd'), systemDisk(files));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder] = process.argv.slice(2);
  const files = bootFiles();
  if (folder === undefined || !files) {
    console.error('usage: npm run debian -- FOLDER, on a Debian system');
    process.exitCode = 1;
  } else writeDebian(files, folder);
}
