import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../support/temporary.ts';

const LAUNCHER = fileURLToPath(new URL('../../../server/vivarium', import.meta.url));

function script(path: string, text: string): void {
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
}

/** A tree with the launcher, a node that shows how it was called, and an npm that makes that node. */
function tree(setUp: boolean) {
  const root = join(realpathSync(temporaryDirectory()), 'a tree');
  mkdirSync(join(root, 'server'), { recursive: true });
  mkdirSync(join(root, 'bin'));
  copyFileSync(LAUNCHER, join(root, 'server/vivarium'));
  script(join(root, 'bin/node'), 'for word; do echo "[$word]"; done; exit 7');
  const install = 'mkdir -p node_modules/.bin && cp bin/node node_modules/.bin/node';
  script(join(root, 'bin/npm'), `echo "npm $1 in $(pwd)"; [ -z "$BROKEN" ] && ${install}`);
  if (setUp) spawnSync('sh', ['-c', install], { cwd: root });
  const run = (path: string, words: readonly string[] = [], environment = {}) =>
    spawnSync(path, words, {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${join(root, 'bin')}${delimiter}${process.env.PATH}`, ...environment },
    });
  return { root, run };
}

describe('the launcher', () => {
  it('runs the pinned node with every word as it is, and ends with its status', () => {
    const { root, run } = tree(true);
    expect(run(join(root, 'server/vivarium'), ['-append', 'a  b', ''])).toMatchObject({
      status: 7,
      stdout: `[${root}/server/main.ts]\n[-append]\n[a  b]\n[]\n`,
      stderr: '',
    });
  });

  it('finds itself through symlinks, absolute and relative, and from PATH', () => {
    const { root, run } = tree(true);
    mkdirSync(join(root, 'x/y'), { recursive: true });
    symlinkSync('../../server/vivarium', join(root, 'x/y/relative'));
    symlinkSync(join(root, 'x/y/relative'), join(root, 'bin/vivarium'));
    const stdout = `[${root}/server/main.ts]\n`;
    expect(run('x/y/relative')).toMatchObject({ stdout, stderr: '' });
    expect(run(join(root, 'bin/vivarium'))).toMatchObject({ stdout, stderr: '' });
    expect(run('vivarium')).toMatchObject({ stdout, stderr: '' });
  });

  it('runs the client where it is called by its name', () => {
    const { root, run } = tree(true);
    symlinkSync('server/vivarium', join(root, 'vivarium-ctl'));
    symlinkSync('../vivarium-ctl', join(root, 'bin/vivarium-ctl'));
    const stdout = `[${root}/clients/ctl/main.ts]\n[stop]\n`;
    expect(run(join(root, 'vivarium-ctl'), ['stop'])).toMatchObject({ status: 7, stdout, stderr: '' });
    expect(run('vivarium-ctl', ['stop'])).toMatchObject({ status: 7, stdout, stderr: '' });
  });

  it('sets the tree up where that has not been done, and keeps standard output clean', () => {
    const { root, run } = tree(false);
    expect(run(join(root, 'server/vivarium'))).toMatchObject({
      status: 7,
      stdout: `[${root}/server/main.ts]\n`,
      stderr: `vivarium: setting up: fetching the packages that package-lock.json names\nnpm ci in ${root}\n`,
    });
  });

  it('ends with status 1 where that fails', () => {
    const { root, run } = tree(false);
    expect(run(join(root, 'server/vivarium'), [], { BROKEN: '1' })).toMatchObject({ status: 1, stdout: '' });
  });
});
