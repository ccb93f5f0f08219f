/**
 * One monitor command is one value: the schemas of its arguments and result, its handler, how the human monitor shows
 * it, and its documentation with an example of the wire. QMP, HMP, `query-qmp-schema`, clients and reference pages all
 * derive from the list of these values in `registry`.
 */
import type { Machine } from '../core/machine/interface.ts';
import { nothing, type Schema } from '../schema/build.ts';
import type { BackEnds } from './back-ends.ts';
import type { DumpProgress } from './dump/progress.ts';
import type { MonitorEvent } from './events.ts';
import type { Host } from './host.ts';
import type { Jobs } from './jobs.ts';
import type { SnapshotStore } from './snapshots.ts';

/** What a handler may reach. One for the whole daemon, shared by every session. */
export interface Context {
  readonly machine: Machine;
  readonly backEnds: BackEnds;
  readonly host: Host;
  /** How far the last dump of the guest's memory has come. */
  readonly dump: DumpProgress;
  /** Tells every client of something that a command has done. */
  emit(happened: MonitorEvent): void;
  /** Ends the daemon after SHUTDOWN has gone to every client and replies are flushed. */
  quit(): void;
  /** The value of `-name`, if given. */
  readonly name?: string | undefined;
  readonly jobs: Jobs;
  /** Where snapshots are kept, if the command line names a place. */
  readonly snapshots?: SnapshotStore | undefined;
  /** All commands, for the commands that describe commands. */
  readonly registry: Registry;
  /** Runs one HMP line for `human-monitor-command` and returns what it prints. @param vcpu the current CPU */
  humanMonitorCommand(line: string, vcpu?: number): Promise<string>;
  /**
   * Serves debuggers on another character device, and no more on the one so far.
   * @param device as `-gdb` takes it; `none` for nowhere
   * @throws CommandError it cannot be had: nothing has changed
   */
  gdbServer(device: string): Promise<void>;
}

export interface Registry {
  readonly commands: ReadonlyMap<string, Command>;
  readonly human: ReadonlyMap<string, HumanCommand>;
  readonly events: ReadonlyMap<string, EventSchema>;
}

/** QMP's error classes. */
export type ErrorClass = 'GenericError' | 'CommandNotFound' | 'DeviceNotActive' | 'DeviceNotFound' | 'KVMMissingCap';

/** An error that reaches the client with its class and text as they are. Anything else becomes a GenericError. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly errorClass: ErrorClass;
  constructor(message: string, errorClass: ErrorClass = 'GenericError') {
    super(message);
    this.errorClass = errorClass;
  }
}

/** Arguments are not what the schema of their command says. */
export class ParameterError extends CommandError {}

// biome-ignore lint/suspicious/noExplicitAny: a list of commands holds commands of every shape
export interface Command<A = any, R = any> {
  /** QMP name. */
  readonly name: string;
  readonly doc: string;
  readonly args: Schema<A>;
  readonly returns: Schema<R>;
  /** It may overtake others with `exec-oob`. Then it must not wait for anything that they may be waiting for. */
  readonly outOfBand?: boolean;
  /** Request and reply as they stand on the wire, for the reference pages; a test replays them. */
  readonly example: { readonly request: string; readonly reply: string };
  run(context: Context, args: A): R | Promise<R>;
}

/** How `x`, `xp` and `print` show values. */
export interface HumanFormat {
  /** Hexadecimal, signed and unsigned decimal, octal, character, instruction. */
  readonly letter: 'x' | 'd' | 'u' | 'o' | 'c' | 'i';
  /** Bytes of an item; instructions have their own. */
  readonly size: 1 | 2 | 4 | 8;
}

/** The state of one HMP console. */
export interface HumanSession {
  readonly context: Context;
  /** The current vCPU, chosen with `cpu N`. */
  vcpu: number;
  /** What was last asked for; it holds wherever less is said. */
  format: HumanFormat;
  /** The last lines typed here, oldest first; none behind `human-monitor-command`. */
  history: readonly string[];
  /** Set by `quit`: this console asks for nothing more. */
  ended: boolean;
}

/** How an HMP argument is read and completed; the letters are QEMU's `args_type`. */
export interface HumanArgument {
  readonly name: string;
  /**
   * | kind      | what is read                                | its value                                         |
   * |-----------|---------------------------------------------|---------------------------------------------------|
   * | `word`    | one word, or more in double quotes          | string                                            |
   * | `words`   | all words that follow, if any               | string[]                                          |
   * | `rest`    | the rest of the line                        | string                                            |
   * | `integer` | an expression                               | bigint, 0 to 2^32 - 1                             |
   * | `long`    | an expression                               | bigint, -2^63 to 2^63 - 1                         |
   * | `format`  | `/FMT` behind the command; may be left out  | a HumanFormat, and `count`, a number              |
   * | `onoff`   | `on` or `off`                               | boolean                                           |
   * | `flag`    | `-x`, where `name` is `x`; may be left out  | boolean                                           |
   */
  readonly kind: 'word' | 'words' | 'rest' | 'integer' | 'long' | 'format' | 'onoff' | 'flag';
  /** The value is undefined where the line has ended. */
  readonly optional?: boolean;
  /** Candidates for TAB; those that do not begin with `prefix` are passed over. */
  complete?(session: HumanSession, prefix: string): readonly string[] | Promise<readonly string[]>;
}

/** A command of the human monitor. */
export interface HumanCommand {
  /** `stop`, or `info cpus` for what follows `info`. */
  readonly name: string;
  /** Other names, such as `q` for `quit`. */
  readonly aliases?: readonly string[];
  /** Parameters as `help` shows them. */
  readonly params: string;
  readonly doc: string;
  readonly args: readonly HumanArgument[];
  /** What to print: lines joined by `\n`, or nothing. A CommandError prints as `Error: TEXT`. */
  // biome-ignore lint/suspicious/noExplicitAny: the parser has checked each argument against its `kind`
  run(session: HumanSession, args: Readonly<Record<string, any>>): string | undefined | Promise<string | undefined>;
}

// biome-ignore lint/suspicious/noExplicitAny: a list of events holds events of every shape
export interface EventSchema<D = any> {
  readonly name: string;
  readonly doc: string;
  readonly data: Schema<D>;
  readonly example: string;
}

interface CommandDefinition<A, R> {
  readonly doc: string;
  readonly args?: Schema<A>;
  readonly returns?: Schema<R>;
  readonly outOfBand?: boolean;
  readonly example: { readonly request: string; readonly reply: string };
  run(context: Context, args: NoInfer<A>): NoInfer<R> | Promise<NoInfer<R>>;
}

type Empty = Readonly<Record<never, never>>;

/** Defines a QMP command. */
export function command<A = Empty, R = Empty>(name: string, definition: CommandDefinition<A, R>): Command<A, R> {
  return {
    args: nothing as Schema<A>,
    returns: nothing as Schema<R>,
    ...definition,
    name,
  };
}

/** Defines an HMP command, as a view of QMP commands wherever there is one that does the job. */
export const human = (name: string, definition: Omit<HumanCommand, 'name'>): HumanCommand => ({ ...definition, name });

/** Defines an event. */
export const event = <D = Empty>(name: string, definition: Omit<EventSchema<D>, 'name'>): EventSchema<D> => ({
  ...definition,
  name,
});
