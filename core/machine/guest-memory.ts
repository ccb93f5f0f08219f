/** Guest memory as main reads and writes it, beside a running guest. */
import type { CodePages } from '../jit/code-pages.ts';
import { PAGE_BYTES } from '../memory/layout.ts';
import { addressNumber, type PhysicalMemory } from '../memory/physical.ts';
import { type AddressMappings, addressMappings } from '../riscv/memory/mappings.ts';
import { physicalAddress } from '../riscv/memory/translation.ts';
import type { HartView } from '../riscv/state.ts';
import type { GuestMemory, MemoryRange } from './interface.ts';

export interface GuestMemoryParts {
  readonly buffer: SharedArrayBuffer;
  readonly physical: PhysicalMemory;
  readonly codePages: CodePages;
  /** State of each hart. */
  readonly harts: readonly HartView[];
  readonly ramBytes: number;
  readonly ranges: readonly MemoryRange[];
}

export class MachineMemory implements GuestMemory {
  readonly ramBytes: number;
  readonly ranges: readonly MemoryRange[];
  readonly #physical: PhysicalMemory;
  readonly #codePages: CodePages;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #harts: readonly HartView[];

  constructor({ buffer, physical, codePages, harts, ramBytes, ranges }: GuestMemoryParts) {
    this.#harts = harts;
    this.#view = new DataView(buffer);
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

  readVirtual(vcpu: number, address: bigint, length: number): Uint8Array | undefined {
    const bytes = new Uint8Array(length);
    const isRead = this.#eachPage(vcpu, address, length, (physical, start, end) => {
      const part = this.readPhysical(physical, end - start);
      if (part) bytes.set(part, start);
      return part !== undefined;
    });
    return isRead ? bytes : undefined;
  }

  writeVirtual(vcpu: number, address: bigint, bytes: Uint8Array): boolean {
    return this.#eachPage(vcpu, address, bytes.length, (physical, start, end) =>
      this.writePhysical(physical, bytes.subarray(start, end)),
    );
  }

  /**
   * Does something to `length` bytes at a virtual address, page by page.
   * @param visit given where each part lies, and its first and last offset; false ends it
   */
  #eachPage(
    vcpu: number,
    address: bigint,
    length: number,
    visit: (physical: bigint, start: number, end: number) => boolean,
  ): boolean {
    for (let start = 0; start < length; ) {
      const at = BigInt.asUintN(64, address + BigInt(start));
      const end = Math.min(length, start + PAGE_BYTES - Number(at % BigInt(PAGE_BYTES)));
      const physical = this.translate(vcpu, at);
      if (physical === undefined || !visit(physical, start, end)) return false;
      start = end;
    }
    return true;
  }

  translate(vcpu: number, address: bigint): bigint | undefined {
    const physical = physicalAddress(this.#harts[vcpu]!, this.#tables, address);
    return physical === undefined ? undefined : BigInt(physical);
  }

  mappings(vcpu: number): AddressMappings | undefined {
    return addressMappings(this.#harts[vcpu]!, this.#tables);
  }

  /** Page tables as they are now. */
  readonly #tables = {
    readEntry: (address: number): bigint | undefined => {
      const host = this.#physical.locate(address, 8);
      return host < 0 ? undefined : this.#view.getBigUint64(host, true);
    },
  };

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
