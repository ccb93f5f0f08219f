/**
 * Runs programs under QEMU's user-mode emulator: many at once, each in its window, in one static ELF that is put
 * together here. QEMU does not tell how many instructions it ran.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assemble } from '../../core/riscv/assemble.ts';
import {
  BASE_OFFSET,
  CODE_OFFSET,
  endOf,
  type IsaDriver,
  type IsaResult,
  type Program,
  RAM_BYTES,
  SAVE_OFFSET,
  SCRATCH_BYTES,
  scratchOf,
  startOf,
  WINDOW_BYTES,
  WINDOWS,
  windowOf,
} from '../support/isa-driver.ts';
import { RAM_START } from '../support/oracle.ts';
import { requireTool } from '../support/tools.ts';

const QEMU = 'qemu-riscv64';

/** See `requireTool`. */
export const requireQemuUser = (): boolean => requireTool(QEMU, 'qemu-user');

/**
 * Names of instructions that Debian's version 7.2 does not know (Zicond, Zicbom, Zicboz, Zawrs), or gets wrong: its ctzw
 * counts beyond the word where that is zero.
 */
export const UNUSABLE_UNDER_QEMU: readonly string[] = [
  ...['czero.eqz', 'czero.nez'],
  ...['cbo.inval', 'cbo.clean', 'cbo.flush', 'cbo.zero'],
  ...['wrs.nto', 'wrs.sto', 'ctzw'],
];

/** What a window reports: its memory, and the registers, which are saved right behind it; `fcsr` in place of x0. */
const REPORT_BYTES = SCRATCH_BYTES + 64 * 8;

const jump = (from: bigint, to: bigint): Uint8Array => assemble(`jal zero, 0x${to.toString(16)}`, from);
const REGISTERS = Array.from({ length: 31 }, (_, index) => index + 1);

/** Loads or saves registers of one kind, given by their numbers, where they lie behind the base. */
const transfer = (instruction: string, kind: 'x' | 'f', registers: readonly number[], base: number): string[] =>
  registers.map((register) => {
    const slot = kind === 'x' ? register : 32 + register;
    return `${instruction} ${kind}${register}, ${SAVE_OFFSET + slot * 8}(x${base})`;
  });

/** Loads every register but the base, which points where it always does. */
const prologue = ({ base }: Program): Uint8Array => {
  const others = REGISTERS.filter((register) => register !== base);
  const fcsr = others[0]!;
  return assemble(
    [
      `auipc x${base}, ${BASE_OFFSET >> 12}`,
      `ld x${fcsr}, ${SAVE_OFFSET}(x${base})`,
      `csrrw zero, fcsr, x${fcsr}`,
      ...transfer('ld', 'x', others, base),
      ...transfer('fld', 'f', [0, ...REGISTERS], base),
    ].join('\n'),
  );
};
const epilogue = ({ base }: Program): Uint8Array => {
  const fcsr = base === 1 ? 2 : 1;
  return assemble(
    [
      ...transfer('sd', 'x', REGISTERS, base),
      ...transfer('fsd', 'f', [0, ...REGISTERS], base),
      `csrrs x${fcsr}, fcsr, zero`,
      `sd x${fcsr}, ${SAVE_OFFSET}(x${base})`,
    ].join('\n'),
  );
};

const WRITE = 64;
const EXIT = 93;

/** Writes what each window reports to standard output, and exits. */
function finish(programs: readonly Program[]): Uint8Array {
  const lines = programs.flatMap((program) => {
    // s0 holds RAM_START; lui takes what is left when the low 12 bits are added as a signed number.
    const distance = Number(scratchOf(program) - RAM_START);
    const low = (distance << 20) >> 20;
    return [
      'addi a0, zero, 1',
      `lui a1, ${(distance - low) >>> 12}`,
      `addi a1, a1, ${low}`,
      'add a1, a1, s0',
      `addi a2, zero, ${REPORT_BYTES / 2}`,
      'add a2, a2, a2',
      `addi a7, zero, ${WRITE}`,
      'ecall',
    ];
  });
  // The first instruction of RAM jumps to the first program.
  return assemble(
    ['auipc s0, 0', 'addi s0, s0, -4', ...lines, 'addi a0, zero, 0', `addi a7, zero, ${EXIT}`, 'ecall'].join('\n'),
  );
}

