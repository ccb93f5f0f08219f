/**
 * The buffers that translated code of one vCPU appends to. Each begins with a head of two words of 32 bits: the memory
 * address of the next free byte, and that behind the last. Entries follow, tags of 32 bits, or accesses of three words of
 * 64 bits: tag and kind, virtual address, value.
 */
import { type Layout, RECORD_BUFFER_BYTES, RECORD_BUFFERS } from '../memory/layout.ts';
import type { AccessRecords, Recorder } from './plugin.ts';

export const ACCESS_ENTRY_BYTES = 24;
export const TAG_ENTRY_BYTES = 4;
/** As long as an access, so that a whole number of either fits behind it. */
const HEAD_BYTES = ACCESS_ENTRY_BYTES;
/** Bits of an access's kind. */
const LOADED = 1;
const STORED = 2;

export class RecordPool {
  readonly #buffer: SharedArrayBuffer;
  readonly #free: number[];

  /** Empties all of them. */
  constructor(buffer: SharedArrayBuffer, layout: Layout, vcpu: number) {
    const { records } = layout.vcpus[vcpu]!;
    this.#buffer = buffer;
    this.#free = Array.from({ length: RECORD_BUFFERS }, (_, index) => records + index * RECORD_BUFFER_BYTES).reverse();
    for (const address of this.#free) this.#headOf(address).set([address + HEAD_BYTES, address + RECORD_BUFFER_BYTES]);
  }

  #headOf(address: number): Uint32Array {
    return new Uint32Array(this.#buffer, address, 2);
  }

  /** @throws Error when there are no more */
  #take(): { readonly address: number; readonly head: Uint32Array } {
    const address = this.#free.pop();
    if (address === undefined) throw new Error(`out of recorders: ${RECORD_BUFFERS} are in use`);
    const head = this.#headOf(address);
    head[0] = address + HEAD_BYTES;
    return { address, head };
  }

  /** @throws Error when there are no more */
  tags(deliver: (tags: Uint32Array) => void): PoolRecorder {
    const { address, head } = this.#take();
    const all = new Uint32Array(this.#buffer, address + HEAD_BYTES, (RECORD_BUFFER_BYTES - HEAD_BYTES) / 4);
    return new PoolRecorder('tags', address, head, (bytes) => deliver(all.subarray(0, bytes / TAG_ENTRY_BYTES)));
  }

  /** @throws Error when there are no more */
  accesses(deliver: (accesses: AccessRecords) => void): PoolRecorder {
    const { address, head } = this.#take();
    const records = new Entries(this.#buffer, address + HEAD_BYTES);
    return new PoolRecorder('accesses', address, head, (bytes) => {
      records.length = bytes / ACCESS_ENTRY_BYTES;
      deliver(records);
    });
  }

  give({ address }: PoolRecorder): void {
    this.#free.push(address);
  }
}

class Entries implements AccessRecords {
  length = 0;
  readonly #halves: Uint32Array;
  readonly #words: BigUint64Array;

  constructor(buffer: SharedArrayBuffer, address: number) {
    const bytes = RECORD_BUFFER_BYTES - HEAD_BYTES;
    this.#halves = new Uint32Array(buffer, address, bytes / 4);
    this.#words = new BigUint64Array(buffer, address, bytes / 8);
  }
  tag(index: number): number {
    return this.#halves[index * 6]!;
  }
  isLoad(index: number): boolean {
    return (this.#halves[index * 6 + 1]! & LOADED) !== 0;
  }
  isStore(index: number): boolean {
    return (this.#halves[index * 6 + 1]! & STORED) !== 0;
  }
  address(index: number): bigint {
    return this.#words[index * 3 + 1]!;
  }
  value(index: number): bigint {
    return this.#words[index * 3 + 2]!;
  }
}

export class PoolRecorder implements Recorder {
  readonly kind: 'tags' | 'accesses';
  /** Memory address of its head. */
  readonly address: number;
  readonly #head: Uint32Array;
  readonly #deliver: (bytes: number) => void;

  constructor(kind: 'tags' | 'accesses', address: number, head: Uint32Array, deliver: (bytes: number) => void) {
    this.kind = kind;
    this.address = address;
    this.#head = head;
    this.#deliver = deliver;
  }

  flush(): void {
    const bytes = this.drop();
    // Whatever becomes of the plugin now, there is room again.
    if (bytes > 0) this.#deliver(bytes);
  }

  /** Empties the buffer, which nobody is told. @returns how many bytes were in it */
  drop(): number {
    const start = this.address + HEAD_BYTES;
    const bytes = this.#head[0]! - start;
    this.#head[0] = start;
    return bytes;
  }
}
