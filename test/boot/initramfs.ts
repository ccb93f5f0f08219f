/** An initial RAM disk for Linux: an archive in the "newc" format of cpio (kernel documentation, "initramfs buffer format"). */

export interface ArchiveEntry {
  readonly path: string;
  /** Absent for a folder. */
  readonly bytes?: Uint8Array;
  /** File mode without its type, 0o755 unless given. */
  readonly mode?: number;
}

const FOLDER = 0o040000;
const FILE = 0o100000;
const TRAILER = 'TRAILER!!!';

const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);

function entryBytes({ path, bytes, mode = 0o755 }: ArchiveEntry, inode: number): Buffer {
  const name = Buffer.from(`${path}\0`);
  const type = path === TRAILER ? 0 : bytes ? FILE : FOLDER;
  // Inode, mode, uid, gid, links, time, size; device numbers; length of the name; checksum.
  const fields = [inode, type | mode, 0, 0, 1, 0, bytes?.length ?? 0, 0, 0, 0, 0, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header), name])), padded(Buffer.from(bytes ?? []))]);
}

/** The archive of these entries; folders come before what is in them. */
export const archive = (entries: readonly ArchiveEntry[]): Buffer =>
  Buffer.concat([...entries, { path: TRAILER, mode: 0 }].map((entry, index) => entryBytes(entry, index + 1)));
