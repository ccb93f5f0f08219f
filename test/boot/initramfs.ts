/** Initial RAM disks for Linux: archives in the "newc" format of cpio (kernel documentation, "initramfs buffer format"). */
import { readFileSync } from 'node:fs';
import { kernelModules } from './modules.ts';
import type { BootFiles } from './packages.ts';

interface ArchiveEntry {
  readonly path: string;
  /** Absent for a folder. */
  readonly bytes?: Uint8Array;
}

const FOLDER = 0o040755;
const FILE = 0o100755;
const TRAILER = 'TRAILER!!!';

const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);

function entryBytes({ path, bytes }: ArchiveEntry, inode: number): Buffer {
  const name = Buffer.from(`${path}\0`);
  const mode = bytes ? FILE : FOLDER;
  // Inode, mode, uid, gid, links, time, size; device numbers; length of the name; checksum.
  const fields = [inode, mode, 0, 0, 1, 0, bytes?.length ?? 0, 0, 0, 0, 0, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header), name])), padded(Buffer.from(bytes ?? []))]);
}

/** The archive of these entries; folders come before what is in them. */
const archive = (entries: readonly ArchiveEntry[]): Buffer =>
  Buffer.concat([...entries, { path: TRAILER }].map((entry, index) => entryBytes(entry, index + 1)));

/** What the shell of the initial RAM disk asks with. */
export const PROMPT = 'vivarium# ';

const START = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for module in /modules/*; do insmod $module; done
`;

// The console is left to the shell, which draws a line anew where it thinks that it has come to the edge of the terminal.
const SHELL = `${START}dmesg -n 1
stty -F /dev/ttyS0 cols 1000
export PS1='${PROMPT}'
exec setsid sh -c 'exec sh -i </dev/ttyS0 >/dev/ttyS0 2>&1'
`;

const SYSTEM = `${START}mount -t ext4 /dev/vda /disk
exec switch_root /disk /sbin/init
`;

/** @param modules of the kernel that are loaded; those that they need come by themselves @param init the first program */
function disk({ busybox, modules: folder }: BootFiles, modules: readonly string[], init: string): Buffer {
  const folders = ['bin', 'dev', 'disk', 'modules', 'proc', 'sys', 'tmp'].map((path) => ({ path }));
  const inOrder = [...kernelModules(folder, modules)].map(([name, bytes], index) => ({
    path: `modules/${String(index).padStart(2, '0')}-${name}.ko`,
    bytes,
  }));
  return archive([
    ...folders,
    ...inOrder,
    { path: 'bin/busybox', bytes: readFileSync(busybox) },
    { path: 'init', bytes: Buffer.from(init) },
  ]);
}

/** A disk with busybox, which ends in a shell on the first serial port. */
export const shellDisk = (files: BootFiles, modules: readonly string[] = []): Buffer => disk(files, modules, SHELL);

/** A disk that hands over to the system on the first virtio disk. */
export const systemDisk = (files: BootFiles): Buffer =>
  disk(files, ['virtio_mmio', 'virtio_blk', 'virtio_net', 'virtio_rng', 'ext4'], SYSTEM);
