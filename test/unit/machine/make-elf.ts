/** ELF files made by hand, so that each detail can be right or wrong. */

export interface ElfParts {
  readonly entry?: bigint;
  /** Of the file: 2 executable, 1 relocatable ... */
  readonly type?: number;
  readonly machine?: number;
  readonly segments?: readonly {
    readonly virtual: bigint;
    /** As `virtual` unless given. */
    readonly physical?: bigint;
    readonly bytes: Uint8Array;
    /** As many as there are `bytes` unless given. */
    readonly size?: bigint;
    /** 1 (PT_LOAD) unless given. */
    readonly type?: number;
  }[];
}

const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;

export function makeElf({ entry = 0x8000_0000n, type = 2, machine = 243, segments = [] }: ElfParts): Uint8Array {
  const headers = HEADER_BYTES + segments.length * PROGRAM_HEADER_BYTES;
  const total = segments.reduce((sum, { bytes }) => sum + bytes.length, headers);
  const file = new Uint8Array(total);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, type, true);
  view.setUint16(18, machine, true);
  view.setBigUint64(24, entry, true);
  view.setBigUint64(32, BigInt(HEADER_BYTES), true);
  view.setUint16(54, PROGRAM_HEADER_BYTES, true);
  view.setUint16(56, segments.length, true);
  let offset = headers;
  for (const [index, segment] of segments.entries()) {
    const { bytes, virtual } = segment;
    const row = HEADER_BYTES + index * PROGRAM_HEADER_BYTES;
    view.setUint32(row, segment.type ?? 1, true);
    view.setBigUint64(row + 8, BigInt(offset), true);
    view.setBigUint64(row + 16, virtual, true);
    view.setBigUint64(row + 24, segment.physical ?? virtual, true);
    view.setBigUint64(row + 32, BigInt(bytes.length), true);
    view.setBigUint64(row + 40, segment.size ?? BigInt(bytes.length), true);
    file.set(bytes, offset);
    offset += bytes.length;
  }
  return file;
}
