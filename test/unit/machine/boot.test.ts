import { describe, expect, test } from 'vitest';
import { type BootImage, type BootOptions, fillMemory, planBoot } from '../../../core/machine/boot/boot.ts';
import { ROM_BYTES } from '../../../core/memory/layout.ts';
import { makeElf } from './make-elf.ts';

const MIB = 1 << 20;
const deviceTree = new Uint8Array(4000).fill(0xdd);
const flat = (name: string, ...bytes: number[]) => ({ name, bytes: Uint8Array.from(bytes) });
const elf = (name: string, parts: Parameters<typeof makeElf>[0]) => ({ name, bytes: makeElf(parts) });
const plan = (options: Partial<BootOptions>): BootImage =>
  planBoot({ ramBytes: 64 * MIB, deviceTree: () => deviceTree, ...options });
const places = ({ placements }: BootImage): string[] =>
  placements.map(({ what, address, size }) => `${what} @${address.toString(16)}+${size}`);

/** The ROM as words of 32 bits. */
const words = ({ rom }: BootImage): string[] =>
  Array.from(new Uint32Array(rom.buffer), (word) => word.toString(16).padStart(8, '0'));

describe('places', () => {
  test('of a flat kernel: the start of RAM without firmware', () => {
    const image = plan({ kernel: flat('k', 1, 2, 3) });
    expect(places(image)).toEqual(['kernel k @80000000+3', 'the device tree @83e00000+4000']);
    expect(image.entry).toBe(0x8000_0000n);
  });

  test('of a flat kernel behind a firmware: 2 MiB higher; the firmware is entered', () => {
    const image = plan({ bios: flat('fw.bin', 9), kernel: flat('Image', 1) });
    expect(places(image)).toEqual([
      'firmware fw.bin @80000000+1',
      'kernel Image @80200000+1',
      'the device tree @83e00000+4000',
    ]);
    expect(image.entry).toBe(0x8000_0000n);
  });

  test('of ELF files: where their segments say', () => {
    const image = plan({
      kernel: elf('k.elf', {
        entry: 0x8000_1002n,
        segments: [
          { virtual: 0x8010_0000n, bytes: Uint8Array.of(7), size: 5000n },
          { virtual: 0x8000_1000n, bytes: Uint8Array.of(1, 2, 3, 4) },
        ],
      }),
    });
    expect(places(image)).toEqual([
      'kernel k.elf @80001000+4',
      'kernel k.elf @80100000+5000',
      'the device tree @83e00000+4000',
    ]);
    expect(image.entry).toBe(0x8000_1002n);
  });

  test.each([
    [512 * MIB, 0x9fe0_0000],
    [4 * MIB, 0x8020_0000],
    [2048 * MIB, 0xbfe0_0000],
    [1024 * MIB + 4096, 0xbfe0_0000],
  ])('of the device tree with %i bytes of RAM: below its end and below 3 GiB', (ramBytes, address) => {
    expect(plan({ ramBytes }).deviceTreeAddress).toBe(address);
  });

  test.each<[string, Partial<BootOptions>, number]>([
    ['half of RAM', { kernel: flat('Image', 1) }, 0x8200_0000],
    [
      'half of RAM behind a kernel that a firmware starts',
      { bios: flat('fw', 9), kernel: flat('Image', 1) },
      0x8220_0000,
    ],
    ['no more than 512 MiB', { kernel: flat('Image', 1), ramBytes: 2048 * MIB }, 0xa000_0000],
    [
      'half of RAM behind the lowest byte of an ELF file',
      {
        kernel: elf('k', {
          segments: [
            { virtual: 0x8080_0000n, bytes: Uint8Array.of(7) },
            { virtual: 0x8010_0000n, bytes: Uint8Array.of(7) },
          ],
        }),
      },
      0x8210_0000,
    ],
  ])('of an initial RAM disk: %s; the device tree says so', (_, options, address) => {
    let told: unknown;
    const image = plan({
      ...options,
      initrd: flat('initrd.img', 1, 2, 3),
      deviceTree(initrd) {
        told = initrd;
        return deviceTree;
      },
    });
    expect(places(image)).toContain(`initrd initrd.img @${address.toString(16)}+3`);
    expect(told).toEqual({ start: address, end: address + 3 });
  });

  test('nothing to start: RAM is entered as it is', () => {
    expect(plan({}).entry).toBe(0x8000_0000n);
  });
});

