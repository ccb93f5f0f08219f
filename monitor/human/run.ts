/** Running one line of the human monitor. */
import type { Context, HumanSession } from '../command.ts';
import { asCommandError } from '../execute.ts';
import { parseLine } from './parse.ts';
import { LineError } from './scanner.ts';

/** The state of a console that has just been opened. @param vcpu the current CPU */
export const newSession = (context: Context, vcpu = 0): HumanSession => ({
  context,
  vcpu,
  format: { letter: 'x', size: 4 },
  history: [],
  ended: false,
});

/** Control characters would play tricks on the reader's terminal; guests, plugins and typists choose what is shown. */
const showControls = (text: string): string =>
  text.replace(/(?![\n\t])\p{Cc}/gu, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`);

/**
 * Runs a line to its end. Never rejects: what went wrong is part of what it prints.
 * @returns what it prints, in lines that end in CRLF
 */
export async function runLine(session: HumanSession, line: string): Promise<string> {
  const text = await answer(session, line);
  return text === '' ? '' : `${showControls(text)}\n`.replaceAll('\n', '\r\n');
}

async function answer(session: HumanSession, line: string): Promise<string> {
  try {
    const invocation = parseLine(session, line);
    return (await invocation?.command.run(session, invocation.args)) ?? '';
  } catch (error) {
    return error instanceof LineError ? error.message : `Error: ${asCommandError(error).message}`;
  }
}
