/**
 * Reads ELF executables for RV64.
 * System V Application Binary Interface, "Object Files" and "Program Loading"; RISC-V ELF psABI for the machine number.
 */

export interface ElfSegment {
  /** Where it is to be loaded: the physical address. */
  readonly address: bigint;
  /** What the file has of it. */
  readonly bytes: Uint8Array;
  /** Bytes that it fills in memory; those that the file does not have are zero. */
  readonly size: bigint;
}

export interface ElfFile {
  /** Physical address of the first instruction. */
  readonly entry: bigint;
  /** What is to be loaded, in the order of the file. Empty segments are left out. */
  readonly segments: readonly ElfSegment[];
  /** Addresses of functions, objects and labels by name; of equal names, a global one, or else the first. */
  readonly symbols: ReadonlyMap<string, bigint>;
}

/** Thrown where a file cannot be loaded, with its name, what is wrong with it, and what would be right. */
export class ElfError extends Error {
  override readonly name = 'ElfError';
}

const MAGIC = 0x7f45_4c46;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const TYPES: Readonly<Record<number, string>> = {
  0: 'a file of no type',
  1: 'a relocatable object: link it first',
  4: 'a core dump',
};
const EXECUTABLE = 2;
/** Position-independent executables are of the same type as shared objects. */
const SHARED = 3;
const RISCV = 243;
const MACHINES: Readonly<Record<number, string>> = {
  2: 'SPARC',
  3: 'x86',
  4: 'Motorola 68000',
  8: 'MIPS',
  20: 'PowerPC',
  21: '64-bit PowerPC',
  22: 'IBM S/390',
  40: 'ARM',
  42: 'SuperH',
  43: 'SPARC V9',
  62: 'x86-64',
  94: 'Xtensa',
  183: 'AArch64',
  247: 'BPF',
  258: 'LoongArch',
};
const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const SECTION_HEADER_BYTES = 64;
const SYMBOL_BYTES = 24;
const LOADABLE = 1;
const SYMBOL_TABLE = 2;
const UNDEFINED_SECTION = 0;
/** Symbol types: none (a label), object, function. */
const NAMED_PLACES = [0, 1, 2];
const GLOBAL = 1;

/** Whether `bytes` are meant to be an ELF file. */
export const isElf = (bytes: Uint8Array): boolean =>
  bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) === MAGIC;

interface Reader {
  readonly view: DataView;
  /** @throws ElfError where `length` bytes at `offset` are not all in the file */
  slice(what: string, offset: bigint, length: bigint): Uint8Array;
  fail(problem: string): never;
}

function readerOf(name: string, bytes: Uint8Array): Reader {
  const fail = (problem: string): never => {
    throw new ElfError(`${name}: ${problem}`);
  };
  return {
    fail,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    slice(what, offset, length) {
      if (offset + length > BigInt(bytes.length))
        fail(`is truncated: ${what} should end at byte ${offset + length}, but the file has only ${bytes.length}`);
      return bytes.subarray(Number(offset), Number(offset + length));
    },
  };
}

/** Fails unless the file is an executable for RV64. */
function checkHeader({ view, fail, slice }: Reader): void {
  if (view.byteLength < 4 || view.getUint32(0) !== MAGIC) fail('is not an ELF file: it does not begin with 0x7f ELF');
  if (view.byteLength < 6) slice('the ELF header', 0n, BigInt(HEADER_BYTES));
  if (view.getUint8(4) !== CLASS_64) fail('is a 32-bit ELF file; this machine needs a 64-bit one');
  if (view.getUint8(5) !== LITTLE_ENDIAN) fail('is a big-endian ELF file; this machine is little-endian');
  slice('the ELF header', 0n, BigInt(HEADER_BYTES));
  const machine = view.getUint16(18, true);
  if (machine !== RISCV)
    fail(`is for ${MACHINES[machine] ?? `machine number ${machine}`}; this machine needs an ELF file for RISC-V`);
  const type = view.getUint16(16, true);
  if (type !== EXECUTABLE && type !== SHARED)
    fail(`is not an executable but ${TYPES[type] ?? `an ELF file of type ${type}`}`);
}

interface ProgramHeader {
  readonly type: number;
  readonly offset: bigint;
  readonly virtual: bigint;
  readonly physical: bigint;
  readonly fileBytes: bigint;
  readonly memoryBytes: bigint;
}

