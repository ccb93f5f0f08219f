import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findPlugin, PluginOutput } from '../../../server/plugins.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('what plugins write', () => {
  it('is in the file in the order in which it was written, though nobody waits', async () => {
    const path = join(temporaryDirectory(), 'file');
    const output = new PluginOutput((problem) => expect.fail(problem));
    const texts = Array.from({ length: 200 }, (_, index) => `${index} ${'x'.repeat((index * 997) % 70_000)}\n`);
    for (const text of texts) void output.write('p', path, text);
    await output.close('p');
    expect(readFileSync(path, 'utf8')).toBe(texts.join(''));
  });

  it('begins the file anew after the plugin has gone', async () => {
    const path = join(temporaryDirectory(), 'file');
    const output = new PluginOutput((problem) => expect.fail(problem));
    for (const text of ['first', 'second']) {
      await output.write('p', path, text);
      await output.write('p', path, ' more');
      expect(readFileSync(path, 'utf8')).toBe(`${text} more`);
      await output.close();
    }
  });

  it('is lost where the file cannot be written, with one complaint', async () => {
    const directory = temporaryDirectory();
    const problems: string[] = [];
    const output = new PluginOutput((problem) => void problems.push(problem));
    for (const text of ['a', 'b']) await output.write('p', join(directory, 'nosuch', 'file'), text);
    await output.write('q', '/dev/full', 'c');
    await output.write('q', '/dev/full', 'd');
    await output.close();
    expect(problems).toEqual([
      `plugin 'p': could not write '${join(directory, 'nosuch', 'file')}': No such file or directory`,
      "plugin 'q': could not write '/dev/full': No space left on device",
    ]);
  });
});

describe('findPlugin', () => {
  it('gives a URL that tells versions of a file apart, and refuses what is no file', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'folder'));
    const url = await findPlugin(import.meta.filename);
    expect(url).toMatch(`${pathToFileURL(import.meta.filename)}?changed=`);
    await expect(findPlugin(join(directory, 'folder'))).rejects.toThrow('not a file');
    await expect(findPlugin(join(directory, 'nosuch'))).rejects.toThrow('No such file or directory');
  });
});
