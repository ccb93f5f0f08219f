/** An ELF file with symbols of a running kernel, for gdb: Debian keeps those of its kernels in packages of their own. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { requireTool } from '../support/tools.ts';

const COMPILER = 'riscv64-unknown-elf-gcc';
const LINKER = 'riscv64-unknown-elf-ld';

/** See `requireTool`. */
export const requireAssembler = (): boolean => requireTool(COMPILER, 'gcc-riscv64-unknown-elf');

function run(tool: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(tool, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${tool} ${args.join(' ')}: ${stderr}`);
}

/**
 * Writes an ELF file in which these functions begin where they do.
 * @param lines of `/proc/kallsyms`
 */
export function writeSymbols(path: string, lines: string): void {
  const symbols = Array.from(lines.matchAll(/^([\da-f]{16}) [tT] ([\w.]+)$/gm), ([, address, name]) => ({
    address: BigInt(`0x${address}`),
    name,
  })).sort((one, other) => (one.address < other.address ? -1 : 1));
  const start = symbols[0]!.address;
  const source = symbols.map(
    ({ address, name }) => `.org ${address - start}\n.globl ${name}\n.type ${name}, @function\n${name}:`,
  );
  writeFileSync(`${path}.S`, `.section .kernel, "ax", @nobits\n${source.join('\n')}\n.skip 0x10000\n`);
  run(COMPILER, ['-c', '-o', `${path}.o`, `${path}.S`]);
  run(LINKER, ['--section-start', `.kernel=0x${start.toString(16)}`, '-e', '0', '-o', path, `${path}.o`]);
}
