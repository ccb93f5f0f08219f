/** Debian's packages for RISC-V, fetched by apt with a configuration of our own: the mirrors are this machine's. */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PATIENCE_MS = 600_000;
/** What apt wants to find below its root. */
const FOLDERS = [
  'etc/apt/apt.conf.d',
  'etc/apt/preferences.d',
  'var/cache/apt/archives/partial',
  'var/lib/apt/lists/partial',
  'var/lib/dpkg',
];

/**
 * Runs a program of the host and returns what it prints.
 * @throws Error with what it says where it fails
 */
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

/** An apt that knows the packages of one suite. */
export class Apt {
  readonly #env: NodeJS.ProcessEnv;

  /** @param root a folder for its lists @throws Error where they cannot be had */
  constructor(suite: string, root: string) {
    for (const folder of FOLDERS) mkdirSync(join(root, folder), { recursive: true });
    const statusFile = join(root, 'var/lib/dpkg/status');
    writeFileSync(statusFile, '');
    // The keys of other suites need not be on this machine, and what is fetched is only run as a guest.
    const sources = mirrors().map((uri) => `deb [arch=riscv64 trusted=yes] ${uri} ${suite} main\n`);
    writeFileSync(join(root, 'etc/apt/sources.list'), sources.join(''));
    const configuration = join(root, 'apt.conf');
    writeFileSync(
      configuration,
      [
        // How this machine reaches its mirrors.
        run('apt-config', ['dump', 'Acquire']),
        `Dir "${root}";`,
        `Dir::State::status "${statusFile}";`,
        'APT::Architecture "riscv64";',
        'APT::Architectures { "riscv64"; };',
        'APT::Sandbox::User "root";',
        'Acquire::Languages "none";',
        'Acquire::Check-Valid-Until "false";',
        'Acquire::Retries "3";',
        '',
      ].join('\n'),
    );
    this.#env = { ...process.env, APT_CONFIG: configuration };
    run('apt-get', ['-q', 'update'], { env: this.#env });
  }

  /** Names of the packages that `name` depends on directly. */
  dependencies(name: string): readonly string[] {
    const text = run('apt-cache', ['depends', '--no-recommends', '--no-suggests', name], { env: this.#env });
    return [...text.matchAll(/Depends: ([^ <\n]+)$/gm)].map(([, dependency]) => dependency!);
  }

  /** Unpacks the files of packages into `folder`, as they would lie on a disk. */
  unpack(names: readonly string[], folder: string): void {
    run('apt-get', ['-q', 'download', ...names], { cwd: folder, env: this.#env });
    for (const archive of globSync(join(folder, '*.deb'))) {
      run('dpkg-deb', ['-x', archive, folder]);
      rmSync(archive);
    }
  }

  /**
   * Fetches packages with all that they depend on.
   * @param names of packages, or patterns of apt
   * @param folder for the archives, an absolute path
   */
  fetchSystem(names: readonly string[], folder: string): void {
    mkdirSync(join(folder, 'partial'), { recursive: true });
    const options = ['--no-install-recommends', '--download-only', '-o', `Dir::Cache::archives=${folder}`];
    run('apt-get', ['-q', '-y', ...options, 'install', ...names], { env: this.#env });
  }
}
