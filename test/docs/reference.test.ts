import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FOLDER, referencePages, TYPINGS, typings } from './reference.ts';

const pages = await referencePages();

it('is what `npm run docs` writes, and nothing else', () => {
  expect(readdirSync(FOLDER).sort()).toEqual([...pages.keys()].sort());
  for (const [name, text] of pages) expect(readFileSync(join(FOLDER, name), 'utf8'), name).toBe(text);
});

it('includes the typings of clients', () => {
  expect(readFileSync(TYPINGS, 'utf8')).toBe(typings());
});

it.each([...pages])('links only to sections that are there: %s', (_, text) => {
  const anchors = new Set(
    Array.from(text.matchAll(/^#+ (.*)$/gm), ([, title]) => title!.toLowerCase().replaceAll(' ', '-')),
  );
  const links = Array.from(text.matchAll(/\]\(#([^)]*)\)/g), ([, anchor]) => anchor!);
  expect(links.filter((anchor) => !anchors.has(anchor))).toEqual([]);
});
