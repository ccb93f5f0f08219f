/** Values that arrive by themselves, for a `for await` loop that takes them when it can. */
export class Queue<T> implements AsyncIterableIterator<T> {
  readonly #values: T[] = [];
  readonly #waiting: ((result: IteratorResult<T, undefined>) => void)[] = [];
  readonly #left: () => void;
  #ended = false;

  /** @param left called once, when nobody takes any more */
  constructor(left: () => void) {
    this.#left = left;
  }

  push(value: T): void {
    if (this.#ended) return;
    const waiting = this.#waiting.shift();
    if (waiting) waiting({ done: false, value });
    else this.#values.push(value);
  }

  /** The same, in place of all values that nobody has taken yet. */
  replace(value: T): void {
    this.#values.length = 0;
    this.push(value);
  }

  /** There is no more: the loop ends when it has taken what is there. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const waiting of this.#waiting.splice(0)) waiting({ done: true, value: undefined });
    this.#left();
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    if (this.#values.length > 0) return { done: false, value: this.#values.shift()! };
    if (this.#ended) return { done: true, value: undefined };
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The loop has been left. */
  async return(): Promise<IteratorResult<T, undefined>> {
    this.#values.length = 0;
    this.end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
