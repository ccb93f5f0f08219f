/** What `-trace` asks for: which events are on from the start, and where their lines go. */
import { readFile } from 'node:fs/promises';
import type { Machine } from '../core/machine/interface.ts';
import { CommandError } from '../monitor/command.ts';
import { traceEventsByName } from '../monitor/commands/trace.ts';
import type { TraceSpec } from './config/config.ts';
import { reasonOf, UsageError } from './errors.ts';
import { type Lines, openLines } from './log.ts';

/** @throws UsageError the file cannot be written to */
export function openTrace({ output }: TraceSpec, log: Lines): Lines {
  if (output === undefined) return log;
  try {
    return openLines(output.path);
  } catch (error) {
    throw new UsageError(`${output.option}: Could not open '${output.path}': ${reasonOf(error)}`);
  }
}

/**
 * Switches the events on and off, in the order of the patterns; those of files come last.
 * @param warn told of names that no event has
 * @throws UsageError a file of patterns cannot be read
 */
export async function enableTrace(spec: TraceSpec, machine: Machine, warn: (line: string) => void): Promise<void> {
  const fromFiles = await Promise.all(spec.files.map(patternsOf));
  for (const { pattern, option } of [...spec.patterns, ...fromFiles.flat()]) {
    const off = pattern.startsWith('-');
    try {
      const events = traceEventsByName(machine, off ? pattern.slice(1) : pattern);
      await machine.traceEvents.set(
        events.map(({ name }) => name),
        !off,
      );
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      warn(`${option}: warning: trace event '${pattern}' does not exist`);
    }
  }
}

/** The patterns of a file: one a line; empty lines and those that begin with `#` are passed over. */
async function patternsOf({ path, option }: TraceSpec['files'][number]): Promise<TraceSpec['patterns']> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new UsageError(`${option}: ${path}: ${reasonOf(error)}`);
  });
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map((pattern) => ({ pattern, option }));
}
