/**
 * One console: a line editor, and a prompt for each line.
 *
 * The editor is Node's, over streams that belong to nobody else; it sees one byte at a time, and the next one only when
 * what the last one set going is done. So a paste of many lines looks as if each had been typed at its prompt, and what
 * follows a TAB lands behind what it has completed. All is echoed, on sockets and pipes too, as QEMU does.
 */
import { createInterface } from 'node:readline/promises';
import { Readable, Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import type { Context } from '../command.ts';
import type { ByteStream } from '../stream.ts';
import { VERSION } from '../version.ts';
import { complete } from './complete.ts';
import { newSession, runLine } from './run.ts';

const BANNER = `Vivarium ${VERSION} monitor - type 'help' for more information\r\n`;
const PROMPT = '(vivarium) ';

/** Further characters are not taken. */
const LINE_CHARACTERS_MAX = 4095;
const HISTORY_LINES = 64;
/** Columns that lists of candidates fill. */
const LIST_COLUMNS = 80;

const CTRL_D = 0x04;

/** Serves one console until its stream closes. Lines that have not begun to run by then are dropped. */
export function serveConsole(stream: ByteStream, context: Context): void {
  const session = newSession(context);
  let closed = false;
  /** Settles when what the last byte has set going is done. */
  let busy: Promise<unknown> = Promise.resolve();

  const keyboard = new Readable({ read() {} });
  const output = new Writable({
    decodeStrings: false,
    write(text: string, _encoding, written) {
      stream.write(text);
      written();
    },
  });
  // How wide the client's terminal is, nobody knows: it is left to wrap long lines as it likes.
  const screen = Object.assign(output, { columns: Number.POSITIVE_INFINITY });
  // Nothing outside holds the editor: it is dropped with the stream, and never closed.
  const editor = createInterface({
    input: keyboard,
    output: screen,
    terminal: true,
    prompt: PROMPT,
    historySize: HISTORY_LINES,
    removeHistoryDuplicates: true,
    // CR LF is one line end, however much time passes in between.
    crlfDelay: Number.POSITIVE_INFINITY,
    completer: (line: string) => {
      const completion = complete(session, line).catch((): [string[], string] => [[], '']);
      screen.columns = LIST_COLUMNS;
      // The editor shows it in the same turn of the event loop.
      busy = completion
        .then(() => turn())
        .then(() => {
          screen.columns = Number.POSITIVE_INFINITY;
        });
      return completion;
    },
  });
  editor.on('history', (lines) => {
    session.history = lines.toReversed();
  });
  editor.on('line', (line) => {
    busy = obey(line);
  });
  // Ctrl-C and Ctrl-Z would otherwise end the editor and stop the whole process.
  editor.on('SIGINT', () => {});
  editor.on('SIGTSTP', () => {});

  async function obey(line: string): Promise<void> {
    stream.write(await runLine(session, line));
    if (!session.ended) stream.write(PROMPT);
    // The others may want something too.
    await turn();
  }

  /** Whether the editor is to see the byte. Ctrl-D on an empty line would end it. */
  const taken = (byte: number): boolean =>
    byte === CTRL_D ? editor.line !== '' : byte < 0x20 || byte === 0x7f || editor.line.length < LINE_CHARACTERS_MAX;

  async function type(bytes: Uint8Array): Promise<void> {
    for (const byte of bytes) {
      if (closed || session.ended) return;
      if (taken(byte)) keyboard.emit('data', Buffer.of(byte));
      await busy;
    }
  }

  let typed = Promise.resolve();
  stream.onData((bytes) => {
    typed = typed.then(() => type(bytes));
  });
  stream.onClose(() => {
    closed = true;
  });
  stream.write(BANNER + PROMPT);
}
