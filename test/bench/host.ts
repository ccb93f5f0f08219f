/** Where and on what measurements were made. */
import { spawnSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { QEMU, versionOf } from './emulators.ts';

const ROOT = join(import.meta.dirname, '../..');

export interface Host {
  readonly date: string;
  /** Of this checkout, with a mark where it has changes that are not committed. */
  readonly revision: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  /** What else ran in the minute before, as the number of threads that wanted a core: figures are good if it is near 0. */
  readonly load: number;
  /** The one that runs Vivarium. */
  readonly node: string;
  /** Undefined where it is not installed. */
  readonly qemu: string | undefined;
}

export function describeHost(): Host {
  const git = spawnSync('git', ['describe', '--always', '--dirty'], { cwd: ROOT, encoding: 'utf8' });
  return {
    date: new Date().toISOString().slice(0, 10),
    revision: git.stdout?.trim() || 'unknown',
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    load: loadavg()[0]!,
    node: versionOf(join(ROOT, 'node_modules/.bin/node')) ?? process.version,
    qemu: versionOf(QEMU.program),
  };
}

/** In one paragraph. */
export const hostText = ({ date, revision, cpu, cores, memoryGib, load, node, qemu }: Host): string =>
  `${cpu}, ${cores} cores, ${memoryGib} GiB, load ${load.toFixed(1)} at the start; Node.js ${node}; ${qemu ?? 'no QEMU'}; ` +
  `Vivarium at ${revision}, ${date}.`;
