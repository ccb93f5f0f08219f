/**
 * One QMP client: greeting, negotiation, commands in, replies and events out.
 *
 * Commands run one after the other, and their replies leave in that order; a parse error waits its turn as well. Events
 * leave as they happen, from the end of negotiation on. With the capability `oob`, a command sent by `exec-oob`
 * overtakes the others, if it is one that may; any other is refused, also at once.
 *
 * Any number of sessions may serve one context.
 */
import { CommandError, type Context } from './command.ts';
import { qmpCapabilities } from './commands/qmp.ts';
import type { EventFeed } from './events.ts';
import { asCommandError, execute } from './execute.ts';
import { JsonReader } from './json/reader.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json/value.ts';
import { writeJson } from './json/writer.ts';
import type { ByteStream } from './stream.ts';
import { validate } from './validate.ts';
import { versionInfo } from './version.ts';

export interface QmpOptions {
  /** Sends one item a line, indented, for people who look at the wire. */
  readonly pretty?: boolean;
}

/** What a client asks for, once its form has been checked. */
interface Request {
  readonly command: string;
  readonly outOfBand: boolean;
  readonly args: JsonObject;
}

/**
 * Serves one client until its stream closes. Commands that have not begun by then are dropped.
 * @param events the feed of `context.machine`, shared by all sessions
 */
export function serveQmp(
  stream: ByteStream,
  context: Context,
  events: EventFeed,
  { pretty = false }: QmpOptions = {},
): void {
  let negotiated = false;
  let outOfBand = false;
  let closed = false;
  let unsubscribe = (): void => {};
  /** Settles when everything received so far has been answered. Never rejects. */
  let answered = Promise.resolve();

  const send = (message: unknown): void => stream.write(`${writeJson(message, pretty)}\r\n`);

  function negotiate({ command, args }: Request): unknown {
    if (command !== qmpCapabilities.name) {
      throw new CommandError("Expecting capabilities negotiation with 'qmp_capabilities'", 'CommandNotFound');
    }
    outOfBand = validate(qmpCapabilities.args, args).enable?.includes('oob') ?? false;
    negotiated = true;
    unsubscribe = events.subscribe(send);
    return {};
  }

  const isInBandOnly = (name: string): boolean => {
    const command = context.registry.commands.get(name);
    return command !== undefined && !command.outOfBand;
  };

  async function run(request: Request): Promise<unknown> {
    if (!negotiated) return negotiate(request);
    if (request.outOfBand && isInBandOnly(request.command)) {
      throw new CommandError(`The command ${request.command} does not support OOB`);
    }
    return execute(context, request.command, request.args);
  }

  async function answer(input: JsonValue): Promise<void> {
    if (closed) return;
    const id = isJsonObject(input) && 'id' in input ? { id: input.id } : {};
    try {
      send({ return: await run(checkForm(input, outOfBand)), ...id });
    } catch (error) {
      const { errorClass, message } = asCommandError(error);
      send({ ...id, error: { class: errorClass, desc: message } });
    }
  }

  const reader = new JsonReader({
    value: (input) => {
      if (outOfBand && isJsonObject(input) && 'exec-oob' in input) answer(input);
      else answered = answered.then(() => answer(input));
    },
    error: (message) => {
      answered = answered.then(() => send({ error: { class: 'GenericError', desc: message } }));
    },
  });
  stream.onData((bytes) => reader.feed(bytes));
  stream.onClose(() => {
    closed = true;
    unsubscribe();
  });
  send({ QMP: { version: versionInfo, capabilities: ['oob'] } });
}

/** @throws CommandError what keeps this value from being a request */
function checkForm(input: JsonValue, outOfBand: boolean): Request {
  if (!isJsonObject(input)) throw new CommandError('QMP input must be a JSON object');
  const member = (name: string, problem: string): CommandError =>
    new CommandError(`QMP input member '${name}' ${problem}`);
  let command: string | undefined;
  let args: JsonObject = {};
  for (const [name, value] of Object.entries(input)) {
    if (name === 'execute' || (name === 'exec-oob' && outOfBand)) {
      if (command !== undefined) throw member('execute', "clashes with 'exec-oob'");
      if (typeof value !== 'string') throw member(name, 'must be a string');
      command = value;
    } else if (name === 'arguments') {
      if (!isJsonObject(value)) throw member(name, 'must be an object');
      args = value;
    } else if (name !== 'id') {
      throw member(name, 'is unexpected');
    }
  }
  if (command === undefined) throw new CommandError("QMP input lacks member 'execute'");
  return { command, outOfBand: 'exec-oob' in input, args };
}
