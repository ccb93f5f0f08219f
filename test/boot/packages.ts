/**
 * Debian's firmware, kernel and userland for RISC-V, fetched through apt with a configuration of our own: the mirror is the
 * one that this machine is set up with, the architecture and the suite are others. Kept from run to run.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireTool } from '../support/tools.ts';

/** Where what is fetched is kept. */
export const CACHE = fileURLToPath(new URL('../../node_modules/.cache/vivarium-boot', import.meta.url));
/** Where packages for RISC-V may be, in the order in which they are tried. */
const SUITES = ['trixie', 'sid', 'forky'];
const PATIENCE_MS = 300_000;

/** Runs a program of the host. @returns what it prints @throws Error with what it says where it fails */
export function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: PATIENCE_MS,
    maxBuffer: 1 << 26,
    ...options,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: status ${status}: ${stderr.trim()}`);
  return stdout;
}

/** Addresses of the mirrors that apt is set up with, but for those of security updates. */
function mirrors(): readonly string[] {
  const files = ['/etc/apt/sources.list', ...globSync('/etc/apt/sources.list.d/*')].filter((file) => existsSync(file));
  const text = files.map((file) => readFileSync(file, 'utf8')).join('\n');
  const lines = text.split('\n').filter((line) => /^(URIs:|deb )/.test(line) && !line.includes('security'));
  const found = lines.flatMap((line) => line.match(/https?:\/\/[^ ]+/g) ?? []);
  if (found.length === 0) throw new Error('apt is set up with no mirror');
  return [...new Set(found)];
}

/** An apt of our own, for one suite. */
export class Apt {
  readonly #env: NodeJS.ProcessEnv;

  constructor(suite: string) {
    const root = join(CACHE, 'apt', suite);
    for (const folder of ['etc/apt/apt.conf.d', 'etc/apt/preferences.d', 'var/lib/apt/lists/partial'])
      mkdirSync(join(root, folder), { recursive: true });
    for (const folder of ['var/cache/apt/archives/partial', 'var/lib/dpkg'])
      mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, 'var/lib/dpkg/status'), '');
    // The keys of other suites need not be on this machine, and what is fetched is only run as a guest.
    const sources = mirrors().map((uri) => `deb [arch=riscv64 trusted=yes] ${uri} ${suite} main\n`);
    writeFileSync(join(root, 'etc/apt/sources.list'), sources.join(''));
    const configuration = join(root, 'apt.conf');
    writeFileSync(
      configuration,
      [
        `Dir "${root}";`,
        `Dir::State::status "${join(root, 'var/lib/dpkg/status')}";`,
        'APT::Architecture "riscv64";',
        'APT::Architectures { "riscv64"; };',
        'Acquire::Languages "none";',
        'Acquire::Check-Valid-Until "false";',
        'Acquire::Retries "3";',
        'APT::Sandbox::User "root";',
        '',
      ].join('\n'),
    );
    this.#env = { ...process.env, APT_CONFIG: configuration };
  }

  update(): void {
    run('apt-get', ['-q', 'update'], { env: this.#env });
  }

  /** Names of the packages that `name` depends on directly. */
  dependencies(name: string): readonly string[] {
    const text = run('apt-cache', ['depends', '--no-recommends', '--no-suggests', name], { env: this.#env });
    return [...text.matchAll(/Depends: ([^ <\n]+)$/gm)].map(([, dependency]) => dependency!);
  }

  download(names: readonly string[], folder: string): void {
    run('apt-get', ['-q', 'download', ...names], { cwd: folder, env: this.#env });
  }
}

/** The package with the kernel's image, which has been split up in the course of time. */
function kernelPackage(apt: Apt): string {
  const image = apt.dependencies('linux-image-riscv64').find((name) => /^linux-image-\d/.test(name));
  if (!image) throw new Error('linux-image-riscv64 depends on no kernel');
  return apt.dependencies(image).find((name) => /^linux-binary-\d/.test(name)) ?? image;
}

function fetchFrom(suite: string, folder: string): void {
  const apt = new Apt(suite);
  apt.update();
  apt.download(['busybox-static', 'opensbi', 'u-boot-qemu', kernelPackage(apt)], folder);
  for (const archive of globSync(join(folder, '*.deb'))) run('dpkg-deb', ['-x', archive, folder]);
}

export interface BootFiles {
  /** OpenSBI, `fw_dynamic.bin`. */
  readonly firmware: string;
  readonly kernel: string;
  /** U-Boot for supervisor mode. */
  readonly uBoot: string;
  readonly busybox: string;
}

const FILES: Readonly<Record<keyof BootFiles, string>> = {
  firmware: 'usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin',
  kernel: '{usr/lib/modules/*/vmlinuz,boot/vmlinu[xz]-*}',
  uBoot: 'usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin',
  busybox: '{usr/,}bin/busybox',
};

function filesIn(folder: string): BootFiles | undefined {
  const found = Object.entries(FILES).map(([name, pattern]) => [name, globSync(join(folder, pattern))[0]] as const);
  return found.every(([, file]) => file) ? (Object.fromEntries(found) as unknown as BootFiles) : undefined;
}

/**
 * The files that a Debian guest boots from, for `describe.skipIf(!files)`. Says loudly where they cannot be had.
 * @throws Error in that case where the environment variable CI is set: there nothing may be skipped
 */
export function bootFiles(): BootFiles | undefined {
  if (!requireTool('apt-get', 'apt') || !requireTool('dpkg-deb', 'dpkg')) return undefined;
  const problems: string[] = [];
  for (const suite of SUITES) {
    const folder = join(CACHE, suite);
    const known = filesIn(folder);
    if (known) return known;
    mkdirSync(folder, { recursive: true });
    try {
      fetchFrom(suite, folder);
      const files = filesIn(folder);
      if (files) return files;
      problems.push(`${suite}: the packages have other files than expected`);
    } catch (error) {
      problems.push(`${suite}: ${(error as Error).message}`);
    }
  }
  const missing = `Debian's packages for RISC-V cannot be had:\n${problems.join('\n')}`;
  if (process.env.CI) throw new Error(missing);
  console.warn(`\n*** SKIPPED *** ${missing}\n`);
  return undefined;
}
