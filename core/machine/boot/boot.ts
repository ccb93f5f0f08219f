/**
 * What is in memory when the machine starts, and where the harts begin: as QEMU's `virt` board does it.
 *
 * A firmware (`-bios`) that is a flat binary lies at the start of RAM. A kernel that is a flat binary lies there when
 * there is no firmware, and 2 MiB higher when there is. ELF files lie where their segments say. The device tree lies
 * near the end of RAM. Every hart starts in the boot ROM with a few instructions that jump to the firmware, or else to
 * the kernel, with `a0` = hart id, `a1` = address of the device tree and `a2` = address of OpenSBI's information block.
 * An initial RAM disk lies far enough behind the start of the kernel for it to unpack itself, and the device tree says
 * where.
 */
import { assemble } from '../../riscv/assemble.ts';
import { ADDRESS } from '../virt.ts';
import type { Chosen } from './device-tree.ts';
import { type ElfFile, isElf, readElf } from './elf.ts';

/** A file of the command line. */
export interface BootFile {
  /** As the user knows it, for errors. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface BootOptions {
  readonly ramBytes: number;
  /** Firmware; none means that the kernel starts in machine mode. */
  readonly bios?: BootFile | undefined;
  readonly kernel?: BootFile | undefined;
  /** Initial RAM disk; only with a kernel. */
  readonly initrd?: BootFile | undefined;
  /** Makes the flattened device tree. @param initrd where the initial RAM disk is */
  deviceTree(initrd: Chosen['initrd']): Uint8Array;
}

/** Bytes that are put into RAM. */
export interface Placement {
  /** What it is, for errors: `kernel hello.elf`. */
  readonly what: string;
  /** Physical. */
  readonly address: number;
  readonly bytes: Uint8Array;
  /** Bytes that it fills: zeros follow `bytes`. */
  readonly size: number;
}

export interface BootImage {
  /** What is in RAM, without overlaps, in the order of addresses. */
  readonly placements: readonly Placement[];
  /** What the boot ROM begins with. */
  readonly rom: Uint8Array;
  /** Where every hart starts. */
  readonly resetVector: bigint;
  /** Where the reset code jumps to. */
  readonly entry: bigint;
  /** Address of the device tree. */
  readonly deviceTreeAddress: number;
  /** Symbols of firmware and kernel, where they are ELF files; of equal names, the kernel's. */
  readonly symbols: ReadonlyMap<string, bigint>;
}

/** Thrown where the files do not fit into RAM, or not beside each other. */
export class BootError extends Error {
  override readonly name = 'BootError';
}

const KERNEL_OFFSET_BEHIND_FIRMWARE = 0x20_0000;
const INITRD_DISTANCE_MAX = 0x2000_0000;
/** The device tree is kept below 3 GiB, where a 32-bit guest reaches it too, and starts at a multiple of 2 MiB. */
const DEVICE_TREE_END_MAX = 0xc000_0000;
const DEVICE_TREE_ALIGNMENT = 0x20_0000;

/** The layout of OpenSBI's `fw_dynamic` information, version 2, as six 64-bit words. */
const FW_DYNAMIC = { magic: 0x4942_534fn, version: 2n, supervisorMode: 1n } as const;
const RESET_CODE = `
  auipc t0, 0
  addi a2, t0, 40
  csrrs a0, mhartid, zero
  ld a1, 32(t0)
  ld t0, 24(t0)
  jalr zero, 0(t0)
`;

function resetRom(entry: bigint, deviceTree: bigint, nextEntry: bigint): Uint8Array {
  const { magic, version, supervisorMode } = FW_DYNAMIC;
  const words = [entry, deviceTree, magic, version, nextEntry, supervisorMode, 0n, 0n];
  const code = assemble(RESET_CODE, BigInt(ADDRESS.MROM));
  return Uint8Array.from([...code, ...new Uint8Array(BigUint64Array.from(words).buffer)]);
}

const hex = (address: number | bigint): string => `0x${address.toString(16)}`;

interface Loaded {
  readonly entry: bigint;
  readonly placements: readonly Placement[];
  readonly symbols: ElfFile['symbols'];
}