/** The rows of a table in the file, each as a view of `length` bytes. */
function rows(reader: Reader, what: string, offset: bigint, count: number, stride: number, length: number): DataView[] {
  if (count > 0 && stride < length) reader.fail(`is damaged: entries of ${what} have ${stride} bytes, not ${length}`);
  const table = reader.slice(what, offset, BigInt(count * stride));
  return Array.from(
    { length: count },
    (_, index) => new DataView(table.buffer, table.byteOffset + index * stride, length),
  );
}

function readProgramHeaders(reader: Reader): ProgramHeader[] {
  const { view } = reader;
  const offset = view.getBigUint64(32, true);
  const stride = view.getUint16(54, true);
  const count = view.getUint16(56, true);
  return rows(reader, 'the program header table', offset, count, stride, PROGRAM_HEADER_BYTES).map((row) => ({
    type: row.getUint32(0, true),
    offset: row.getBigUint64(8, true),
    virtual: row.getBigUint64(16, true),
    physical: row.getBigUint64(24, true),
    fileBytes: row.getBigUint64(32, true),
    memoryBytes: row.getBigUint64(40, true),
  }));
}

interface SectionHeader {
  readonly type: number;
  readonly offset: bigint;
  readonly size: bigint;
  readonly link: number;
}

function readSectionHeaders(reader: Reader): SectionHeader[] {
  const { view } = reader;
  const offset = view.getBigUint64(40, true);
  const stride = view.getUint16(58, true);
  const count = view.getUint16(60, true);
  return rows(reader, 'the section header table', offset, count, stride, SECTION_HEADER_BYTES).map((row) => ({
    type: row.getUint32(4, true),
    offset: row.getBigUint64(24, true),
    size: row.getBigUint64(32, true),
    link: row.getUint32(40, true),
  }));
}

function textAt(bytes: Uint8Array, offset: number): string {
  const end = bytes.indexOf(0, offset);
  return new TextDecoder().decode(bytes.subarray(offset, end < 0 ? bytes.length : end));
}

function readSymbols(reader: Reader): Map<string, bigint> {
  const sections = readSectionHeaders(reader);
  const table = sections.find(({ type }) => type === SYMBOL_TABLE);
  const names = table && sections[table.link];
  const symbols = new Map<string, bigint>();
  if (!table || !names) return symbols;
  const text = reader.slice('the names of symbols', names.offset, names.size);
  const count = Number(table.size / BigInt(SYMBOL_BYTES));
  const globals = new Set<string>();
  for (const row of rows(reader, 'the symbol table', table.offset, count, SYMBOL_BYTES, SYMBOL_BYTES)) {
    const info = row.getUint8(4);
    const name = textAt(text, row.getUint32(0, true));
    if (name === '' || row.getUint16(6, true) === UNDEFINED_SECTION || !NAMED_PLACES.includes(info & 15)) continue;
    const isGlobal = info >> 4 === GLOBAL;
    if (symbols.has(name) && (!isGlobal || globals.has(name))) continue;
    if (isGlobal) globals.add(name);
    symbols.set(name, row.getBigUint64(8, true));
  }
  return symbols;
}

/**
 * Reads an executable.
 * @param name of the file, for errors
 * @param bytes the whole file; segments are views into it
 * @throws ElfError where it is not an ELF file, not one for this machine, not executable, truncated or damaged
 */
export function readElf(name: string, bytes: Uint8Array): ElfFile {
  const reader = readerOf(name, bytes);
  checkHeader(reader);
  const loaded = readProgramHeaders(reader).filter(({ type, memoryBytes }) => type === LOADABLE && memoryBytes > 0n);
  if (loaded.length === 0) reader.fail('has nothing to load: it has no segment of type PT_LOAD');
  const segments = loaded.map(({ offset, physical, fileBytes, memoryBytes }): ElfSegment => {
    const where = `the segment for 0x${physical.toString(16)}`;
    if (fileBytes > memoryBytes) reader.fail(`is damaged: ${where} has more bytes in the file than in memory`);
    return { address: physical, bytes: reader.slice(where, offset, fileBytes), size: memoryBytes };
  });
  const start = reader.view.getBigUint64(24, true);
  // The entry is a virtual address; it is started where the segment that holds it has been loaded.
  const home = loaded.find(({ virtual, memoryBytes }) => start >= virtual && start < virtual + memoryBytes);
  return { entry: home ? start - home.virtual + home.physical : start, segments, symbols: readSymbols(reader) };
}
