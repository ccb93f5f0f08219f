/** Replies that are waited for, by the id of their request. */
import { ConnectionError } from '../errors.ts';

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export class Replies {
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #closed = false;

  /** Sends a request with an id of its own, and waits for its reply. @throws ConnectionError */
  ask(send: (id: number) => void): Promise<unknown> {
    if (this.#closed) return Promise.reject(new ConnectionError('the connection has ended'));
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      send(id);
    });
  }

  /** A reply has come. */
  settle(id: unknown, reply: { readonly value: unknown } | { readonly error: Error }): void {
    const waiting = this.#waiting.get(id as number);
    this.#waiting.delete(id as number);
    if ('error' in reply) waiting?.reject(reply.error);
    else waiting?.resolve(reply.value);
  }

  /** No more replies will come. */
  close(): void {
    this.#closed = true;
    for (const { reject } of this.#waiting.values()) reject(new ConnectionError('the connection has ended'));
    this.#waiting.clear();
  }
}
