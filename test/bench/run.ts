/** `npm run bench`: measures Vivarium, and QEMU beside it, and shows tables. `-- --help` tells how to choose. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describeHost, hostText } from './host.ts';
import { type Measured, report, writePage } from './page.ts';
import { SUITES } from './suites/suites.ts';

const RUNS = 5;

const listing = SUITES.map(({ name, title, cases }) => `  ${name.padEnd(16)}${title}: ${cases.join(', ')}`).join('\n');
const HELP = `npm run bench -- [options]

  --runs N        make each measurement N times (${RUNS} by default) and show medians
  --only NAME     only this suite, or this one of its cases; repeatable
  --json FILE     write every single measurement
  --write         write the results of whole suites into docs/PERFORMANCE.md
  --help          show this

Suites and their cases:
${listing}
`;

function options() {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: String(RUNS) },
      only: { type: 'string', multiple: true, default: [] },
      json: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new Error(`--runs ${values.runs}: expected a whole number from 1 on`);
  const known = SUITES.flatMap(({ name, cases }) => [name, ...cases]);
  const unknown = values.only.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: expected one of ${known.join(', ')}`);
  // The page shows whole suites.
  const part = values.only.find((name) => !SUITES.some((suite) => suite.name === name));
  if (values.write && part !== undefined) throw new Error(`--write: ${part} is only a part of its suite`);
  return { ...values, runs };
}

/** What is to be measured: all, or what `only` names. */
const chosen = (only: readonly string[]) =>
  SUITES.map((suite) => ({
    suite,
    cases:
      only.length === 0 || only.includes(suite.name) ? suite.cases : suite.cases.filter((name) => only.includes(name)),
  })).filter(({ cases }) => cases.length > 0);

async function bench(): Promise<void> {
  const { runs, only, json, write, help } = options();
  if (help) {
    process.stdout.write(HELP);
    return;
  }
  const host = describeHost();
  console.log(`${hostText(host)}\n`);
  const measured: Measured[] = [];
  for (const { suite, cases } of chosen(only)) {
    const progress = (line: string): void => console.error(`${suite.name}: ${line}`);
    measured.push({ suite, result: await suite.run({ cases, runs, progress }) });
  }
  for (const each of measured) console.log(`\n${report(each, host, runs)}`);
  if (json !== undefined) {
    const suites = Object.fromEntries(measured.map(({ suite, result }) => [suite.name, result.measurements]));
    writeFileSync(json, `${JSON.stringify({ host, runs, suites }, null, 2)}\n`);
  }
  if (write) writePage(SUITES, measured, host, runs);
}

try {
  await bench();
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