/** RAM as it is when the first instruction runs. */
function image(programs: readonly Program[]): Uint8Array {
  const ram = new Uint8Array(RAM_BYTES);
  const put = (address: bigint, bytes: Uint8Array): bigint => {
    ram.set(bytes, Number(address - RAM_START));
    return address + BigInt(bytes.length);
  };
  const finishAt = RAM_START + 4n;
  if (put(finishAt, finish(programs)) > RAM_START + BigInt(WINDOW_BYTES)) throw new Error('too many programs');
  let from = RAM_START;
  for (const program of programs) {
    put(from, jump(from, windowOf(program)));
    const behind = put(windowOf(program), prologue(program));
    put(behind, jump(behind, startOf(program)));
    if (behind + 4n > startOf(program)) throw new Error(`no room for the prologue before ${CODE_OFFSET}`);
    put(startOf(program), program.code);
    from = put(endOf(program), epilogue(program));
    const end = put(scratchOf(program), program.scratch);
    put(end, new Uint8Array(BigUint64Array.from(program.registers.with(0, program.fcsr)).buffer));
  }
  put(from, jump(from, finishAt));
  return ram;
}

/** A static ELF for RISC-V with one segment that may be read, written and executed (System V ABI, "Object Files"). */
export function elf(address: bigint, contents: Uint8Array): Uint8Array {
  const HEADER_BYTES = 64;
  const SEGMENT_BYTES = 56;
  /** In the file the segment starts where its address does modulo the page size. */
  const OFFSET = 4096;
  const file = new Uint8Array(OFFSET + contents.length);
  const view = new DataView(file.buffer);
  const halfword = (at: number, value: number): void => view.setUint16(at, value, true);
  const word = (at: number, value: number): void => view.setUint32(at, value, true);
  const double = (at: number, value: bigint): void => view.setBigUint64(at, value, true);

  file.set([0x7f, 0x45, 0x4c, 0x46]);
  file.set([2, 1, 1], 4); // 64 bits, little-endian, version 1
  halfword(16, 2); // executable
  halfword(18, 243); // RISC-V
  word(20, 1);
  double(24, address);
  double(32, BigInt(HEADER_BYTES));
  word(48, 1); // uses C; soft float
  halfword(52, HEADER_BYTES);
  halfword(54, SEGMENT_BYTES);
  halfword(56, 1);

  word(HEADER_BYTES, 1); // PT_LOAD
  word(HEADER_BYTES + 4, 7); // readable, writable, executable
  double(HEADER_BYTES + 8, BigInt(OFFSET));
  double(HEADER_BYTES + 16, address);
  double(HEADER_BYTES + 24, address);
  double(HEADER_BYTES + 32, BigInt(contents.length));
  double(HEADER_BYTES + 40, BigInt(contents.length));
  double(HEADER_BYTES + 48, BigInt(OFFSET));
  file.set(contents, OFFSET);
  return file;
}

const TIMEOUT_MS = 20_000;

/**
 * What the program in `ram` prints, which lies at RAM_START and starts at its first byte.
 * @throws Error where it does not exit with status 0, or does not print this many bytes
 */
export function runImage(ram: Uint8Array, outputBytes: number): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'vivarium-'));
  try {
    const file = join(folder, 'program');
    writeFileSync(file, elf(RAM_START, ram));
    chmodSync(file, 0o755);
    const { status, signal, stdout, stderr, error } = spawnSync(QEMU, [file], {
      maxBuffer: 2 ** 26,
      timeout: TIMEOUT_MS,
    });
    if (error) throw error;
    if (status !== 0 || stdout.length !== outputBytes)
      throw new Error(`${QEMU}: status ${status}, signal ${signal}, ${stdout.length} bytes: ${stderr}`);
    return Uint8Array.from(stdout);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * What QEMU makes of the programs, in their order.
 * @param programs at most WINDOWS, each in a window of its own
 * @throws Error where QEMU does not come to the end of them all
 */
export function runUnderQemu(programs: readonly Program[]): readonly IsaResult[] {
  if (new Set(programs.map(windowOf)).size !== programs.length || programs.length > WINDOWS)
    throw new Error('two programs in one window');
  const output = runImage(image(programs), programs.length * REPORT_BYTES);
  return programs.map((_, index) => {
    const report = output.slice(index * REPORT_BYTES, (index + 1) * REPORT_BYTES);
    const [fcsr = 0n, ...registers] = new BigUint64Array(report.buffer, SCRATCH_BYTES, 64);
    return { registers: [0n, ...registers], fcsr, memory: report.slice(0, SCRATCH_BYTES), instret: undefined };
  });
}

export const qemuDriver: IsaDriver = {
  name: QEMU,
  run: (program) => runUnderQemu([program])[0]!,
};
