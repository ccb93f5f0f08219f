/**
 * Pages of RAM that hold translated code, and what happens when they are written.
 *
 * Rules, which together make every store visible to the instruction fetches behind a later `fence.i`:
 * - A vCPU decodes under the code lock. Before it reads the bytes it marks the page as its own and takes the page's
 *   write tag away from every TLB. From then on stores to the page leave the fast path.
 * - Such a store is done under the same lock: first every vCPU that has marked the page is told (`stale`), then the
 *   bytes change. Whoever sees the bytes has therefore been told before; it drops its blocks when it looks up, at the
 *   latest in its `fence.i`, which ends a block.
 * - A store that passed its TLB check just before the tag was taken away may still be on its way while the page is
 *   decoded. So a vCPU remembers pages that it has newly marked, and `fence.i` drops their blocks until every other
 *   vCPU has been seen between blocks since (`unsettled`).
 */
import { Lock } from '../base/lock.ts';
import { demandAttention } from '../hart/lines.ts';
import { ATTENTION, HART_STATE_OFFSET, VcpuState } from '../hart/state.ts';
import { type Layout, MachineState, PAGE_SHIFT } from '../memory/layout.ts';
import type { View } from '../memory/struct.ts';
import { Tlb } from '../memory/tlb.ts';
import { HartState } from '../riscv/state.ts';

interface Unsettled {
  readonly page: number;
  /** Instructions retired by each vCPU when the page was marked. */
  readonly retired: readonly bigint[];
}

export class CodePages {
  readonly #buffer: SharedArrayBuffer;
  readonly #layout: Layout;
  readonly #vcpu: number;
  readonly #lock: Lock;
  readonly #map: Uint8Array;
  /** Of this vCPU. */
  readonly #staleCount: Int32Array;
  readonly #tlbs: readonly Tlb[];
  readonly #vcpus: readonly View<typeof VcpuState.fields>[];
  readonly #harts: readonly View<typeof HartState.fields>[];
  #unsettled: Unsettled[] = [];

  /** @param vcpu the vCPU whose thread this is; -1 on main, which writes but never decodes */
  constructor(buffer: SharedArrayBuffer, layout: Layout, vcpu: number) {
    this.#buffer = buffer;
    this.#layout = layout;
    this.#vcpu = vcpu;
    this.#lock = new Lock(buffer, layout.machine + MachineState.offset.codeLock);
    this.#map = new Uint8Array(buffer, layout.codePages, layout.ramBytes >>> PAGE_SHIFT);
    this.#tlbs = layout.vcpus.map((_, index) => new Tlb(buffer, layout, index));
    this.#staleCount = new Int32Array(
      buffer,
      layout.vcpus[Math.max(vcpu, 0)]!.state + VcpuState.offset.stalePageCount,
      1,
    );
    this.#vcpus = layout.vcpus.map(({ state }) => VcpuState.view(buffer, state));
    this.#harts = layout.vcpus.map(({ state }) => HartState.view(buffer, state + HART_STATE_OFFSET));
  }

  /** Runs `decode` with the lock held: no code page changes meanwhile. */
  whileLocked<T>(decode: () => T): T {
    return this.#lock.run(decode);
  }

  /** Number of the RAM page at `host`; -1 outside RAM, where nothing is ever written. */
  pageOf(host: number): number {
    const page = (host - this.#layout.ram) >>> PAGE_SHIFT;
    return host >= this.#layout.ram ? page : -1;
  }

  /** Marks the page at `host` as holding code of this vCPU. The lock is held. */
  mark(host: number): void {
    const page = this.pageOf(host);
    if (page < 0) return;
    const bit = 1 << this.#vcpu;
    const before = Atomics.or(this.#map, page, bit);
    if (before === 0) for (const tlb of this.#tlbs) tlb.protect(host);
    if ((before & bit) === 0 && this.#tlbs.length > 1)
      this.#unsettled.push({ page, retired: this.#harts.map((hart) => hart.minstret) });
  }

  /** True while some vCPU holds code of the page at `host`; only a lock keeps it so. */
  holdsCode(host: number): boolean {
    const page = this.pageOf(host);
    return page >= 0 && Atomics.load(this.#map, page) !== 0;
  }

  /** Runs `store`, which writes bytes of the page at `host`, as the rules above ask. */
  write<T>(host: number, store: () => T): T {
    return this.#lock.run(() => {
      const page = this.pageOf(host);
      const holders = page < 0 ? 0 : Atomics.exchange(this.#map, page, 0);
      for (const [index, vcpu] of this.#vcpus.entries()) {
        if ((holders & (1 << index)) === 0) continue;
        const count = vcpu.stalePageCount;
        if (count < vcpu.stalePages.length) vcpu.stalePages[count] = page;
        vcpu.stalePageCount = count + 1;
        demandAttention(this.#buffer, this.#layout, index, ATTENTION.stale);
      }
      return store();
    });
  }

  /** Pages of this vCPU that have been written since the last call; `all` where they are too many to name. */
  takeStale(): readonly number[] | 'all' {
    // Whoever has stored has told first: what has been seen of a store has been told.
    if (Atomics.load(this.#staleCount, 0) === 0) return [];
    return this.#lock.run(() => {
      const vcpu = this.#vcpus[this.#vcpu]!;
      const count = vcpu.stalePageCount;
      vcpu.stalePageCount = 0;
      return count > vcpu.stalePages.length ? 'all' : Array.from(vcpu.stalePages.subarray(0, count));
    });
  }

  /** Pages whose blocks `fence.i` must drop because a store may have slipped by when they were marked. */
  takeUnsettled(): readonly number[] {
    const pages = this.#unsettled.map(({ page }) => page);
    this.#unsettled = this.#unsettled.filter(({ retired }) => !this.#allPassed(retired));
    return pages;
  }

  #allPassed(retired: readonly bigint[]): boolean {
    return this.#vcpus.every(
      (vcpu, index) =>
        index === this.#vcpu ||
        vcpu.parked !== 0 ||
        vcpu.halted !== 0 ||
        this.#harts[index]!.minstret !== retired[index],
    );
  }

  /** Forgets that this vCPU holds any code. */
  clear(): void {
    const keep = ~(1 << this.#vcpu);
    this.#lock.run(() => {
      for (let page = 0; page < this.#map.length; page++) if (this.#map[page] !== 0) Atomics.and(this.#map, page, keep);
    });
    this.#unsettled = [];
  }
}
