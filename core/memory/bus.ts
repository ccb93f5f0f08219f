/**
 * Which device answers at a physical address, one access at a time.
 *
 * Each thread has its own bus over the same devices. An access takes the device lock, so that it is one step to every
 * other thread, and runs on the thread of the vCPU that makes it. RAM and ROM are not on the bus.
 */
import type { Lock } from '../base/lock.ts';

/** Something that answers to a range of addresses; `devices/device` makes them. Called with the device lock held. */
export interface BusTarget {
  /** QEMU's name of the memory region. */
  readonly name: string;
  /** Bytes of address space. */
  readonly size: number;
  read(offset: number, bytes: number): bigint;
  write(offset: number, bytes: number, value: bigint): void;
}

export interface Mapping {
  /** First physical address. */
  readonly address: number;
  readonly target: BusTarget;
}

/** Told of each access after it is done, with the lock free again: `memory_region_ops_read` and `..._write`. */
export type BusTrace = (kind: 'read' | 'write', region: string, address: number, bytes: number, value: bigint) => void;

export class Bus {
  /** Undefined while nobody watches, which is what it costs then: one test. */
  trace: BusTrace | undefined;
  /** In ascending order of addresses. */
  readonly mappings: readonly Mapping[];
  readonly #lock: Lock;
  #last: Mapping | undefined;

  /**
   * @param lock the device lock
   * @throws RangeError where two ranges overlap
   */
  constructor(lock: Lock, mappings: readonly Mapping[]) {
    this.#lock = lock;
    this.mappings = mappings.toSorted((one, other) => one.address - other.address);
    for (const [index, { address, target }] of this.mappings.entries()) {
      const next = this.mappings[index + 1];
      if (next && address + target.size > next.address)
        throw new RangeError(`${target.name} and ${next.target.name} overlap on the bus`);
    }
  }

  /** The device that all of `bytes` bytes at `address` belong to. */
  #find(address: number, bytes: number): Mapping | undefined {
    const holds = (mapping: Mapping): boolean =>
      address >= mapping.address && address + bytes <= mapping.address + mapping.target.size;
    if (!this.#last || !holds(this.#last)) this.#last = this.mappings.find(holds);
    return this.#last;
  }

  /**
   * Reads a device register, with the side effects of reading it.
   * @param address physical
   * @param bytes 1, 2, 4 or 8
   * @returns the unsigned value, or undefined where there is no device: an access fault
   */
  read(address: number, bytes: number): bigint | undefined {
    const mapping = this.#find(address, bytes);
    if (!mapping) return undefined;
    const { target } = mapping;
    const value = this.#lock.run(() => target.read(address - mapping.address, bytes));
    this.trace?.('read', target.name, address, bytes, value);
    return value;
  }

  /**
   * Writes a device register.
   * @param value unsigned, of no more than `bytes` bytes
   * @returns false where there is no device: an access fault
   */
  write(address: number, bytes: number, value: bigint): boolean {
    const mapping = this.#find(address, bytes);
    if (!mapping) return false;
    const { target } = mapping;
    this.#lock.run(() => target.write(address - mapping.address, bytes, value));
    this.trace?.('write', target.name, address, bytes, value);
    return true;
  }
}
