/** The page that benchmarks write: a section for each suite, each with the machine on which it was measured. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { markdownTable, plainTable } from '../support/table.ts';
import { type Host, hostText } from './host.ts';
import type { Result, Suite } from './suite.ts';

export interface Measured {
  readonly suite: Suite;
  readonly result: Result;
}

const FILE = join(import.meta.dirname, '../../docs/PERFORMANCE.md');

const HEAD = `# Performance

Written by \`npm run bench -- --write\`; do not edit. All figures are medians of interleaved runs.
`;

const RUNS_MIN = 3;
/** Threads that wanted a core already, as a share of the cores. */
const LOAD_MAX = 0.25;

/** Why the figures are not to be relied on; empty where they are. */
export function caveat({ load, cores }: Pick<Host, 'load' | 'cores'>, runs: number): readonly string[] {
  const reasons = [
    ...(runs < RUNS_MIN ? [`fewer than ${RUNS_MIN} runs`] : []),
    ...(load > LOAD_MAX * cores
      ? [`the machine was busy with other work (load ${load.toFixed(1)} on ${cores} cores)`]
      : []),
  ];
  return reasons.length === 0 ? [] : [`NOT A MEASUREMENT, only the form of one: ${reasons.join(', and ')}.`];
}

/** What a person sees at the end of a run. */
export const report = ({ suite, result: { tables, remarks } }: Measured, host: Host, runs: number): string =>
  [suite.title, ...caveat(host, runs), ...tables.map(plainTable), ...remarks].join('\n\n');

const section = ({ suite, result: { tables, remarks } }: Measured, host: Host, runs: number): string =>
  [
    `## ${suite.title}`,
    ...caveat(host, runs).map((text) => `**${text}**`),
    suite.doc,
    ...tables.map(markdownTable),
    ...remarks,
    `Measured with ${runs === 1 ? 'one run' : `${runs} runs`} each on ${hostText(host)}`,
  ].join('\n\n');

/** Sections of the page as it is, by title. */
function sectionsNow(): ReadonlyMap<string, string> {
  let page: string;
  try {
    page = readFileSync(FILE, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw error;
  }
  const sections = page.split(/^(?=## )/m).slice(1);
  return new Map(sections.map((text) => [text.slice(3, text.indexOf('\n')), text.trimEnd()]));
}

/** Rewrites the sections of what was measured, and leaves the others as they are. @param suites in the page's order */
export function writePage(suites: readonly Suite[], measured: readonly Measured[], host: Host, runs: number): void {
  const now = sectionsNow();
  const sections = suites.flatMap(({ title }) => {
    const fresh = measured.find(({ suite }) => suite.title === title);
    return (fresh ? section(fresh, host, runs) : now.get(title)) ?? [];
  });
  writeFileSync(FILE, `${[HEAD.trimEnd(), ...sections].join('\n\n')}\n`);
}
