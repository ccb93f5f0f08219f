/** The part of memory that one vCPU's translated code fills, from its beginning to its end; emptied as a whole. */
import type { VcpuState } from '../hart/state.ts';
import type { View } from '../memory/struct.ts';

export class CodeArea {
  readonly #view: View<typeof VcpuState.fields>;
  readonly #start: number;
  readonly #end: number;
  #free: number;

  /** @param start, bytes memory address and size of it */
  constructor(view: View<typeof VcpuState.fields>, start: number, bytes: number) {
    this.#view = view;
    this.#start = start;
    this.#end = start + bytes;
    this.#free = start;
  }

  /** Memory address of the first byte that nobody has taken. */
  get free(): number {
    return this.#free;
  }

  /** Whether `bytes` more can be taken. */
  hasRoom(bytes: number): boolean {
    return this.#end - this.#free >= bytes;
  }

  /** Takes the next `bytes`, for which there has to be room. */
  take(bytes: number): void {
    this.#free += bytes;
    this.#view.codeBytes = this.#free - this.#start;
  }

  /** Gives all bytes from memory address `free` on back. */
  giveBack(free: number): void {
    this.#free = free;
    this.#view.codeBytes = free - this.#start;
  }

  clear(): void {
    this.giveBack(this.#start);
  }
}
