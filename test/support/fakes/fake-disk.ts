/** A disk in memory, whose host can be made to refuse and to wait. */
import type { BlockBackend } from '../../../core/devices/backends.ts';

export class FakeDisk implements BlockBackend {
  readonly contents: Buffer;
  readonly bytes: number;
  readonly readOnly: boolean;
  /** What has been asked of it: `read 512+1024`, `write 0+512`, `flush`. */
  readonly calls: string[] = [];
  /** Everything fails with this. */
  refusal: string | undefined;
  #held: (() => void)[] | undefined;

  constructor(bytes: number, readOnly = false) {
    this.contents = Buffer.alloc(bytes);
    this.bytes = bytes;
    this.readOnly = readOnly;
  }

  /** From now on nothing is done, until `release`. */
  hold(): void {
    this.#held = [];
  }
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const go of held) go();
  }

  async read(offset: number, bytes: number): Promise<Uint8Array> {
    await this.#call(`read ${offset}+${bytes}`);
    return Uint8Array.from(this.contents.subarray(offset, offset + bytes));
  }
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    await this.#call(`write ${offset}+${bytes.length}`);
    this.contents.set(bytes, offset);
  }
  flush(): Promise<void> {
    return this.#call('flush');
  }

  async #call(what: string): Promise<void> {
    this.calls.push(what);
    const held = this.#held;
    await new Promise<void>((resolve) => (held ? held.push(resolve) : setImmediate(resolve)));
    if (this.refusal !== undefined) throw new Error(this.refusal);
  }
}
