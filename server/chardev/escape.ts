/** Ctrl-A and a letter: how a person talks to the mux and not to what is behind it. */

export const ESCAPE = 0x01;

export type EscapeCommand = 'help' | 'exit' | 'timestamps' | 'switch';

interface Escape {
  readonly key: string;
  readonly doc: string;
  readonly command: EscapeCommand;
}

const ESCAPES: readonly Escape[] = [
  { key: 'h', doc: 'print this help', command: 'help' },
  { key: 'x', doc: 'exit emulator', command: 'exit' },
  { key: 't', doc: 'toggle console timestamps', command: 'timestamps' },
  { key: 'c', doc: 'switch between console and monitor', command: 'switch' },
];

export const escapeHelp = ['', ...ESCAPES.map(({ key, doc }) => `C-a ${key}    ${doc}`), 'C-a C-a  sends C-a', ''].join(
  '\r\n',
);

const byByte = new Map(ESCAPES.map(({ key, command }) => [key.charCodeAt(0), command]));
byByte.set('?'.charCodeAt(0), 'help');

/** Finds the commands in what a client types, however it is cut into chunks. */
export class EscapeParser {
  #escaped = false;

  /** Plain bytes and commands of one chunk, in their order. An unknown command vanishes. */
  *feed(bytes: Uint8Array): Generator<Uint8Array | EscapeCommand> {
    let start = 0;
    for (const [at, byte] of bytes.entries()) {
      if (this.#escaped) {
        this.#escaped = false;
        // Of a doubled escape, the second one stays.
        start = byte === ESCAPE ? at : at + 1;
        const command = byByte.get(byte);
        if (command !== undefined) yield command;
      } else if (byte === ESCAPE) {
        if (at > start) yield bytes.subarray(start, at);
        start = at + 1;
        this.#escaped = true;
      }
    }
    if (bytes.length > start) yield bytes.subarray(start);
  }
}
