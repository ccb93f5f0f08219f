/**
 * A mutex in one word of shared memory. Held for microseconds: a waiter spins briefly, then sleeps. Not recursive.
 * Usable on every thread, main included.
 */
const FREE = 0;
const HELD = 1;
/** Held, and somebody may be asleep waiting for it. */
const CONTENDED = 2;
const SPINS = 200;

export class Lock {
  readonly #word: Int32Array;

  /** @param offset byte offset of the lock's word, a multiple of 4; zero means free */
  constructor(buffer: SharedArrayBuffer, offset: number) {
    this.#word = new Int32Array(buffer, offset, 1);
  }

  #acquire(): void {
    const word = this.#word;
    for (let spin = 0; spin < SPINS; spin++) if (Atomics.compareExchange(word, 0, FREE, HELD) === FREE) return;
    while (Atomics.exchange(word, 0, CONTENDED) !== FREE) Atomics.wait(word, 0, CONTENDED);
  }

  #release(): void {
    if (Atomics.exchange(this.#word, 0, FREE) === CONTENDED) Atomics.notify(this.#word, 0, 1);
  }

  /** Runs `body` while nobody else does. */
  run<T>(body: () => T): T {
    this.#acquire();
    try {
      return body();
    } finally {
      this.#release();
    }
  }
}
