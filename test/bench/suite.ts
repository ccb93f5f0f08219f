/** What a benchmark is: a row of the table in `suites/suites.ts`, run and shown by `run.ts`. */
import type { Table } from '../support/table.ts';

export interface RunOptions {
  /** Those of the suite's cases that are to be measured, at least one. */
  readonly cases: readonly string[];
  /** How often each measurement is made; medians are shown. */
  readonly runs: number;
  /** Tells the person who waits what has just been measured, in a line. */
  progress(line: string): void;
}

export interface Result {
  readonly tables: readonly Table[];
  /** Sentences that go below the tables: what could not be measured, and why. */
  readonly remarks: readonly string[];
  /** Every single measurement, for `--json`. */
  readonly measurements: unknown;
}

export interface Suite {
  /** The word by which `--only` chooses it. */
  readonly name: string;
  readonly title: string;
  /** What is measured, how, and how to read it: Markdown, for the page. */
  readonly doc: string;
  /** What it measures, by names that `--only` knows too. */
  readonly cases: readonly string[];
  run(options: RunOptions): Promise<Result>;
}
