/** What stands in guest memory. */
import { setImmediate as turn } from 'node:timers/promises';
import type { AddressMapping } from '../../../core/machine/interface.ts';
import { disassemble } from '../../../core/riscv/disassemble.ts';
import { CommandError, type HumanFormat, human } from '../../command.ts';
import { type FormatArgument, showCharacter } from '../format.ts';
import { hex } from '../text.ts';

/** Bytes at an address, undefined where not all of them are memory. */
type Read = (address: bigint, length: number) => Uint8Array | undefined;

/** More than anybody reads, and little enough not to hold up the daemon. */
const ITEMS_MAX = 16_384;

function dump(read: Read, { fmt, addr }: { readonly fmt: FormatArgument; readonly addr: bigint }): string {
  if (fmt.count > ITEMS_MAX)
    throw new CommandError(`cannot show ${fmt.count} items, only up to ${ITEMS_MAX} at a time`);
  return (fmt.letter === 'i' ? instructionLines : itemLines)(read, addr, fmt).join('\n');
}

const wrap = (address: bigint): bigint => BigInt.asUintN(64, address);

function itemLines(read: Read, start: bigint, { count, letter, size }: FormatArgument): string[] {
  const bytesPerLine = size === 1 ? 8 : 16;
  const lines: string[] = [];
  for (let offset = 0, length = count * size; offset < length; offset += bytesPerLine) {
    const address = wrap(start + BigInt(offset));
    const bytes = read(address, Math.min(bytesPerLine, length - offset));
    if (bytes === undefined) return [...lines, `${hex(address)}: Cannot access memory`];
    lines.push(`${hex(address)}: ${showItems(bytes, letter, size).join(' ')}`);
  }
  return lines;
}

/** As QEMU does, `d` shows a negative number as such only where it has 64 bits. */
function showItems(bytes: Uint8Array, letter: HumanFormat['letter'], size: HumanFormat['size']): string[] {
  if (letter === 'c') return Array.from(bytes, showCharacter);
  const decimalDigits = Math.floor((size * 80 + 32) / 33);
  return items(bytes, size).map((value) => {
    switch (letter) {
      case 'o':
        return (value === 0n ? '0' : `0${value.toString(8)}`).padStart(Math.ceil((size * 8) / 3));
      case 'u':
        return String(value).padStart(decimalDigits);
      case 'd':
        return String(size === 8 ? BigInt.asIntN(64, value) : value).padStart(decimalDigits);
      default:
        return `0x${value.toString(16).padStart(size * 2, '0')}`;
    }
  });
}

/** Unsigned little-endian numbers of `size` bytes. */
function items(bytes: Uint8Array, size: HumanFormat['size']): bigint[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const read = {
    1: (offset: number) => BigInt(view.getUint8(offset)),
    2: (offset: number) => BigInt(view.getUint16(offset, true)),
    4: (offset: number) => BigInt(view.getUint32(offset, true)),
    8: (offset: number) => view.getBigUint64(offset, true),
  }[size];
  return Array.from({ length: bytes.length / size }, (_, n) => read(n * size));
}

function instructionLines(read: Read, start: bigint, { count }: FormatArgument): string[] {
  const lines: string[] = [];
  let address = wrap(start);
  for (let n = 0; n < count; n++) {
    // The last one in memory may be a short one.
    const bytes = read(address, 4) ?? read(address, 2);
    if (bytes === undefined) return [...lines, `0x${hex(address)}: Cannot access memory`];
    const { text, length } = disassemble(bytes, address);
    const encoding = Buffer.from(bytes.subarray(0, length)).reverse().toString('hex');
    lines.push(`0x${hex(address)}:  ${encoding.padEnd(18)}${text}`);
    address = wrap(address + BigInt(length));
  }
  return lines;
}

/** Bytes that are read at once, and after which others have their turn. */
const CHUNK_BYTES = 1 << 20;

