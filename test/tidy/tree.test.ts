/** What the files of this tree have in common. */
import { homedir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { ROOT, readTracked, requireCheckout, trackedFiles } from '../support/tree.ts';

const FOLDERS = ['.ci', 'clients', 'core', 'docs', 'monitor', 'schema', 'server', 'test'];
const FILES = [
  '.biome.json',
  '.gitattributes',
  '.gitignore',
  '.npmrc',
  'LICENSE',
  'README.md',
  'package-lock.json',
  'package.json',
  'tsconfig.json',
];

/** A file that needs more is two files. */
const LINES_MAX = 450;

/** Hosts that are documented in the packages' own metadata. */
const HOSTS_OF_PACKAGES = new Set(['github.com', 'opencollective.com', 'tidelift.com']);

describe.skipIf(!requireCheckout())('this tree', () => {
  const files = trackedFiles();

  test('has these entries at its top, and no others', () => {
    const entries = new Set(files.map((path) => path.split('/')[0]!));
    expect([...entries].filter((entry) => !FOLDERS.includes(entry) && !FILES.includes(entry))).toEqual([]);
  });

  test('has no source file that is too long', () => {
    const long = files
      .filter((path) => /\.(ts|c|S|h)$/.test(path))
      .map((path) => ({ path, text: readTracked(path).toString() }))
      // What is made is as long as what it is made from.
      .filter(({ text }) => !text.includes('Made by `npm run docs`'))
      .filter(({ text }) => text.split('\n').length - 1 > LINES_MAX)
      .map(({ path }) => path);
    expect(long).toEqual([]);
  });

  test('does not know where it lies, or who has made it', () => {
    const places = [ROOT.replace(/\/$/, ''), homedir()].filter((path) => path.split('/').length > 2);
    // Homes and roots of machines; what is looked up at run time is not among them.
    const pattern = /(?:^|[\s"'`(=:])\/(?:home|root|Users|work|mnt|workspace|builds?)\/[\w.-]+/;
    const telling = files.filter((path) => {
      const text = readTracked(path).toString('latin1');
      return places.some((place) => text.includes(place)) || pattern.test(text);
    });
    expect(telling).toEqual([]);
  });

  test('names no host to fetch from', () => {
    const lock = JSON.parse(readTracked('package-lock.json').toString()) as {
      packages: Record<string, { resolved?: string }>;
    };
    expect(Object.entries(lock.packages).filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
    const hosts = Array.from(
      readTracked('package-lock.json')
        .toString()
        .matchAll(/https?:\/\/([^/"]+)/g),
      ([, host]) => host!,
    );
    expect([...new Set(hosts)].filter((host) => !HOSTS_OF_PACKAGES.has(host))).toEqual([]);
  });

  test('has no test that is left out, and no work that is put off', () => {
    const marks = [/\b(?:TODO|FIXME|XXX)\b/, /\b(?:test|it|describe)\.(?:only|skip|todo)\b/, /\bas any\b[^ ]/];
    const marked = files
      .filter((path) => path.endsWith('.ts') && !path.startsWith('test/tidy/'))
      .filter((path) => marks.some((mark) => mark.test(readTracked(path).toString())));
    expect(marked).toEqual([]);
  });
});
