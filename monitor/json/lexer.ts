/** From bytes to tokens, wherever the chunks of bytes may end. */
import { ENDINGS, ERROR, FIRST_END, type Kind, MOVES, RECOVERY, START } from './states.ts';

/** Who receives the tokens. None of these may call the lexer. */
export interface TokenSink {
  /** A token with its bytes, quotes included; empty after `oversize`. */
  token(kind: Kind, bytes: Uint8Array): void;
  /** A line feed between tokens. */
  line(): void;
  /** No token begins with `bytes`, the last of which is the first that fits nothing. */
  stray(bytes: Uint8Array): void;
  /** A token is longer than the limit. Its bytes are forgotten; `token` or `stray` follow at its end. */
  oversize(): void;
}

export class Lexer {
  readonly #sink: TokenSink;
  readonly #limit: number;
  #state = START;
  /** What earlier chunks held of the present token: the first `#heldLength` bytes. */
  #held = new Uint8Array(256);
  #heldLength = 0;
  #oversize = false;

  /** @param limit the longest token, in bytes */
  constructor(sink: TokenSink, limit: number) {
    this.#sink = sink;
    this.#limit = limit;
  }

  feed(bytes: Uint8Array): void {
    let state = this.#state;
    let first = 0;
    let at = 0;
    while (at < bytes.length) {
      if (state === START) first = at;
      const move = MOVES[(state << 8) | bytes[at]!]!;
      if (move < FIRST_END) {
        state = move;
        at++;
      } else if (move === ERROR) {
        at++;
        state = RECOVERY;
        this.#sink.stray(this.#take(bytes.subarray(first, at)));
      } else {
        const { kind, takes } = ENDINGS[move - FIRST_END]!;
        if (takes) at++;
        state = START;
        if (kind === 'line') this.#sink.line();
        else if (kind !== 'nothing') this.#sink.token(kind, this.#take(bytes.subarray(first, at)));
      }
    }
    this.#state = state;
    if (state !== START && state !== RECOVERY) this.#hold(bytes.subarray(first));
  }

  #hold(bytes: Uint8Array): void {
    if (this.#oversize) return;
    const length = this.#heldLength + bytes.length;
    if (length > this.#limit) {
      this.#oversize = true;
      this.#sink.oversize();
      return;
    }
    if (length > this.#held.length) {
      const grown = new Uint8Array(2 * length);
      grown.set(this.#held.subarray(0, this.#heldLength));
      this.#held = grown;
    }
    this.#held.set(bytes, this.#heldLength);
    this.#heldLength = length;
  }

  #take(tail: Uint8Array): Uint8Array {
    if (this.#oversize) {
      this.#oversize = false;
      this.#heldLength = 0;
      return tail.subarray(0, 0);
    }
    if (this.#heldLength === 0) return tail;
    const token = new Uint8Array(this.#heldLength + tail.length);
    token.set(this.#held.subarray(0, this.#heldLength));
    token.set(tail, this.#heldLength);
    this.#heldLength = 0;
    return token;
  }
}
