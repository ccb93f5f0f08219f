/** The two emulators that are compared, each run as its users run it, with the same options. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { BENCHMARKS } from '../guests/build.ts';

const ROOT = join(import.meta.dirname, '../..');

export interface Emulator {
  readonly name: 'QEMU' | 'Vivarium';
  readonly program: string;
  /** Options that load the plugin in `file` with one argument. */
  plugin(file: string, argument: string | undefined): readonly string[];
}

export const VIVARIUM: Emulator = {
  name: 'Vivarium',
  program: join(ROOT, 'server/vivarium'),
  plugin: (file, argument) => ['-instr', argument === undefined ? file : `${file},arg=${argument}`],
};
export const QEMU: Emulator = {
  name: 'QEMU',
  program: 'qemu-system-riscv64',
  plugin: (file, argument) => ['-plugin', argument === undefined ? file : `${file},${argument}`],
};

/** The first line of what `--version` says; undefined where there is no such program. */
export function versionOf(program: string): string | undefined {
  const { error, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return error ? undefined : stdout.split('\n', 1)[0];
}

/** ELF file of the benchmark program `name`. */
export const programFile = (name: string): string => BENCHMARKS.find((program) => program.name === name)!.elf;

/** What a guest says at its end, and how long it took. */
export interface GuestRun {
  readonly checksum: string;
  /** Instructions retired, as the guest's own counter has it. */
  readonly instructions: number;
  /** Seconds by the guest's clock, from the start of the work to its end. */
  readonly guestSeconds: number;
  /** Seconds from the start of the process to its end. */
  readonly processSeconds: number;
  /** What the emulator wrote to standard error. */
  readonly errors: string;
}

const RESULT = /^\S+ checksum=(?<checksum>[\da-f]{16}) instret=(?<instret>\d+) ticks=(?<ticks>\d+)\r?$/m;
const TICKS_PER_SECOND = 1e7;
const PATIENCE_MS = 30 * 60_000;

const MACHINE = ['-M', 'virt', '-bios', 'none', '-display', 'none', '-monitor', 'none'];

/** Starts `emulator` with `options` behind those that all runs share. Whoever calls this sees to its end. */
export const start = ({ program }: Emulator, options: readonly string[]): ChildProcess =>
  spawn(program, [...MACHINE, ...options], { stdio: ['ignore', 'pipe', 'pipe'], timeout: PATIENCE_MS });

/**
 * Runs a benchmark program to its end.
 * @param harts vCPUs of the machine
 * @throws Error that has what the emulator said: the guest failed, or printed no result
 */
export async function runGuest(
  emulator: Emulator,
  elf: string,
  harts: number,
  options: readonly string[] = [],
): Promise<GuestRun> {
  const began = performance.now();
  const child = start(emulator, ['-serial', 'stdio', '-smp', `${harts}`, '-kernel', elf, ...options]);
  const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('exit', resolve));
  const [output, errors, status] = await Promise.all([text(child.stdout!), text(child.stderr!), ended]);
  const processSeconds = (performance.now() - began) / 1000;
  const groups = RESULT.exec(output)?.groups;
  if (status !== 0 || !groups)
    throw new Error(`${[emulator.program, ...options].join(' ')} on ${elf} ended with ${status}: ${output}${errors}`);
  return {
    checksum: groups.checksum!,
    instructions: Number(groups.instret),
    guestSeconds: Number(groups.ticks) / TICKS_PER_SECOND,
    processSeconds,
    errors,
  };
}
