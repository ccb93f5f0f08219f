/** Running a command for a client, whatever protocol the client speaks. */
import { CommandError, type Context } from './command.ts';
import { validate } from './validate.ts';

/**
 * Looks a command up, checks its arguments and runs it.
 * @param args a JSON object as the reader or `JSON.parse` makes it
 * @returns what the command returns, a JSON value that may hold bigints
 * @throws CommandError always: what a handler throws otherwise becomes a GenericError with its text
 */
export async function execute(context: Context, name: string, args: unknown): Promise<unknown> {
  const command = context.registry.commands.get(name);
  if (command === undefined) throw commandNotFound(name);
  try {
    return await command.run(context, validate(command.args, args));
  } catch (error) {
    throw asCommandError(error);
  }
}

export const commandNotFound = (name: string): CommandError =>
  new CommandError(`The command ${name} has not been found`, 'CommandNotFound');

/** An error as clients see it. */
export const asCommandError = (error: unknown): CommandError =>
  error instanceof CommandError ? error : new CommandError(error instanceof Error ? error.message : String(error));
