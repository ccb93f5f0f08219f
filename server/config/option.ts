/** What an option of the command line is: a row of a table. */
import type { Draft } from './configure.ts';

export interface Option {
  /** Without dashes; the first one is the name that help shows first. */
  readonly names: readonly string[];
  /** The form of its argument; absent where it takes none. */
  readonly argument?: string;
  readonly doc: string;
  /** A text that answers the whole command line, as `help` asks for; undefined where `argument` asks for no text. */
  answer?(argument: string): string | undefined;
  /**
   * @param argument empty where it takes none
   * @param option as it was written, `-m 5x`
   * @throws UsageError which is told `option`
   */
  apply?(draft: Draft, argument: string, option: string): void;
}

/** A list for `help`, with what each entry is. */
export const listing = (title: string, entries: Iterable<readonly [string, string]>): string =>
  [title, ...Array.from(entries, ([name, doc]) => `${name.padEnd(20)} ${doc}`.trimEnd()), ''].join('\n');
