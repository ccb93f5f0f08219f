/** Guest physical memory: which addresses are RAM or ROM, and where they lie in the shared memory. */

export interface MemoryRegion {
  /** First guest physical address. */
  readonly address: number;
  readonly bytes: number;
  /** Where the region starts in the shared memory. */
  readonly host: number;
  readonly writable: boolean;
}

export class PhysicalMemory {
  readonly regions: readonly MemoryRegion[];

  constructor(regions: readonly MemoryRegion[]) {
    this.regions = regions;
  }

  /** The region that holds all of `bytes` bytes at `address`, if one does. */
  region(address: number, bytes: number): MemoryRegion | undefined {
    for (const region of this.regions) {
      const offset = address - region.address;
      if (offset >= 0 && offset + bytes <= region.bytes) return region;
    }
    return undefined;
  }

  /** Where `bytes` bytes at `address` lie in the shared memory; -1 where no region holds them all. */
  locate(address: number, bytes: number): number {
    const region = this.region(address, bytes);
    return region ? region.host + (address - region.address) : -1;
  }
}

/** A 64-bit address as a number: exact below 2^53, and beyond that no address of anything. */
export const addressNumber = (address: bigint): number => Number(address);
