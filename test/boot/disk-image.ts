/** Disk images with a file system, made and looked at by Debian's tools. */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, truncateSync, writeSync } from 'node:fs';

// Where Debian puts them: users need not have that folder on their PATH.
const MKE2FS = '/usr/sbin/mke2fs';
const E2FSCK = '/usr/sbin/e2fsck';
const DEBUGFS = '/usr/sbin/debugfs';
const FILE_BYTES_MAX = 1 << 26;

const SECTOR_BYTES = 512;
const PARTITION_SECTOR = 2048;
/** Where the first entry of a partition table lies in the master boot record, and its last bytes. */
const ENTRY_OFFSET = 446;
const SIGNATURE = [0x55, 0xaa];
const BOOTABLE = 0x80;
const TYPE_LINUX = 0x83;

/** What is needed of the Debian package e2fsprogs, for `requireTool`. */
export const EXT4_TOOLS = [MKE2FS, E2FSCK, DEBUGFS];

/** Makes an ext4 file system with what is in `folder`. @param mebibytes its size */
export function makeExt4(path: string, folder: string, mebibytes: number): void {
  execFileSync(MKE2FS, ['-q', '-t', 'ext4', '-d', folder, path, `${mebibytes}M`]);
}

/** The same as the only partition of a disk, from which firmware boots. */
export function makeBootableExt4(path: string, folder: string, mebibytes: number): void {
  const offset = PARTITION_SECTOR * SECTOR_BYTES;
  const sectors = (mebibytes << 20) / SECTOR_BYTES;
  const record = Buffer.alloc(SECTOR_BYTES);
  record.writeUInt8(BOOTABLE, ENTRY_OFFSET);
  record.writeUInt8(TYPE_LINUX, ENTRY_OFFSET + 4);
  record.writeUInt32LE(PARTITION_SECTOR, ENTRY_OFFSET + 8);
  record.writeUInt32LE(sectors, ENTRY_OFFSET + 12);
  record.set(SIGNATURE, SECTOR_BYTES - SIGNATURE.length);
  const file = openSync(path, 'w');
  writeSync(file, record);
  closeSync(file);
  truncateSync(path, offset + sectors * SECTOR_BYTES);
  execFileSync(MKE2FS, ['-q', '-t', 'ext4', '-d', folder, '-E', `offset=${offset}`, path, `${mebibytes}M`]);
}

/** Checks a file system without mending anything. @throws Error with what is wrong */
export function checkExt4(path: string): void {
  execFileSync(E2FSCK, ['-f', '-n', path], { stdio: 'pipe' });
}

/** A file of a file system. */
export const readExt4 = (path: string, file: string): Buffer =>
  execFileSync(DEBUGFS, ['-R', `cat ${file}`, path], {
    maxBuffer: FILE_BYTES_MAX,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
