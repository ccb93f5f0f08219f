/**
 * Addresses whose accesses a debugger wants to know of, on one vCPU. The softTLB vouches for nothing on their pages that
 * could be one, so that such accesses take the slow way, where they are looked at.
 */
import { PAGE_BYTES } from '../memory/layout.ts';

export interface Watchpoint {
  /** Which accesses: loads, stores, or both. An atomic operation is both. */
  readonly kind: 'read' | 'write' | 'access';
  /** Virtual, in whatever address space. */
  readonly address: bigint;
  /** At least 1. */
  readonly bytes: number;
}

export interface WatchHit {
  readonly watchpoint: Watchpoint;
  /** The first byte accessed of those that are watched. */
  readonly address: bigint;
}

/** As the IR's `accessKind` tells them. */
const KINDS: Readonly<Record<Watchpoint['kind'], number>> = { read: 1, write: 2, access: 3 };

/** From `start` to `address`, round the end of the address space. */
const distance = (start: bigint, address: bigint): bigint => BigInt.asUintN(64, address - start);

const touches = (watchpoint: Watchpoint, address: bigint, bytes: number): boolean =>
  distance(watchpoint.address, address) < watchpoint.bytes || distance(address, watchpoint.address) < bytes;

export class Watchpoints {
  readonly #wasHit: () => void;
  #all: readonly Watchpoint[] = [];
  #hit: WatchHit | undefined;

  /** @param wasHit called at the first hit since `take` */
  constructor(wasHit: () => void) {
    this.#wasHit = wasHit;
  }

  get any(): boolean {
    return this.#all.length > 0;
  }

  /** Whoever calls it sees to it that the TLB vouches for nothing. */
  set(all: readonly Watchpoint[]): void {
    this.#all = all;
  }

  /** Whether loads, or stores and atomics, on the page have to be looked at. */
  covers(page: bigint, kind: 'load' | 'store'): boolean {
    return this.#all.some(
      (watchpoint) => (kind === 'store' || watchpoint.kind !== 'write') && touches(watchpoint, page, PAGE_BYTES),
    );
  }

  /** Looks at an access that has been made. @param kind as the IR's `accessKind` tells it */
  look(address: bigint, bytes: number, kind: number): void {
    if (this.#hit) return;
    const watchpoint = this.#all.find((one) => (KINDS[one.kind] & kind) !== 0 && touches(one, address, bytes));
    if (!watchpoint) return;
    const isInside = distance(watchpoint.address, address) < watchpoint.bytes;
    this.#hit = { watchpoint, address: isInside ? address : watchpoint.address };
    this.#wasHit();
  }

  /** The first hit since the last call. */
  take(): WatchHit | undefined {
    const hit = this.#hit;
    this.#hit = undefined;
    return hit;
  }
}
