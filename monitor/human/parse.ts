/** From a command line to a command and the values of its arguments. */
import type { HumanArgument, HumanCommand, HumanSession } from '../command.ts';
import { evaluate } from './expression.ts';
import { takeFormat } from './format.ts';
import { LineError, Scanner } from './scanner.ts';

/** A command with the values of its arguments, by their names. */
export interface Invocation {
  readonly command: HumanCommand;
  readonly args: Readonly<Record<string, unknown>>;
}

type Table = ReadonlyMap<string, HumanCommand>;

/** All names of a command as `help` shows them: `stop|s`. */
export const namesOf = ({ name, aliases = [] }: HumanCommand): string => [name, ...aliases].join('|');

/** The command that has this name or alias. */
export const commandNamed = (table: Table, name: string): HumanCommand | undefined =>
  table.get(name) ?? [...table.values()].find(({ aliases }) => aliases?.includes(name));

/** Commands whose names begin with this word, `info` for `info cpus` and the others. */
export const groupOf = (table: Table, word: string): readonly HumanCommand[] =>
  [...table.values()].filter(({ name }) => name.startsWith(`${word} `));

/**
 * Takes the name of a command. What was typed for it is told as it was typed, white space and all, as QEMU does.
 * @throws LineError there is none of this name
 */
function takeCommand(table: Table, scanner: Scanner): { readonly command: HumanCommand; readonly typed: string } {
  const word = (): string => (scanner.atEnd() ? '' : scanner.take(/[^\s/]*/y)!);
  let name = word();
  let typed = scanner.passed;
  if (groupOf(table, name).length > 0) {
    const second = word();
    if (second !== '') {
      name = `${name} ${second}`;
      typed = scanner.passed;
    }
  }
  const command = commandNamed(table, name);
  if (command === undefined) throw new LineError(`unknown command: '${typed}'`);
  return { command, typed };
}

/**
 * Reads a line. The format that it asks for holds from now on, whatever comes of the line.
 * @returns undefined where the line is empty
 * @throws LineError what is wrong with the line, and where there is help
 */
export function parseLine(session: HumanSession, line: string): Invocation | undefined {
  const scanner = new Scanner(line);
  if (scanner.atEnd()) return undefined;
  const { command, typed } = takeCommand(session.context.registry.human, scanner);
  try {
    return { command, args: takeArguments(session, command, scanner) };
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    throw new LineError(`${error.message}\nTry "help ${typed}" for more information`);
  }
}

function takeArguments(session: HumanSession, command: HumanCommand, scanner: Scanner): Record<string, unknown> {
  // Of `info cpus`, only what follows `info`.
  const label = namesOf(command).split(' ').at(-1)!;
  const flags = command.args.filter(({ kind }) => kind === 'flag').map(({ name }) => name);
  const args: Record<string, unknown> = takeFlags(label, flags, scanner);
  for (const argument of command.args) {
    if (argument.kind === 'flag' || (argument.optional && scanner.atEnd())) continue;
    args[argument.name] = takeArgument(session, label, argument, scanner);
  }
  if (!scanner.atEnd()) throw new LineError(`${label}: extraneous characters at the end of line`);
  return args;
}

/** Flags stand in front of all other arguments, in any order. */
function takeFlags(label: string, flags: readonly string[], scanner: Scanner): Record<string, boolean> {
  const values = Object.fromEntries(flags.map((flag) => [flag, false]));
  while (flags.length > 0 && !scanner.atEnd() && scanner.take(/-/y) !== undefined) {
    const flag = scanner.take(/\S/y) ?? '';
    if (!flags.includes(flag)) throw new LineError(`${label}: unsupported option -${flag}`);
    values[flag] = true;
  }
  return values;
}

function takeArgument(session: HumanSession, label: string, { kind }: HumanArgument, scanner: Scanner): unknown {
  const ended = scanner.atEnd();
  switch (kind) {
    case 'word':
    case 'rest':
      if (ended) throw new LineError(`${label}: string expected`);
      return kind === 'word' ? scanner.word() : scanner.rest();
    case 'words': {
      const words: string[] = [];
      while (!scanner.atEnd()) words.push(scanner.word());
      return words;
    }
    case 'integer':
    case 'long': {
      const value = evaluate(scanner, (register) => session.context.machine.vcpus[session.vcpu]!.register(register));
      if (kind === 'integer' && value >> 32n !== 0n) {
        throw new LineError(`'${label}' has failed: integer is for 32-bit values`);
      }
      return value;
    }
    case 'format':
      return takeFormat(session, scanner);
    case 'onoff': {
      const word = scanner.take(/\S*/y);
      if (word !== 'on' && word !== 'off') throw new LineError("Expected 'on' or 'off'");
      return word === 'on';
    }
  }
}
