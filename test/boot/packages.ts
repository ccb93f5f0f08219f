/**
 * Debian's firmware, kernel and userland for RISC-V. They are fetched once, and kept from run to run; `node
 * test/boot/packages.ts` fetches them now.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireTool } from '../support/tools.ts';
import { Apt } from './apt.ts';
import { EXT4_TOOLS, makeExt4 } from './disk-image.ts';
import { BASE_SYSTEM, setUp, unpackSystem } from './root-file-system.ts';

/** Where what is fetched is kept. */
export const CACHE = fileURLToPath(new URL('../../node_modules/.cache/vivarium-debian', import.meta.url));
/** Where packages for RISC-V may be, in the order in which they are tried. */
const SUITES = ['trixie', 'sid', 'forky'];

export interface BootFiles {
  /** OpenSBI, `fw_dynamic.bin`. */
  readonly firmware: string;
  readonly kernel: string;
  /** The folder with the kernel's modules. */
  readonly modules: string;
  /** U-Boot for supervisor mode. */
  readonly uBoot: string;
  readonly busybox: string;
  /** A disk with Debian's base system as its ext4 file system; to be copied before it is written to. */
  readonly disk: string;
}

const DISK = 'disk.img';
const DISK_MEBIBYTES = 512;

const FILES: Readonly<Record<keyof BootFiles, string>> = {
  firmware: 'usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin',
  kernel: '{usr/lib/modules/*/vmlinuz,boot/vmlinu[xz]-*}',
  modules: '{usr/,}lib/modules/*/kernel',
  uBoot: 'usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin',
  busybox: '{usr/,}bin/busybox',
  disk: DISK,
};

function filesIn(folder: string): BootFiles | undefined {
  const found = Object.entries(FILES).map(([name, pattern]) => [name, globSync(join(folder, pattern))[0]] as const);
  return found.every(([, file]) => file) ? (Object.fromEntries(found) as unknown as BootFiles) : undefined;
}

function filesInCache(): BootFiles | undefined {
  for (const suite of SUITES) {
    const files = filesIn(join(CACHE, suite));
    if (files) return files;
  }
  return undefined;
}

/** The packages with the kernel and its modules: one in some suites, several in others. */
function kernelPackages(apt: Apt): readonly string[] {
  const image = apt.dependencies('linux-image-riscv64').find((name) => /^linux-image-\d/.test(name));
  if (!image) throw new Error('linux-image-riscv64 depends on no kernel');
  const parts = apt.dependencies(image).filter((name) => /^linux-(binary|modules)-\d/.test(name));
  return parts.length > 0 ? parts : [image];
}

/** Makes the disk with the base system. @param folder for it, and for what is needed on the way */
function makeDisk(apt: Apt, folder: string): void {
  const [archives, root] = [join(folder, 'archives'), join(folder, 'root')];
  apt.fetchSystem(BASE_SYSTEM, archives);
  unpackSystem(archives, root);
  setUp(root);
  makeExt4(join(folder, DISK), root, DISK_MEBIBYTES);
  for (const done of [archives, root]) rmSync(done, { recursive: true });
}

/** @throws Error where the packages of this suite cannot be had */
function fetchFrom(suite: string): void {
  const folder = join(CACHE, suite);
  const part = `${folder}.part`;
  for (const old of [part, folder]) rmSync(old, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  try {
    const apt = new Apt(suite, join(CACHE, 'apt', suite));
    apt.unpack(['busybox-static', 'opensbi', 'u-boot-qemu', ...kernelPackages(apt)], part);
    makeDisk(apt, part);
    if (!filesIn(part)) throw new Error('the packages have other files than expected');
    renameSync(part, folder);
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}

/** Fills the cache. @throws Error with what is wrong with each suite */
function fetchAny(): void {
  const problems: string[] = [];
  for (const suite of SUITES) {
    try {
      fetchFrom(suite);
      return;
    } catch (error) {
      problems.push(`${suite}: ${(error as Error).message}`);
    }
  }
  throw new Error(`Debian's packages for RISC-V cannot be had:\n${problems.join('\n')}`);
}

/** Files on the disk belong to root, and to others, whoever makes it. */
const asRoot = process.getuid?.() === 0 ? [] : ['fakeroot'];

/** Fills the cache, by a process of its own. Whoever comes second waits. @returns what is wrong */
function fetchAlone(): string {
  mkdirSync(CACHE, { recursive: true });
  const fetcher = [...asRoot, process.execPath, fileURLToPath(import.meta.url)];
  return spawnSync('flock', [join(CACHE, 'lock'), ...fetcher], { encoding: 'utf8' }).stderr;
}

/**
 * The files that a Debian guest boots from, for `describe.skipIf(!files)`. Says loudly where they cannot be had.
 * @throws Error in that case where the environment variable CI is set: there nothing may be skipped
 */
export function bootFiles(): BootFiles | undefined {
  const tools = [
    ...[['apt-get', 'apt'] as const, ['dpkg-deb', 'dpkg'] as const, ['flock', 'util-linux'] as const],
    ...[['xz', 'xz-utils'] as const, ...asRoot.map((tool) => [tool, tool] as const)],
    ...EXT4_TOOLS.map((tool) => [tool, 'e2fsprogs'] as const),
  ];
  if (!tools.every(([tool, from]) => requireTool(tool, from))) return undefined;
  const known = filesInCache();
  if (known) return known;
  const problem = fetchAlone();
  const files = filesInCache();
  if (files) return files;
  if (process.env.CI) throw new Error(problem);
  console.warn(`\n*** SKIPPED *** ${problem}\n`);
  return undefined;
}

if (process.argv[1] === fileURLToPath(import.meta.url) && !filesInCache()) {
  try {
    fetchAny();
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
