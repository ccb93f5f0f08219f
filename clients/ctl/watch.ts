/** Counters as a table that lives. */
import type { Counters } from '../client.ts';

/** What the counters were at, and when. */
export interface Sample {
  readonly counters: Counters;
  /** Milliseconds of any clock. */
  readonly at: number;
}

const grouped = (value: number | bigint): string => value.toLocaleString('en-US', { maximumFractionDigits: 0 });

/** @param before an earlier sample, from which rates are found */
export function counterTable({ counters, at }: Sample, before: Sample | undefined): string {
  const rows = Object.entries(counters).flatMap(([id, values]) =>
    Object.entries(values).map(([name, value], n) => {
      const earlier = before?.counters[id]?.[name];
      const seconds = before === undefined ? 0 : (at - before.at) / 1000;
      const rate =
        earlier === undefined || seconds === 0 ? '' : grouped(Number(BigInt(value) - BigInt(earlier)) / seconds);
      return [n === 0 ? id : '', name, grouped(value), rate] as const;
    }),
  );
  if (rows.length === 0) return 'No plugin that counts is loaded.\n';
  const all = [['plugin', 'counter', 'total', 'per second'] as const, ...rows];
  const width = (column: 0 | 1 | 2 | 3): number => Math.max(...all.map((row) => row[column].length));
  const [id, name, total, rate] = [width(0), width(1), width(2), width(3)];
  return all
    .map((row) =>
      `${row[0].padEnd(id)}  ${row[1].padEnd(name)}  ${row[2].padStart(total)}  ${row[3].padStart(rate)}`.trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

/** A text in place of what the terminal showed before. */
export const redrawn = (text: string): string => HOME + text.replaceAll('\n', `${CLEAR_LINE}\n`) + CLEAR_BELOW;
