/** Reading a command line from left to right. */

/** What is wrong with a line, in the words that the human monitor prints. */
export class LineError extends Error {
  override readonly name = 'LineError';
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', '\\': '\\', "'": "'", '"': '"' };

export class Scanner {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Passes over white space, and tells whether nothing follows. */
  atEnd(): boolean {
    this.take(/\s*/y);
    return this.#position === this.#text.length;
  }

  /** All that has been passed over and taken. */
  get passed(): string {
    return this.#text.slice(0, this.#position);
  }

  /** The character that comes next, empty at the end. */
  get next(): string {
    return this.#text.charAt(this.#position);
  }

  /** Takes the text that matches here. @param pattern sticky @returns undefined, with nothing taken, where none does */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#position += found.length;
    return found;
  }

  /** Takes a word: up to white space, or from one double quote to the next. @throws LineError */
  word(): string {
    if (this.take(/"/y) === undefined) return this.take(/\S*/y)!;
    let word = '';
    for (;;) {
      word += this.take(/[^"\\]*/y);
      const end = this.take(/"|\\.?/sy);
      if (end === '"') return word;
      if (end === undefined) throw new LineError('unterminated string');
      const character = ESCAPES[end.charAt(1)];
      if (character === undefined) throw new LineError(`unsupported escape code: '${end}'`);
      word += character;
    }
  }

  /** Takes everything up to the end, but for white space there. */
  rest(): string {
    return this.take(/.*/sy)!.trimEnd();
  }
}
