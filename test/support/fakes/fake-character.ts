/** A byte stream of the host, as a device sees it, under a test's control. */
import type { CharacterBackend } from '../../../core/devices/backends.ts';

export class FakeCharacter implements CharacterBackend {
  /** What the guest has written, as text. */
  output = '';
  /** Writes are taken and answered false until `drain`. */
  full = false;
  #waiting = Buffer.alloc(0);
  #drained = (): void => {};
  #accept: (bytes: Uint8Array) => number = () => 0;

  /** The host sends text. */
  send(text: string): void {
    this.#waiting = Buffer.concat([this.#waiting, Buffer.from(text, 'latin1')]);
    this.resume();
  }
  /** Bytes that the device has not yet taken. */
  get waiting(): number {
    return this.#waiting.length;
  }
  drain(): void {
    this.full = false;
    this.#drained();
  }

  write(bytes: Uint8Array): boolean {
    this.output += Buffer.from(bytes).toString('latin1');
    return !this.full;
  }
  onDrain(callback: () => void): void {
    this.#drained = callback;
  }
  onData(callback: (bytes: Uint8Array) => number): void {
    this.#accept = callback;
  }
  resume(): void {
    if (this.#waiting.length > 0) this.#waiting = this.#waiting.subarray(this.#accept(this.#waiting));
  }
}
