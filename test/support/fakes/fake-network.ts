/** The other end of a network cable, under a test's control. */
import type { NetworkBackend } from '../../../core/devices/backends.ts';

export class FakeNetwork implements NetworkBackend {
  /** Frames from the guest. */
  readonly sent: Buffer[] = [];
  /** Frames are taken and answered false until `drain`. */
  full = false;
  readonly #waiting: Uint8Array[] = [];
  #drained = (): void => {};
  #accept: (frame: Uint8Array) => boolean = () => false;
  #moved = (_isUp: boolean): void => {};

  /** A frame for the guest. */
  deliver(frame: Uint8Array): void {
    this.#waiting.push(frame);
    this.resume();
  }
  /** Frames that the device has not yet taken. */
  get waiting(): number {
    return this.#waiting.length;
  }
  drain(): void {
    this.full = false;
    this.#drained();
  }

  /** Pulls the cable out, or plugs it in. */
  plug(isUp: boolean): void {
    this.#moved(isUp);
  }
  onLink(callback: (isUp: boolean) => void): void {
    this.#moved = callback;
  }

  send(frame: Uint8Array): boolean {
    this.sent.push(Buffer.from(frame));
    return !this.full;
  }
  onDrain(callback: () => void): void {
    this.#drained = callback;
  }
  onFrame(callback: (frame: Uint8Array) => boolean): void {
    this.#accept = callback;
  }
  resume(): void {
    while (this.#waiting.length > 0 && this.#accept(this.#waiting[0]!)) this.#waiting.shift();
  }
}
