/**
 * From a stream of bytes to JSON values: any number of values a chunk, chunks that end anywhere, nothing needed between
 * values. Errors are reported in QEMU's words and reading goes on behind them:
 *
 * - A lexical error drops the value that was being read; the next one may begin at once. A client that has lost its place
 *   sends 0xFF or a control character, which is always one.
 * - A syntax error is reported where the brackets of its value close.
 * - A bracket that closes none of its kind, and a value beyond a limit, are reported at once and once. What remains of the value
 *   is passed over: up to its closing bracket, a line feed, or a `{` that directly follows a closing bracket and so can
 *   only begin another value.
 */
import { Lexer } from './lexer.ts';
import type { Kind } from './states.ts';
import { floatValue, integerValue, keywordValue, shown, stringValue } from './text.ts';
import { JsonError, type JsonValue } from './value.ts';

/** Bytes of all tokens of one value. */
const SIZE_MAX = 64 << 20;
const TOKENS_MAX = 2 << 20;
const NESTING_MAX = 1024;

export interface JsonSink {
  value(value: JsonValue): void;
  /** @param message `JSON parse error, expecting value` and the like */
  error(message: string): void;
}

/** A bracket that is open, and what may come next in it. */
type Frame = { wants: 'first' | 'item' | 'colon' | 'separator' } & (
  | { readonly closer: ']'; readonly items: JsonValue[] }
  | { readonly closer: '}'; readonly members: Record<string, JsonValue>; key: string | undefined }
);

const OPENERS: Readonly<Record<string, Kind>> = { '}': '{', ']': '[' };
const opens = (kind: Kind): boolean => kind === '{' || kind === '[';
const closes = (kind: Kind): boolean => kind === '}' || kind === ']';

export class JsonReader {
  readonly #sink: JsonSink;
  readonly #lexer: Lexer;
  /** Brackets open in the present value, outermost first. */
  #open: Kind[] = [];
  #size = 0;
  #tokens = 0;
  /** The frames of `#open`, until the first error. */
  #frames: Frame[] = [];
  #result: JsonValue = null;
  #error: string | undefined;
  /** Passing over the rest of a value: the token before, and the brackets that were too many for `#open`. */
  #lost: { previous?: Kind; excess: number } | undefined;

  constructor(sink: JsonSink) {
    this.#sink = sink;
    this.#lexer = new Lexer(
      {
        token: (kind, bytes) => this.#token(kind, bytes),
        line: () => {
          if (this.#lost !== undefined) this.#restart();
        },
        stray: (bytes) => {
          this.#restart();
          this.#sink.error(`JSON parse error, stray '${shown(bytes)}'`);
        },
        oversize: () => this.#lose('JSON token size limit exceeded'),
      },
      SIZE_MAX,
    );
  }

  /** Whether a value has begun that has not ended. */
  get isWithinValue(): boolean {
    return this.#tokens > 0 || this.#lost !== undefined;
  }

  /** Takes the next bytes of the stream and reports every value and error that ends in them. */
  feed(bytes: Uint8Array): void {
    this.#lexer.feed(bytes);
  }

