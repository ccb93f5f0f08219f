/** A network cable that can be pulled out and plugged in again while the machine runs. */
import type { NetworkBackend } from '../../core/machine/interface.ts';

export class Cable implements NetworkBackend {
  readonly #end: NetworkBackend;
  #isIn = true;
  #moved = (_isIn: boolean): void => {};

  /** @param end where it leads to */
  constructor(end: NetworkBackend) {
    this.#end = end;
  }

  get isIn(): boolean {
    return this.#isIn;
  }

  /** Pulls it out, or plugs it in. What is sent meanwhile, from either side, is lost. */
  plug(isIn: boolean): void {
    if (isIn === this.#isIn) return;
    this.#isIn = isIn;
    this.#moved(isIn);
  }

  send(frame: Uint8Array): boolean {
    return this.#isIn ? this.#end.send(frame) : true;
  }
  onDrain(callback: () => void): void {
    this.#end.onDrain(callback);
  }
  onFrame(callback: (frame: Uint8Array) => boolean): void {
    this.#end.onFrame((frame) => (this.#isIn ? callback(frame) : true));
  }
  onLink(callback: (isUp: boolean) => void): void {
    this.#moved = callback;
  }
  resume(): void {
    this.#end.resume();
  }
}
