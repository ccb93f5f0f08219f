/** The command line of `vivarium-ctl`: each option is one row of a table, from which parsing and help derive. */
import { parseArgs } from 'node:util';
import { COUNTERS_RATE_MAX, COUNTERS_RATE_MIN } from '../../schema/types/instrumentation.ts';

export interface Option {
  readonly name: string;
  readonly short?: string;
  /** The form of its argument; absent where it takes none. */
  readonly argument?: string;
  readonly doc: string;
}

export const options: readonly Option[] = [
  {
    name: 'socket',
    short: 's',
    argument: 'ADDRESS',
    doc: 'where the daemon is: unix:PATH or tcp:HOST:PORT for QMP, ws://... for JSON-RPC, or a path, of a QMP socket or of the url-file of -jsonrpc; by default the variable VIVARIUM_SOCKET, or vivarium.qmp',
  },
  { name: 'hmp', doc: 'runs lines of the human monitor: the words that follow, or what is typed' },
  { name: 'watch', doc: 'shows the counters of plugins as they count, of all or of those whose ids follow' },
  { name: 'events', doc: 'prints events as they happen, one a line' },
  {
    name: 'rate',
    argument: 'N',
    doc: `times a second that --watch looks, ${COUNTERS_RATE_MIN} to ${COUNTERS_RATE_MAX} (2 by default)`,
  },
  { name: 'count', argument: 'N', doc: 'ends --watch or --events after so many' },
  { name: 'help', short: 'h', doc: 'displays this help and exits' },
];

export const USAGE = [
  'vivarium-ctl [OPTION]... COMMAND [NAME=VALUE]...',
  'vivarium-ctl [OPTION]... --hmp [LINE]',
  'vivarium-ctl [OPTION]... --watch [ID]...',
  'vivarium-ctl [OPTION]... --events',
];

/** A command line that cannot be understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What a command line asks for. */
export interface Request {
  readonly mode: 'command' | 'hmp' | 'watch' | 'events' | 'help';
  readonly address: string;
  /** Words that belong to no option. */
  readonly words: readonly string[];
  readonly rate: number;
  /** Infinity if it has not been given. */
  readonly count: number;
}

const MODES = ['help', 'hmp', 'watch', 'events'] as const;

/**
 * @param argv the words behind the program's name
 * @throws UsageError
 */
export function parseOptions(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Request {
  const { values, words } = split(argv);
  const [mode = 'command', other] = MODES.filter((name) => values[name] !== undefined);
  if (other !== undefined && mode !== 'help') throw new UsageError(`--${mode} and --${other} do not go together`);
  if (mode === 'command' && words.length === 0) throw new UsageError('expected a command');
  return {
    mode,
    address: values.socket ?? environment.VIVARIUM_SOCKET ?? 'vivarium.qmp',
    words,
    rate: number('rate', values.rate, COUNTERS_RATE_MAX) ?? 2,
    count: number('count', values.count, Number.MAX_SAFE_INTEGER) ?? Number.POSITIVE_INFINITY,
  };
}

function split(argv: readonly string[]) {
  const table = Object.fromEntries(
    options.map(({ name, short, argument }) => [
      name,
      { type: argument === undefined ? ('boolean' as const) : ('string' as const), ...(short ? { short } : {}) },
    ]),
  );
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options: table, allowPositionals: true });
    return { values: values as Readonly<Record<string, string | undefined>>, words: positionals };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function number(name: string, text: string | undefined, maximum: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > maximum)
    throw new UsageError(`--${name} expects a number from 1 to ${maximum}, not '${text}'`);
  return value;
}

const HELP_COLUMN = 22;

export function helpText(): string {
  const lines = options.map(({ name, short, argument, doc }) => {
    const forms = `${short === undefined ? '    ' : `-${short}, `}--${name}${argument === undefined ? '' : ` ${argument}`}`;
    return `${forms.padEnd(HELP_COLUMN)} ${doc}`;
  });
  return `${USAGE.map((form, n) => `${n === 0 ? 'usage:' : '      '} ${form}`).join('\n')}\n\n${lines.join('\n')}\n`;
}
