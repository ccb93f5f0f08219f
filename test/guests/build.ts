/**
 * Builds the guest programs with the cross compiler, so that they can be kept in the repository as ELF files and used
 * without one.
 *
 * `node test/guests/build.ts` writes the ELF files; with `--check` it compares them with what it builds and fails where
 * they differ. A program is a C file or a folder of C and assembly files; runtime and kernels are a library, from which
 * each takes what it uses.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';

const GUESTS = import.meta.dirname;
const TESTS = join(GUESTS, '..');
const BENCH = join(TESTS, 'bench');

export const COMPILER = 'riscv64-unknown-elf-gcc';
/** Where Debian has the compiler. */
export const PACKAGE = 'gcc-riscv64-unknown-elf';
/** What the ELF files in the repository are built with (Debian 12); other versions make other code. */
export const VERSION = '12.2.0';

const WARNINGS = ['-std=gnu11', '-Wall', '-Wextra', '-Werror'];
const TARGET = ['-march=rv64imac_zicsr_zifencei', '-mabi=lp64', '-mcmodel=medany'];
// The last three keep out what has no use here: memcpy in the body of memcpy, PLT entries, tables for C++ exceptions.
const COMPILE = [
  ...TARGET,
  ...WARNINGS,
  '-O2',
  '-ffreestanding',
  '-ffunction-sections',
  '-fdata-sections',
  '-fno-tree-loop-distribute-patterns',
  '-fno-pic',
  '-fno-asynchronous-unwind-tables',
  '-Iruntime',
  '-Ikernels',
];
const LINK = [...TARGET, '-nostdlib', '-static', '-Truntime/link.ld', '-Wl,--gc-sections,--build-id=none'];

/** One program: the files it is made of, and where its ELF file is kept. Paths are absolute. */
export interface Program {
  readonly name: string;
  readonly sources: readonly string[];
  readonly elf: string;
}

/** C and assembly files in `folder` and the folders in it, in an order that does not depend on the machine. */
const sourcesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.[cS]$/.test(name))
    .sort()
    .map((name) => join(folder, name));

const programsIn = (folder: string, bin: string): Program[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || entry.name.endsWith('.c'))
    .map((entry) => {
      const name = basename(entry.name, '.c');
      const path = join(folder, entry.name);
      return { name, sources: entry.isDirectory() ? sourcesIn(path) : [path], elf: join(bin, `${name}.elf`) };
    });

export const GUEST_PROGRAMS: readonly Program[] = [
  { name: 'demo', sources: sourcesIn(join(GUESTS, 'demo')), elf: join(GUESTS, 'demo.elf') },
  ...programsIn(join(GUESTS, 'programs'), join(GUESTS, 'bin')),
];
export const BENCHMARKS: readonly Program[] = programsIn(join(BENCH, 'programs'), join(BENCH, 'bin'));

/** Runs `tool` in the folder of the guests: that keeps the paths of this machine out of what it makes. */
function run(tool: string, args: readonly string[]): string {
  const { status, stderr, stdout, error } = spawnSync(tool, args, { cwd: GUESTS, encoding: 'utf8' });
  if (error) throw new Error(`${tool} cannot be run (${error.message}): it is in the Debian package ${PACKAGE}`);
  if (status !== 0) throw new Error(`${tool} ${args.join(' ')} failed:\n${stderr}`);
  return stdout;
}

const inTemporaryFolder = <T>(work: (folder: string) => T): T => {
  const folder = mkdtempSync(join(tmpdir(), 'vivarium-guests-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

function compile(sources: readonly string[], folder: string): string[] {
  mkdirSync(folder);
  return sources.map((source) => {
    const object = join(folder, `${basename(source)}.o`);
    run(COMPILER, [...COMPILE, '-c', relative(GUESTS, source), '-o', object]);
    return object;
  });
}

/** Builds every program into `folder`. @returns the paths of what was built, by program */
function buildInto(folder: string): ReadonlyMap<Program, string> {
  const library = join(folder, 'library.a');
  const common = ['runtime', 'kernels'].flatMap((name) => sourcesIn(join(GUESTS, name)));
  run('riscv64-unknown-elf-ar', ['rcsD', library, ...compile(common, join(folder, 'library'))]);
  return new Map(
    [...GUEST_PROGRAMS, ...BENCHMARKS].map((program) => {
      const elf = join(folder, relative(TESTS, program.elf).replaceAll('/', '-'));
      const objects = compile(program.sources, `${elf}.objects`);
      run(COMPILER, [...LINK, ...objects, library, '-o', elf]);
      // Names of functions stay; those of source files go, and the compiler's, which has the packager's revision in it.
      run('riscv64-unknown-elf-strip', ['--strip-debug', '--remove-section=.comment', elf]);
      return [program, elf];
    }),
  );
}

/** The version of the compiler that is installed here. */
export const installedVersion = (): string => run(COMPILER, ['-dumpfullversion']).trim();

/** Writes all ELF files. */
export function build(): void {
  inTemporaryFolder((folder) => {
    for (const [{ elf }, built] of buildInto(folder)) {
      mkdirSync(join(elf, '..'), { recursive: true });
      writeFileSync(elf, readFileSync(built));
    }
  });
}

/** Builds all programs and says, one line for each, which ELF files are not what their sources give. */
export const differences = (): string[] =>
  inTemporaryFolder((folder) =>
    [...buildInto(folder)].flatMap(([{ elf }, built]) => {
      const name = relative(join(TESTS, '..'), elf);
      if (!existsSync(elf)) return [`${name} is missing: run build.ts`];
      return readFileSync(elf).equals(readFileSync(built))
        ? []
        : [`${name} is not what its sources give: run build.ts`];
    }),
  );

/** Builds the workload `program` for the host, runs it, and returns what it prints. @throws Error where it fails */
export const runNatively = (program: Program): string =>
  inTemporaryFolder((folder) => {
    const executable = join(folder, program.name);
    const sources = [...sourcesIn(join(GUESTS, 'native')), ...sourcesIn(join(GUESTS, 'kernels')), ...program.sources];
    // The runtime's own <string.h> stays out of the way; its workload.h is the contract.
    run('gcc', [...WARNINGS, '-O2', '-iquote', 'runtime', '-Ikernels', ...sources, '-o', executable]);
    return run(executable, []);
  });

if (import.meta.main) {
  const version = installedVersion();
  if (version !== VERSION)
    throw new Error(`${COMPILER} is version ${version}: the ELF files are built with ${VERSION}`);
  if (process.argv.includes('--check')) {
    const lines = differences();
    for (const line of lines) console.error(line);
    process.exitCode = lines.length > 0 ? 1 : 0;
  } else {
    build();
  }
}