  #restart(): void {
    this.#open = [];
    this.#size = 0;
    this.#tokens = 0;
    this.#frames = [];
    this.#error = undefined;
    this.#lost = undefined;
  }

  #token(kind: Kind, bytes: Uint8Array): void {
    if (this.#lost !== undefined) {
      if (kind !== '{' || this.#lost.previous === undefined || !closes(this.#lost.previous)) {
        this.#passOver(kind);
        return;
      }
      this.#restart();
    }
    this.#size += bytes.length;
    this.#tokens++;
    const limit = this.#limit(kind);
    if (limit !== undefined) {
      this.#lose(`JSON ${limit} limit exceeded`, kind);
      return;
    }
    this.#error ??= this.#try(kind, bytes);
    if (closes(kind)) {
      if (this.#open.at(-1) !== OPENERS[kind]) {
        this.#lose(this.#error!, kind);
        return;
      }
      this.#open.pop();
    } else if (opens(kind)) {
      this.#open.push(kind);
    }
    if (this.#open.length > 0) return;
    const [error, result] = [this.#error, this.#result];
    this.#restart();
    if (error === undefined) this.#sink.value(result);
    else this.#sink.error(error);
  }

  /** The limit that a token of this kind would exceed. */
  #limit(kind: Kind): string | undefined {
    if (this.#size > SIZE_MAX) return 'token size';
    if (this.#tokens > TOKENS_MAX) return 'token count';
    return opens(kind) && this.#open.length === NESTING_MAX ? 'nesting depth' : undefined;
  }

  #lose(message: string, kind?: Kind): void {
    const alreadyLost = this.#lost !== undefined;
    this.#frames = [];
    this.#error = undefined;
    this.#lost ??= { excess: 0 };
    if (!alreadyLost) this.#sink.error(message);
    if (kind !== undefined) this.#passOver(kind);
  }

  /** A bracket that is closed by the wrong one counts as closed; if it was the outermost, its right one may follow. */
  #passOver(kind: Kind): void {
    const lost = this.#lost!;
    lost.previous = kind;
    let closed: Kind | undefined;
    if (opens(kind)) {
      if (this.#open.length < NESTING_MAX) this.#open.push(kind);
      else lost.excess++;
    } else if (closes(kind)) {
      if (lost.excess > 0) lost.excess--;
      else closed = this.#open.pop();
    }
    if (this.#open.length === 0 && (closed === undefined || closed === OPENERS[kind])) this.#restart();
  }

  /** Builds on with one token. Returns what is wrong with it. */
  #try(kind: Kind, bytes: Uint8Array): string | undefined {
    try {
      this.#build(kind, bytes);
      return undefined;
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      return `JSON parse error, ${error.message}`;
    }
  }

  #build(kind: Kind, bytes: Uint8Array): void {
    const frame = this.#frames.at(-1);
    const mayClose = frame?.wants === 'first' || frame?.wants === 'separator';
    if (mayClose && kind === frame.closer) {
      this.#frames.pop();
      this.#put(frame.closer === '}' ? frame.members : frame.items);
    } else if (frame?.wants === 'colon') {
      if (kind !== ':') throw new JsonError('missing : in object pair');
      frame.wants = 'item';
    } else if (frame?.wants === 'separator') {
      if (kind !== ',') throw new JsonError(`expected separator in ${frame.closer === '}' ? 'dict' : 'list'}`);
      frame.wants = 'item';
    } else {
      this.#begin(kind, bytes);
    }
  }

  #begin(kind: Kind, bytes: Uint8Array): void {
    switch (kind) {
      case '{':
        this.#frames.push({ closer: '}', wants: 'first', members: Object.create(null), key: undefined });
        return;
      case '[':
        this.#frames.push({ closer: ']', wants: 'first', items: [] });
        return;
      case 'string':
        this.#put(stringValue(bytes));
        return;
      case 'integer':
        this.#put(integerValue(bytes));
        return;
      case 'float':
        this.#put(floatValue(bytes));
        return;
      case 'keyword':
        this.#put(keywordValue(bytes));
        return;
      default:
        throw new JsonError('expecting value');
    }
  }

  #put(value: JsonValue): void {
    const frame = this.#frames.at(-1);
    if (frame === undefined) {
      this.#result = value;
    } else if (frame.closer === ']') {
      frame.items.push(value);
      frame.wants = 'separator';
    } else if (frame.key === undefined) {
      if (typeof value !== 'string') throw new JsonError('key is not a string in object');
      frame.key = value;
      frame.wants = 'colon';
    } else {
      if (frame.key in frame.members) throw new JsonError('duplicate key');
      frame.members[frame.key] = value;
      frame.key = undefined;
      frame.wants = 'separator';
    }
  }
}
