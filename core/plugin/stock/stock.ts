/** The plugins that come with Vivarium, by the name to load them by. */
import type { Plugin } from '../plugin.ts';
import hotblocks from './hotblocks.ts';
import icount from './icount.ts';
import memtrace from './memtrace.ts';

export interface StockPlugin {
  readonly doc: string;
  /** What to import it by. */
  readonly url: string;
}

const entry = ({ name, doc }: Pick<Plugin, 'name' | 'doc'>): readonly [string, StockPlugin] => [
  name,
  { doc, url: new URL(`./${name}.ts`, import.meta.url).href },
];

export const STOCK_PLUGINS: ReadonlyMap<string, StockPlugin> = new Map([icount, hotblocks, memtrace].map(entry));
