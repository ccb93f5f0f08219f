/** Guest RAM for devices: see `devices/dma`. */
import { type Layout, PAGE_BYTES } from './layout.ts';

/**
 * Runs `store`, which changes bytes in one page of RAM, `place` among them, and drops the code that has been translated
 * from that page, on every vCPU: `CodePages.write`. Other code must not see the bytes before it can know.
 */
export type PageStore = (place: number, store: () => void) => void;

export class RamDma {
  readonly view: DataView;
  readonly #bytes: Uint8Array;
  readonly #words: Uint16Array;
  readonly #layout: Layout;
  readonly #ramAddress: number;
  readonly #storeInPage: PageStore;

  /** @param ramAddress guest physical address of RAM */
  constructor(buffer: SharedArrayBuffer, layout: Layout, ramAddress: number, storeInPage: PageStore) {
    this.view = new DataView(buffer);
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Uint16Array(buffer);
    this.#layout = layout;
    this.#ramAddress = ramAddress;
    this.#storeInPage = storeInPage;
  }

  locate(address: number, bytes: number): number | undefined {
    const offset = address - this.#ramAddress;
    return offset >= 0 && offset + bytes <= this.#layout.ramBytes ? this.#layout.ram + offset : undefined;
  }

  read(place: number, into: Uint8Array): void {
    into.set(this.#bytes.subarray(place, place + into.length));
  }

  write(place: number, bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length; ) {
      const here = place + start;
      const end = Math.min(bytes.length, start + PAGE_BYTES - (here % PAGE_BYTES));
      const part = bytes.subarray(start, end);
      this.#storeInPage(here, () => this.#bytes.set(part, here));
      start = end;
    }
  }

  load16(place: number): number {
    return Atomics.load(this.#words, place / 2);
  }

  store16(place: number, value: number): void {
    this.#storeInPage(place, () => Atomics.store(this.#words, place / 2, value));
  }
}
