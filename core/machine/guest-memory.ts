/** Guest memory as main reads and writes it, beside a running guest. */
import type { CodePages } from '../jit/code-pages.ts';
import { PAGE_BYTES } from '../memory/layout.ts';
import { addressNumber, type PhysicalMemory } from '../memory/physical.ts';
import type { GuestMemory, MemoryRange } from './interface.ts';

export interface GuestMemoryParts {
  readonly buffer: SharedArrayBuffer;
  readonly physical: PhysicalMemory;
  readonly codePages: CodePages;
  readonly ramBytes: number;
  readonly ranges: readonly MemoryRange[];
}

export class MachineMemory implements GuestMemory {
  readonly ramBytes: number;
  readonly ranges: readonly MemoryRange[];
  readonly #physical: PhysicalMemory;
  readonly #codePages: CodePages;
  readonly #bytes: Uint8Array;

  constructor({ buffer, physical, codePages, ramBytes, ranges }: GuestMemoryParts) {
    this.#physical = physical;
    this.#codePages = codePages;
    this.#bytes = new Uint8Array(buffer);
    this.ramBytes = ramBytes;
    this.ranges = ranges;
  }

  readPhysical(address: bigint, length: number): Uint8Array | undefined {
    const host = this.#physical.locate(addressNumber(address), length);
    return host < 0 ? undefined : this.#bytes.slice(host, host + length);
  }

  readVirtual(_vcpu: number, address: bigint, length: number): Uint8Array | undefined {
    return this.readPhysical(address, length);
  }

  writePhysical(address: bigint, bytes: Uint8Array): boolean {
    const start = addressNumber(address);
    const region = this.#physical.region(start, bytes.length);
    if (!region?.writable) return false;
    const host = region.host + (start - region.address);
    for (let done = 0; done < bytes.length; ) {
      const count = Math.min(bytes.length - done, PAGE_BYTES - ((host + done) % PAGE_BYTES));
      const part = bytes.subarray(done, done + count);
      this.#codePages.write(host + done, () => this.#bytes.set(part, host + done));
      done += count;
    }
    return true;
  }
}