describe('refused', () => {
  test.each([
    [
      'a segment below RAM',
      { kernel: elf('k', { segments: [{ virtual: 0x1_0000n, bytes: Uint8Array.of(1, 2) }] }) },
      'kernel k needs 0x10000 to 0x10001, but RAM is 0x80000000 to 0x83ffffff',
    ],
    [
      'a segment that only its zeros take out of RAM',
      { kernel: elf('k', { segments: [{ virtual: 0x83ff_fff0n, bytes: Uint8Array.of(1), size: 0x20n }] }) },
      'kernel k needs 0x83fffff0 to 0x8400000f, but RAM is 0x80000000 to 0x83ffffff',
    ],
    [
      'a kernel that runs into the device tree',
      { kernel: { name: 'k', bytes: new Uint8Array(3 * MIB) }, ramBytes: 4 * MIB },
      'kernel k at 0x80000000 to 0x802fffff overlaps the device tree at 0x80200000: more RAM may help',
    ],
    [
      'a firmware that runs into the kernel',
      { bios: { name: 'fw', bytes: new Uint8Array(0x20_0001) }, kernel: flat('k', 1) },
      'firmware fw at 0x80000000 to 0x80200000 overlaps kernel k at 0x80200000: more RAM may help',
    ],
    ['an empty file', { kernel: flat('k') }, 'kernel k is empty'],
    ['an empty disk', { kernel: flat('k', 1), initrd: flat('i') }, 'initrd i is empty'],
    ['a disk alone', { bios: flat('fw', 1), initrd: flat('i', 1) }, 'initrd i is of no use without a kernel'],
    [
      'a kernel that runs into the disk',
      { kernel: { name: 'k', bytes: new Uint8Array(3 * MIB) }, initrd: flat('i', 1), ramBytes: 4 * MIB },
      'kernel k at 0x80000000 to 0x802fffff overlaps initrd i at 0x80200000: more RAM may help',
    ],
    [
      'a disk that does not fit',
      { kernel: flat('k', 1), initrd: { name: 'i', bytes: new Uint8Array(31 * MIB) } },
      'initrd i at 0x82000000 to 0x83efffff overlaps the device tree at 0x83e00000: more RAM may help',
    ],
    [
      'an ELF file for another machine',
      { kernel: elf('k', { machine: 62 }) },
      'k: is for x86-64; this machine needs an ELF file for RISC-V',
    ],
  ] as const)('%s', (_, options, problem) => {
    expect(() => plan(options)).toThrow(problem);
  });
});

describe('the boot ROM', () => {
  test('is what QEMU has there: jump with hart id, device tree and firmware information', () => {
    const image = plan({ ramBytes: 512 * MIB });
    expect(image.resetVector).toBe(0x1000n);
    // `xp /20wx 0x1000` of QEMU 7.2 with -M virt -m 512M -bios none.
    expect(words(image)).toEqual([
      ...['00000297', '02828613', 'f1402573', '0202b583'],
      ...['0182b283', '00028067', '80000000', '00000000'],
      ...['9fe00000', '00000000', '4942534f', '00000000'],
      ...['00000002', '00000000', '00000000', '00000000'],
      ...['00000001', '00000000', '00000000', '00000000'],
      ...['00000000', '00000000'],
    ]);
  });

  test('tells the firmware where the kernel is', () => {
    const image = plan({ bios: flat('fw', 1), kernel: flat('k', 1) });
    expect(words(image).slice(14, 16)).toEqual(['80200000', '00000000']);
  });
});

test('memory is filled with what has been planned', () => {
  const image = plan({
    ramBytes: 4 * MIB,
    kernel: elf('k', { segments: [{ virtual: 0x8000_0010n, bytes: Uint8Array.of(1, 2), size: 8n }] }),
  });
  const rom = new Uint8Array(ROM_BYTES);
  const ram = new Uint8Array(4 * MIB);
  fillMemory(image, rom, ram);
  expect(rom.subarray(0, image.rom.length)).toEqual(image.rom);
  expect([...ram.subarray(0x0e, 0x1a)]).toEqual([0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect(ram.subarray(0x20_0000, 0x20_0000 + deviceTree.length)).toEqual(deviceTree);
  expect(ram.reduce((sum, byte) => sum + byte, 0)).toBe(3 + deviceTree.length * 0xdd);
});
