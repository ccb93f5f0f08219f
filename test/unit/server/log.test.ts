import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openLog } from '../../../server/log.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('the log', () => {
  it('holds one line an entry with time, level, text and fields, and trace lines as they are', () => {
    const path = join(temporaryDirectory(), 'log');
    writeFileSync(path, 'of the last run\n');
    const log = openLog(path);
    log.info({ pid: 7, name: 'a b' }, 'ready');
    log.line('riscv_trap hart:0');
    log.warn({}, 'careful');
    log.flush();
    const lines = readFileSync(path, 'utf8').split('\n');
    expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z: info: ready pid=7 name="a b"$/);
    expect(lines[1]).toBe('riscv_trap hart:0');
    expect(lines[2]).toMatch(/Z: warning: careful$/);
    expect(lines.slice(3)).toEqual(['']);
  });

  it('on standard error holds warnings and errors, as QEMU writes them', () => {
    const script = `
      import { openLog } from ${JSON.stringify(new URL('../../../server/log.ts', import.meta.url))};
      const log = openLog(undefined);
      log.info({}, 'unseen');
      log.warn({ monitor: 'a' }, 'careful');
      log.line('riscv_trap hart:0');
      log.error({}, 'bad');`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(stderr).toBe('vivarium: warning: careful monitor="a"\nriscv_trap hart:0\nvivarium: error: bad\n');
  });

  it('names a file that it cannot write to', () => {
    expect(() => openLog('/nosuch/log')).toThrow('Error opening logfile /nosuch/log: No such file or directory');
  });
});
