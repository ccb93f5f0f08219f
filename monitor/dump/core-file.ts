/**
 * The guest's memory and the registers of its vCPUs as an ELF core file (System V ABI, chapter "Object Files"; Linux's
 * `elf_prstatus` for RISC-V), for gdb and crash.
 *
 * Each vCPU is a thread, its number one above its index. A segment is a piece of RAM or ROM; where addresses are to be
 * translated, there is one more for each range of virtual addresses, over the same bytes of the file.
 */
import type { AddressMapping, Vcpu } from '../../core/machine/interface.ts';

/** A piece of physical memory. */
export interface Piece {
  readonly address: bigint;
  readonly bytes: number;
}

const EHDR_BYTES = 64;
const PHDR_BYTES = 56;
const ET_CORE = 4;
const EM_RISCV = 243;
const PT_LOAD = 1;
const PT_NOTE = 4;
const NT_PRSTATUS = 1;
/** Where the registers are in `elf_prstatus`, and its size. */
const PRSTATUS = { pid: 32, registers: 112, bytes: 376 } as const;
const NOTE_NAME = 'CORE\0\0\0\0';
const NOTE_BYTES = 12 + NOTE_NAME.length + PRSTATUS.bytes;
/** Program headers are counted in 16 bits, of which the last value means something else. */
const SEGMENTS_MAX = 0xfffe;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly virtual: bigint;
  readonly physical: bigint;
  readonly bytes: number;
}

/**
 * Everything of the file that comes before the memory itself.
 * @param mappings of virtual addresses to show besides; of too many, the first ones
 */
export function coreHeader(
  vcpus: readonly Vcpu[],
  pieces: readonly Piece[],
  mappings: readonly AddressMapping[],
): Uint8Array {
  const virtual = mappings.flatMap((mapping) => pieces.flatMap((_, n) => within(mapping, pieces, n)));
  const loads = pieces.length + Math.min(virtual.length, SEGMENTS_MAX - pieces.length - 1);
  const notesAt = EHDR_BYTES + PHDR_BYTES * (loads + 1);
  const memoryAt = notesAt + NOTE_BYTES * vcpus.length;
  const starts = startsOf(pieces, memoryAt);
  const segments: Segment[] = [
    { type: PT_NOTE, offset: notesAt, virtual: 0n, physical: 0n, bytes: NOTE_BYTES * vcpus.length },
    ...pieces.map(({ address, bytes }, n) => ({
      type: PT_LOAD,
      offset: starts[n]!,
      virtual: address,
      physical: address,
      bytes,
    })),
    ...virtual.slice(0, loads - pieces.length).map(({ piece, start, ...rest }) => ({
      type: PT_LOAD,
      offset: starts[piece]! + start,
      ...rest,
    })),
  ];
  const header = new Uint8Array(memoryAt);
  const view = new DataView(header.buffer);
  writeElfHeader(header, view, segments.length);
  for (const [n, segment] of segments.entries()) writeSegment(view, EHDR_BYTES + PHDR_BYTES * n, segment);
  for (const [n, vcpu] of vcpus.entries()) writeNote(header, view, notesAt + NOTE_BYTES * n, vcpu);
  return header;
}

/** What of `mapping` is in a piece. */
function within({ virtual, physical, bytes }: AddressMapping, pieces: readonly Piece[], piece: number) {
  const { address, bytes: length } = pieces[piece]!;
  const first = physical > address ? physical : address;
  const ends = [physical + bytes, address + BigInt(length)] as const;
  const end = ends[0] < ends[1] ? ends[0] : ends[1];
  if (first >= end) return [];
  return [
    {
      piece,
      start: Number(first - address),
      virtual: virtual + (first - physical),
      physical: first,
      bytes: Number(end - first),
    },
  ];
}

function startsOf(pieces: readonly Piece[], first: number): readonly number[] {
  let next = first;
  return pieces.map(({ bytes }) => {
    const start = next;
    next += bytes;
    return start;
  });
}

function writeElfHeader(header: Uint8Array, view: DataView, segments: number): void {
  // ELF of 64 bits, little endian, version 1.
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, ET_CORE, true);
  view.setUint16(18, EM_RISCV, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(32, BigInt(EHDR_BYTES), true);
  view.setUint16(52, EHDR_BYTES, true);
  view.setUint16(54, PHDR_BYTES, true);
  view.setUint16(56, segments, true);
}

function writeSegment(view: DataView, at: number, { type, offset, virtual, physical, bytes }: Segment): void {
  view.setUint32(at, type, true);
  view.setBigUint64(at + 8, BigInt(offset), true);
  view.setBigUint64(at + 16, virtual, true);
  view.setBigUint64(at + 24, physical, true);
  view.setBigUint64(at + 32, BigInt(bytes), true);
  view.setBigUint64(at + 40, BigInt(bytes), true);
}

function writeNote(header: Uint8Array, view: DataView, at: number, vcpu: Vcpu): void {
  view.setUint32(at, 'CORE\0'.length, true);
  view.setUint32(at + 4, PRSTATUS.bytes, true);
  view.setUint32(at + 8, NT_PRSTATUS, true);
  header.set(new TextEncoder().encode(NOTE_NAME), at + 12);
  const status = at + 12 + NOTE_NAME.length;
  view.setUint32(status + PRSTATUS.pid, vcpu.index + 1, true);
  for (let n = 0; n < 32; n++) {
    // The program counter has the place of x0.
    const value = vcpu.register(n === 0 ? 'pc' : `x${n}`)!;
    view.setBigUint64(status + PRSTATUS.registers + 8 * n, value, true);
  }
}
