import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isElf, readElf } from '../../../core/machine/boot/elf.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { requireTool } from '../../support/tools.ts';
import { makeElf } from './make-elf.ts';

const code = Uint8Array.of(1, 2, 3, 4);
const good = makeElf({ segments: [{ virtual: 0x8000_0000n, bytes: code }] });

/** `good` with some bytes replaced. */
const patched = (offset: number, ...bytes: number[]): Uint8Array => {
  const copy = good.slice();
  copy.set(bytes, offset);
  return copy;
};

test('an ELF file is told from a flat binary', () => {
  expect([isElf(good), isElf(code), isElf(new Uint8Array())]).toEqual([true, false, false]);
});

describe('segments', () => {
  test('are those to be loaded, with what follows them in memory', () => {
    const { segments, entry, symbols } = readElf(
      'a',
      makeElf({
        entry: 0x8000_0002n,
        segments: [
          { type: 4, virtual: 0n, bytes: Uint8Array.of(9) },
          { virtual: 0x8000_0000n, bytes: code },
          { virtual: 0x8000_1000n, bytes: code, size: 100n },
          { virtual: 0x8000_2000n, bytes: new Uint8Array(), size: 50n },
          { virtual: 0x8000_3000n, bytes: new Uint8Array() },
        ],
      }),
    );
    expect(segments).toEqual([
      { address: 0x8000_0000n, bytes: code, size: 4n },
      { address: 0x8000_1000n, bytes: code, size: 100n },
      { address: 0x8000_2000n, bytes: new Uint8Array(), size: 50n },
    ]);
    expect(entry).toBe(0x8000_0002n);
    expect(symbols.size).toBe(0);
  });

  test('are loaded, and entered, at their physical addresses', () => {
    const virtual = 0xffff_ffff_8000_0000n;
    const { segments, entry } = readElf(
      'a',
      makeElf({ entry: virtual + 2n, segments: [{ virtual, physical: 0x8020_0000n, bytes: code }] }),
    );
    expect([segments[0]!.address, entry]).toEqual([0x8020_0000n, 0x8020_0002n]);
  });

  test('of a file within a larger buffer are found', () => {
    const buffer = new Uint8Array(good.length + 10);
    buffer.set(good, 5);
    expect(readElf('a', buffer.subarray(5, 5 + good.length)).segments[0]!.bytes).toEqual(code);
  });
});

test.each([
  ['a flat binary', code, 'is not an ELF file: it does not begin with 0x7f ELF'],
  ['an empty file', new Uint8Array(), 'is not an ELF file: it does not begin with 0x7f ELF'],
  [
    'only the magic',
    good.subarray(0, 4),
    'is truncated: the ELF header should end at byte 64, but the file has only 4',
  ],
  [
    'half a header',
    good.subarray(0, 40),
    'is truncated: the ELF header should end at byte 64, but the file has only 40',
  ],
  ['32 bit', patched(4, 1), 'is a 32-bit ELF file; this machine needs a 64-bit one'],
  ['big-endian', patched(5, 2), 'is a big-endian ELF file; this machine is little-endian'],
  ['x86-64', makeElf({ machine: 62 }), 'is for x86-64; this machine needs an ELF file for RISC-V'],
  ['AArch64', makeElf({ machine: 183 }), 'is for AArch64; this machine needs an ELF file for RISC-V'],
  ['unheard of', makeElf({ machine: 9999 }), 'is for machine number 9999; this machine needs an ELF file for RISC-V'],
  ['an object', makeElf({ type: 1 }), 'is not an executable but a relocatable object: link it first'],
  ['a core dump', makeElf({ type: 4 }), 'is not an executable but a core dump'],
  ['of a strange type', makeElf({ type: 77 }), 'is not an executable but an ELF file of type 77'],
  ['without segments', makeElf({}), 'has nothing to load: it has no segment of type PT_LOAD'],
  ['cut in the table', good.subarray(0, 100), 'is truncated: the program header table should end at byte 120, but the'],
  ['cut in a segment', good.subarray(0, 122), 'is truncated: the segment for 0x80000000 should end at byte 124, but'],
  ['small entries', patched(54, 8), 'is damaged: entries of the program header table have 8 bytes, not 56'],
  [
    'more in the file than in memory',
    makeElf({ segments: [{ virtual: 16n, bytes: code, size: 3n }] }),
    'is damaged: the segment for 0x10 has more bytes in the file than in memory',
  ],
])('%s is refused', (_, bytes, problem) => {
  expect(() => readElf('guest.elf', bytes)).toThrow(`guest.elf: ${problem}`);
});

test('no single damaged byte does worse than an ElfError', () => {
  let refused = 0;
  for (let offset = 0; offset < 120; offset++) {
    for (const byte of [0, 1, 0x7f, 0xff]) {
      try {
        readElf('a', patched(offset, byte));
      } catch (error) {
        expect((error as Error).name).toBe('ElfError');
        refused++;
      }
    }
  }
  expect(refused).toBeGreaterThan(50);
});

describe.skipIf(!requireTool('riscv64-unknown-elf-gcc', 'gcc-riscv64-unknown-elf'))('a linked program', () => {
  const SOURCE = `
    .globl _start, counter
    _start: nop
    local_label: j local_label
    .data
    counter: .dword 0x1122334455667788
    .bss
    .globl room
    room: .zero 64
  `;

  function link(): { readonly bytes: Uint8Array; readonly symbols: ReadonlyMap<string, bigint> } {
    const folder = temporaryDirectory();
    const [source, file] = [join(folder, 'a.S'), join(folder, 'a.elf')];
    writeFileSync(source, SOURCE);
    const options = ['-march=rv64imac', '-mabi=lp64', '-nostdlib', '-Wl,-Ttext=0x80000000', '-o', file, source];
    execFileSync('riscv64-unknown-elf-gcc', options, { stdio: 'pipe' });
    const listed = execFileSync('riscv64-unknown-elf-nm', [file], { encoding: 'utf8' });
    const rows = listed.matchAll(/^(\S+) . (\S+)$/gm);
    return {
      bytes: readFileSync(file),
      symbols: new Map([...rows].map(([, address, name]) => [name!, BigInt(`0x${address}`)])),
    };
  }

  test('has the entry, the data and the symbols that binutils see', () => {
    const { bytes, symbols } = link();
    const elf = readElf('a.elf', bytes);
    expect(elf.entry).toBe(symbols.get('_start'));
    for (const name of ['_start', 'local_label', 'counter', 'room'])
      expect([name, elf.symbols.get(name)]).toEqual([name, symbols.get(name)]);
    const counter = symbols.get('counter')!;
    const home = elf.segments.find(({ address, size }) => counter >= address && counter < address + size)!;
    const view = new DataView(home.bytes.buffer, home.bytes.byteOffset + Number(counter - home.address));
    expect(view.getBigUint64(0, true)).toBe(0x1122_3344_5566_7788n);
    const last = elf.segments.at(-1)!;
    expect(last.address + last.size).toBeGreaterThanOrEqual(symbols.get('room')! + 64n);
    expect(BigInt(last.bytes.length)).toBeLessThan(last.size);
  });
});
