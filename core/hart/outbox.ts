/**
 * Text from a vCPU's thread to main: trace lines and plugin output, in batches and with back-pressure. When main falls
 * behind by more than PENDING_MAX characters the vCPU waits for it, so that text is neither lost nor piled up.
 */
import type { Text } from './protocol.ts';

const BATCH_CHARACTERS = 1 << 16;
/** Characters on their way to main beyond which the vCPU waits. */
export const PENDING_MAX = 1 << 24;
/** Milliseconds after which text that waits for more is sent all the same. */
const DELAY_MS = 10;

export class Outbox {
  readonly #pending: Int32Array;
  readonly #post: (texts: readonly Text[]) => void;
  readonly #texts = new Map<string, { id: string; name: string; text: string }>();
  #characters = 0;
  #flushed = 0;

  /** @param pending the vCPU's `textPending` word */
  constructor(pending: Int32Array, post: (texts: readonly Text[]) => void) {
    this.#pending = pending;
    // What another thread has sent before it was ended may never be dealt with.
    Atomics.store(pending, 0, 0);
    this.#post = post;
  }

  write(id: string, name: string, text: string): void {
    const key = `${id}\0${name}`;
    const entry = this.#texts.get(key);
    if (entry) entry.text += text;
    else this.#texts.set(key, { id, name, text });
    this.#characters += text.length;
    if (this.#characters >= BATCH_CHARACTERS) this.flush();
  }

  /** Sends what waits, and waits itself while main is too far behind. */
  flush(): void {
    if (this.#characters === 0) return;
    const before = Atomics.add(this.#pending, 0, this.#characters);
    this.#post([...this.#texts.values()]);
    this.#texts.clear();
    let pending = before + this.#characters;
    this.#characters = 0;
    this.#flushed = performance.now();
    for (; pending > PENDING_MAX; pending = Atomics.load(this.#pending, 0)) Atomics.wait(this.#pending, 0, pending);
  }

  /** Sends what has waited for a while. Cheap: to be called now and then. */
  flushLate(): void {
    if (this.#characters > 0 && performance.now() - this.#flushed > DELAY_MS) this.flush();
  }
}

/** Main has dealt with `texts` of the vCPU whose word this is. */
export function acknowledge(pending: Int32Array, texts: readonly Text[]): void {
  Atomics.sub(
    pending,
    0,
    texts.reduce((sum, { text }) => sum + text.length, 0),
  );
  Atomics.notify(pending, 0);
}
