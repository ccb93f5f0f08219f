/** GNU's assembler and disassembler for RISC-V, as second opinions. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireTool } from './tools.ts';

const PACKAGE = 'binutils-riscv64-unknown-elf';
const OBJDUMP = 'riscv64-unknown-elf-objdump';
const AS = 'riscv64-unknown-elf-as';
const OBJCOPY = 'riscv64-unknown-elf-objcopy';

/** See `requireTool`. */
export const requireBinutils = (): boolean => [OBJDUMP, AS, OBJCOPY].every((tool) => requireTool(tool, PACKAGE));

function run(tool: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(tool, args, { encoding: 'utf8', maxBuffer: 2 ** 30 });
  if (error) throw error;
  if (status !== 0) throw new Error(`${tool} failed: ${stderr}`);
  return stdout;
}

function inFolder<T>(work: (path: (name: string) => string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'vivarium-'));
  try {
    return work((name) => join(folder, name));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** All of the hart's extensions that these binutils know. */
const MARCH = 'rv64gc_zba_zbb_zbs_zicbom_zicbop_zicboz_zihintpause_zawrs_svinval';
/** Names of those instructions that they do not know, from Zicond. */
export const UNKNOWN_TO_BINUTILS: readonly string[] = ['czero.eqz', 'czero.nez'];

function assembleObject(path: (name: string) => string, source: string): string {
  writeFileSync(path('source.s'), source);
  run(AS, [`-march=${MARCH}`, '-mabi=lp64d', '-o', path('object'), path('source.s')]);
  return path('object');
}

/** The code at address 0 as objdump shows it without aliases, by address: name and operands, separated by a space. */
export function objdump(code: Uint8Array): ReadonlyMap<number, string> {
  const listing = inFolder((path) => {
    writeFileSync(path('code'), code);
    const object = assembleObject(path, `.incbin "${path('code')}"\n`);
    // Without the symbol that says that these are data.
    run(OBJCOPY, ['--strip-all', object]);
    return run(OBJDUMP, ['-M', 'no-aliases', '-D', '-z', '-j', '.text', object]);
  });
  const shown = new Map<number, string>();
  for (const line of listing.split('\n')) {
    const found = /^ *([0-9a-f]+):\t[0-9a-f ]+\t(.*)$/.exec(line);
    if (found) shown.set(Number.parseInt(found[1]!, 16), found[2]!.replace(/ *#.*/, '').replace('\t', ' '));
  }
  return shown;
}

/** The code of `source`, to stand at address 0, as GNU's assembler makes it without compressing. */
export const gnuAssemble = (source: string): Uint8Array =>
  inFolder((path) => {
    const object = assembleObject(path, `.option norvc\n.option norelax\n${source}\n`);
    run(OBJCOPY, ['-O', 'binary', '-j', '.text', object, path('code')]);
    return Uint8Array.from(readFileSync(path('code')));
  });