/** The checksum of BSD's `sum`: 16 bits, rotated right by one before each byte is added. */
async function checksum(read: Read, start: bigint, length: number): Promise<number> {
  let sum = 0;
  for (let offset = 0; offset < length; offset += CHUNK_BYTES) {
    const address = wrap(start + BigInt(offset));
    const bytes = read(address, Math.min(CHUNK_BYTES, length - offset));
    if (bytes === undefined) throw new CommandError(`${hex(address)}: Cannot access memory`);
    for (const byte of bytes) sum = (((sum >> 1) | (sum << 15)) + byte) & 0xffff;
    await turn();
  }
  return sum;
}

const DUMP_ARGUMENTS = [
  { name: 'fmt', kind: 'format' },
  { name: 'addr', kind: 'long' },
] as const;

/** Flags of a mapping as QEMU writes them, by their bits in a page table entry. */
const FLAGS: readonly (readonly [letter: string, bit: number])[] = [
  ['r', 1],
  ['w', 2],
  ['x', 3],
  ['u', 4],
  ['g', 5],
  ['a', 6],
  ['d', 7],
];

const mappingLine = ({ virtual, physical, bytes, flags }: AddressMapping): string =>
  `${hex(virtual)} ${hex(physical)} ${hex(bytes)} ${FLAGS.map(([letter, bit]) => (flags & (1 << bit) ? letter : '-')).join('')}`;

export const memoryCommands = [
  human('info mem', {
    params: '',
    doc: 'show what the page tables of the current vCPU map',
    args: [],
    run: ({ context: { machine }, vcpu }) => {
      const found = machine.memory.mappings(vcpu);
      if (found === undefined) return 'No translation or protection';
      return [
        'vaddr            paddr            size             attr',
        '---------------- ---------------- ---------------- -------',
        ...found.mappings.map(mappingLine),
        ...(found.complete ? [] : ['... and more: too many tables']),
      ].join('\n');
    },
  }),

  human('x', {
    params: '/fmt addr',
    doc: 'show what stands at a virtual address of the current vCPU (fmt: count, x d u o c or i, size b h w or g)',
    args: DUMP_ARGUMENTS,
    run: ({ context: { machine }, vcpu }, { fmt, addr }) =>
      dump((address, length) => machine.memory.readVirtual(vcpu, address, length), { fmt, addr }),
  }),

  human('xp', {
    params: '/fmt addr',
    doc: 'show what stands at a physical address (fmt: count, x d u o c or i, size b h w or g)',
    args: DUMP_ARGUMENTS,
    run: ({ context: { machine } }, { fmt, addr }) =>
      dump((address, length) => machine.memory.readPhysical(address, length), { fmt, addr }),
  }),

  human('gva2gpa', {
    params: 'addr',
    doc: 'show the physical address of a virtual one of the current vCPU',
    args: [{ name: 'addr', kind: 'long' }],
    run: ({ context: { machine }, vcpu }, { addr }) => {
      const physical = machine.memory.translate(vcpu, wrap(addr));
      if (physical === undefined) return 'Unmapped';
      return `gpa: ${physical === 0n ? '0' : `0x${physical.toString(16)}`}`;
    },
  }),

  human('gpa2hva', {
    params: 'addr',
    doc: 'show where a physical address lies in the memory that the threads of this program share',
    args: [{ name: 'addr', kind: 'long' }],
    run: ({ context: { machine } }, { addr }) => {
      const address = wrap(addr);
      const shown = `0x${address.toString(16)}`;
      const range = machine.memory.ranges.find(({ start, end }) => address >= start && address <= end);
      if (range === undefined) return `No memory is mapped at address ${shown}`;
      const block = machine.inspection.ramBlocks.find(({ name }) => name === range.name);
      if (block?.offset === undefined) return `Memory at address ${shown} is not RAM`;
      const place = BigInt(block.offset) + (address - range.start);
      return `Host virtual address for ${shown} (${range.name}) is 0x${place.toString(16)}`;
    },
  }),

  human('sum', {
    params: 'addr size',
    doc: 'compute the 16-bit checksum of so many bytes at a physical address',
    args: [
      { name: 'addr', kind: 'long' },
      { name: 'size', kind: 'integer' },
    ],
    run: async ({ context: { machine } }, { addr, size }) => {
      const sum = await checksum((address, length) => machine.memory.readPhysical(address, length), addr, Number(size));
      return String(sum).padStart(5, '0');
    },
  }),
];