/** @param flatAddress where the file goes when it is a flat binary */
function load(role: string, { name, bytes }: BootFile, flatAddress: number): Loaded {
  const what = `${role} ${name}`;
  if (!isElf(bytes)) {
    if (bytes.length === 0) throw new BootError(`${what} is empty`);
    const placements = [{ what, address: flatAddress, bytes, size: bytes.length }];
    return { entry: BigInt(flatAddress), placements, symbols: new Map() };
  }
  const { entry, segments, symbols } = readElf(name, bytes);
  const placements = segments.map(({ address, bytes, size }) => ({
    what,
    address: Number(address),
    bytes,
    size: Number(size),
  }));
  return { entry, placements, symbols };
}

/** Half of RAM behind the start of the kernel, or 512 MiB where that is less. */
function placeInitrd({ name, bytes }: BootFile, kernel: Loaded | undefined, ramBytes: number): Placement {
  const what = `initrd ${name}`;
  if (!kernel) throw new BootError(`${what} is of no use without a kernel`);
  if (bytes.length === 0) throw new BootError(`${what} is empty`);
  const start = Math.min(...kernel.placements.map(({ address }) => address));
  return { what, address: start + Math.min(ramBytes / 2, INITRD_DISTANCE_MAX), bytes, size: bytes.length };
}

function placeDeviceTree(bytes: Uint8Array, ramBytes: number): Placement {
  const end = Math.min(ADDRESS.DRAM + ramBytes, DEVICE_TREE_END_MAX);
  const address = Math.floor((end - bytes.length) / DEVICE_TREE_ALIGNMENT) * DEVICE_TREE_ALIGNMENT;
  return { what: 'the device tree', address, bytes, size: bytes.length };
}

function checkPlacements(placements: readonly Placement[], ramBytes: number): void {
  const ramEnd = ADDRESS.DRAM + ramBytes;
  for (const [index, { what, address, size }] of placements.entries()) {
    const last = `${hex(address)} to ${hex(address + size - 1)}`;
    if (address < ADDRESS.DRAM || address + size > ramEnd)
      throw new BootError(`${what} needs ${last}, but RAM is ${hex(ADDRESS.DRAM)} to ${hex(ramEnd - 1)}`);
    const next = placements[index + 1];
    if (next && address + size > next.address)
      throw new BootError(`${what} at ${last} overlaps ${next.what} at ${hex(next.address)}: more RAM may help`);
  }
}

/**
 * Decides what goes where.
 * @throws ElfError where an ELF file cannot be loaded
 * @throws BootError where something lies outside RAM or two things overlap
 */
export function planBoot({ ramBytes, bios, kernel, initrd, deviceTree }: BootOptions): BootImage {
  const firmware = bios && load('firmware', bios, ADDRESS.DRAM);
  const system = kernel && load('kernel', kernel, ADDRESS.DRAM + (bios ? KERNEL_OFFSET_BEHIND_FIRMWARE : 0));
  const disk = initrd && placeInitrd(initrd, system, ramBytes);
  const tree = placeDeviceTree(deviceTree(disk && { start: disk.address, end: disk.address + disk.size }), ramBytes);
  const placements = [firmware?.placements, system?.placements, disk, tree]
    .flatMap((part) => part ?? [])
    .toSorted((one, other) => one.address - other.address);
  checkPlacements(placements, ramBytes);
  const entry = firmware?.entry ?? system?.entry ?? BigInt(ADDRESS.DRAM);
  return {
    placements,
    entry,
    rom: resetRom(entry, BigInt(tree.address), system?.entry ?? 0n),
    resetVector: BigInt(ADDRESS.MROM),
    deviceTreeAddress: tree.address,
    symbols: new Map([...(firmware?.symbols ?? []), ...(system?.symbols ?? [])]),
  };
}

/**
 * Puts everything in its place, in memory that is all zero.
 * @param rom the boot ROM
 * @param ram all of RAM
 */
export function fillMemory({ placements, rom: code }: BootImage, rom: Uint8Array, ram: Uint8Array): void {
  rom.set(code);
  for (const { address, bytes } of placements) ram.set(bytes, address - ADDRESS.DRAM);
}
