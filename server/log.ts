/**
 * The daemon's log: one line an entry, to the file of `-D` or to standard error. Standard output belongs to the guest.
 *
 * The file holds everything from `info` up, each line with its time. Standard error is often the terminal on which the
 * guest's console runs, so only warnings and errors go there, as QEMU writes them: `vivarium: warning: ...`.
 */
import { openSync } from 'node:fs';
import pino from 'pino';
import { reasonOf, UsageError } from './errors.ts';

/** A file, or standard error, that takes lines. */
export interface Lines {
  /** One line, without its end, as it is. */
  line(text: string): void;
  /** Has everything written when it returns. */
  flush(): void;
}

export interface Log extends Lines {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  /** @param fields `err` shows with its stack */
  error(fields: object, message: string): void;
}

interface Entry {
  readonly level: number;
  readonly time: number;
  readonly msg: string;
  readonly err?: { readonly stack?: string };
}

/** The name of a level as it stands in a line. */
const LEVELS: ReadonlyMap<number, string> = new Map([
  [pino.levels.values.info!, 'info'],
  [pino.levels.values.warn!, 'warning'],
  [pino.levels.values.error!, 'error'],
]);

/** Begins `file` anew; undefined is standard error. @throws what the host answered */
export function openLines(file: string | undefined): Lines {
  // Each line is written at once: a log that lags behind is of no use when the daemon has failed.
  const sink = pino.destination({ dest: file === undefined ? process.stderr.fd : openSync(file, 'w'), sync: true });
  // Nobody is left to be told when the log itself fails: a full disk, a terminal that has gone.
  sink.on('error', () => {});
  return { line: (text) => void sink.write(`${text}\n`), flush: () => sink.flushSync() };
}

/**
 * @param file of `-D`, undefined for standard error
 * @throws UsageError the file cannot be written to
 */
export function openLog(file: string | undefined): Log {
  const lines = openLogFile(file);
  const prefix = ({ time }: Entry): string => (file === undefined ? 'vivarium' : new Date(time).toISOString());

  function format(json: string): string {
    const entry = JSON.parse(json) as Entry;
    const { level, time: _time, msg, err, ...fields } = entry;
    const shown = Object.entries(fields).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
    const stack = err?.stack === undefined ? '' : `\n${err.stack}`;
    return `${prefix(entry)}: ${LEVELS.get(level)}: ${msg}${shown.join('')}${stack}`;
  }

  const logger = pino(
    { base: null, level: file === undefined ? 'warn' : 'info' },
    { write: (json: string) => lines.line(format(json)) },
  );
  return {
    ...lines,
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}

function openLogFile(file: string | undefined): Lines {
  try {
    return openLines(file);
  } catch (error) {
    throw new UsageError(`Error opening logfile ${file}: ${reasonOf(error)}`);
  }
}
