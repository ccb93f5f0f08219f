/**
 * Guest accesses that generated code does not do itself: first touch of a page, pages that hold translated code or are
 * watched, devices, accesses that cross pages, and those that fault.
 *
 * Reservations are of virtual addresses: that is what generated code has at hand. A store-conditional to another address
 * that leads to the same place fails, as it may; one to the same address in another address space may succeed, which
 * systems rule out when they switch (unprivileged manual, section "Load-Reserved/Store-Conditional Instructions").
 */
import { AMO } from '../ir/eval.ts';
import type { Op } from '../ir/ops.ts';
import type { CodePages } from '../jit/code-pages.ts';
import { PAGE_BYTES } from '../memory/layout.ts';
import type { PhysicalMemory } from '../memory/physical.ts';
import type { View } from '../memory/struct.ts';
import { CAUSE, Trap } from '../riscv/hart.ts';
import { ACCESS_FAULT, type Translation } from '../riscv/memory/translation.ts';
import { type HartView, NO_RESERVATION } from '../riscv/state.ts';
import { SLOW } from '../wasm/contract.ts';
import type { Mmu } from './mmu.ts';
import type { VcpuState } from './state.ts';
import type { Watchpoints } from './watchpoints.ts';

/** Device registers, by physical address. Undefined and false: nothing is there. */
export interface DeviceBus {
  read(address: number, bytes: number): bigint | undefined;
  write(address: number, bytes: number, value: bigint): boolean;
}

export interface SlowAccessParts {
  readonly buffer: SharedArrayBuffer;
  readonly vcpu: View<typeof VcpuState.fields>;
  readonly hart: HartView;
  readonly physical: PhysicalMemory;
  readonly mmu: Mmu;
  readonly codePages: CodePages;
  readonly bus: DeviceBus;
  readonly watchpoints: Watchpoints;
}

const isStore = ({ name }: Op): boolean => !['load', 'loadReserved', 'touch'].includes(name);
const isAtomic = ({ name }: Op): boolean => ['amo', 'loadReserved', 'storeConditional'].includes(name);
const kindOf = (op: Op): 'load' | 'store' => (isStore(op) ? 'store' : 'load');
const OFFSET_MASK = BigInt(PAGE_BYTES - 1);
/** What a `touch` that may not even load is told. */
const AS_STORE: ReadonlyMap<number, number> = new Map([
  [CAUSE.loadAccessFault, CAUSE.storeAccessFault],
  [CAUSE.loadPageFault, CAUSE.storePageFault],
]);

/** Some bytes of an access that lie on one page. */
interface Part {
  readonly host: number;
  readonly bytes: number;
  readonly writable: boolean;
}

export class SlowAccess {
  readonly #parts: SlowAccessParts;
  readonly #bytes: DataView;
  readonly #words: Int32Array;
  readonly #doubles: BigInt64Array;

  constructor(parts: SlowAccessParts) {
    this.#parts = parts;
    this.#bytes = new DataView(parts.buffer);
    this.#words = new Int32Array(parts.buffer);
    this.#doubles = new BigInt64Array(parts.buffer);
  }

  /**
   * Performs the access whose address and operand are in the vCPU's state, or makes generated code able to.
   * @returns SLOW.done, with the result in `accessResult`; or SLOW.retry
   * @throws Trap where the access faults
   */
  perform(op: Op): number {
    const { vcpu, physical, mmu, codePages, watchpoints } = this.#parts;
    const bytes = op.bytes!;
    const virtual = vcpu.accessAddress;
    const offset = Number(virtual & OFFSET_MASK);
    if (isAtomic(op) && offset % bytes !== 0) throw this.#misaligned(op, virtual);
    if (offset + bytes > PAGE_BYTES) return this.#crossing(op, PAGE_BYTES - offset);

    const translation = this.#translate(op, virtual);
    const region = physical.region(translation.page, PAGE_BYTES);
    if (!region) return this.#device(op, translation.page + offset);
    const page = region.host + (translation.page - region.address);
    const host = page + offset;
    const isWatched = watchpoints.covers(virtual - BigInt(offset), kindOf(op));
    if (!isWatched && (!isStore(op) || (region.writable && !codePages.holdsCode(page)))) {
      // Nobody may start to translate from the page between the look at the map and the write tag.
      codePages.whileLocked(() =>
        mmu.vouch(virtual - BigInt(offset), translation, page, region.writable && !codePages.holdsCode(page)),
      );
      // Taken away again already where another vCPU has just translated from it: then the next attempt ends below.
      return SLOW.retry;
    }
    if (!isStore(op)) return this.#load(op, host);
    if (!region.writable) {
      if (isAtomic(op)) throw this.#fault(op, virtual);
      return this.#done(op, 0n, 0n, 0n);
    }
    return codePages.write(host, () => this.#update(op, host));
  }

  #translate(op: Op, virtual: bigint): Translation {
    try {
      return this.#parts.mmu.translate(virtual, kindOf(op));
    } catch (thrown) {
      const cause = op.name === 'touch' && thrown instanceof Trap ? AS_STORE.get(thrown.cause) : undefined;
      throw cause === undefined ? thrown : new Trap(cause, virtual);
    }
  }

  /** Reports what the access did, as generated code would have, and gives its result. */
  #done(op: Op, kind: bigint, value: bigint, result: bigint): number {
    const { vcpu, watchpoints } = this.#parts;
    const bits = op.bytes! * 8;
    watchpoints.look(vcpu.accessAddress, op.bytes!, Number(kind));
    vcpu.accessKind = kind;
    vcpu.accessValue = BigInt.asUintN(bits, value);
    const signed = op.signed || op.name === 'amo' || op.name === 'loadReserved';
    vcpu.accessResult = signed ? BigInt.asUintN(64, BigInt.asIntN(bits, result)) : result;
    return SLOW.done;
  }

  #misaligned(op: Op, address: bigint): Trap {
    return new Trap(op.name === 'loadReserved' ? CAUSE.loadAddressMisaligned : CAUSE.storeAddressMisaligned, address);
  }

  #fault(op: Op, address: bigint): Trap {
    return new Trap(ACCESS_FAULT[op.name === 'touch' ? 'store' : kindOf(op)], address);
  }

  #device(op: Op, address: number): number {
    const { vcpu, bus } = this.#parts;
    const bytes = op.bytes!;
    const virtual = vcpu.accessAddress;
    if (op.name !== 'load' && op.name !== 'store') throw this.#fault(op, virtual);
    if (op.name === 'store') {
      const value = BigInt.asUintN(bytes * 8, vcpu.accessValue);
      if (!bus.write(address, bytes, value)) throw this.#fault(op, virtual);
      return this.#done(op, 2n, value, 0n);
    }
    const value = bus.read(address, bytes);
    if (value === undefined) throw this.#fault(op, virtual);
    return this.#done(op, 1n, value, value);
  }

  /**
   * A load or store that is not aligned and reaches into the next page: done byte by byte, once both pages are known good.
   * @param first bytes of it on the first page
   */
  #crossing(op: Op, first: number): number {
    const { vcpu, codePages } = this.#parts;
    const virtual = vcpu.accessAddress;
    const parts = [
      this.#part(op, virtual, first),
      this.#part(op, BigInt.asUintN(64, virtual + BigInt(first)), op.bytes! - first),
    ];
    const places = parts.flatMap(({ host, bytes, writable }) =>
      Array.from({ length: bytes }, (_, index) => ({ host: host + index, writable })),
    );
    if (op.name === 'load') {
      const found = places.reduceRight((sum, { host }) => (sum << 8n) | BigInt(this.#bytes.getUint8(host)), 0n);
      return this.#done(op, 1n, found, found);
    }
    const value = vcpu.accessValue;
    for (const [index, { host, writable }] of places.entries())
      if (writable) {
        const byte = Number((value >> BigInt(index * 8)) & 0xffn);
        codePages.write(host, () => this.#bytes.setUint8(host, byte));
      }
    return this.#done(op, 2n, value, 0n);
  }

  #part(op: Op, virtual: bigint, bytes: number): Part {
    const { mmu, physical } = this.#parts;
    const address = mmu.translate(virtual, kindOf(op)).page + Number(virtual & OFFSET_MASK);
    const region = physical.region(address, bytes);
    if (!region) throw this.#fault(op, virtual);
    return { host: region.host + (address - region.address), bytes, writable: region.writable };
  }

  /** A load from memory, by hand: the page is watched. */
  #load(op: Op, host: number): number {
    if (op.name === 'touch') return this.#done(op, 0n, 0n, 0n);
    const { vcpu, hart } = this.#parts;
    const found = this.#read(host, op.bytes!);
    if (op.name === 'loadReserved') {
      hart.reservedAddress = vcpu.accessAddress;
      hart.reservedValue = found;
    }
    return this.#done(op, 1n, found, found);
  }

  /** 1, 2, 4 or 8 bytes, zero-extended. */
  #read(host: number, bytes: number): bigint {
    if (bytes === 1) return BigInt(this.#bytes.getUint8(host));
    if (bytes === 2) return BigInt(this.#bytes.getUint16(host, true));
    if (bytes === 4) return BigInt(this.#bytes.getUint32(host, true));
    return this.#bytes.getBigUint64(host, true);
  }

  /** A store or atomic to memory, by hand: the page holds translated code, or is watched. */
  #update(op: Op, host: number): number {
    const { vcpu, hart } = this.#parts;
    const bytes = op.bytes!;
    const bits = bytes * 8;
    const operand = BigInt.asUintN(bits, vcpu.accessValue);
    if (op.name === 'zero') {
      for (let offset = 0; offset < bytes; offset += 8) this.#bytes.setBigUint64(host + offset, 0n, true);
      return this.#done(op, 2n, 0n, 0n);
    }
    if (op.name === 'store') {
      if (bytes === 1) this.#bytes.setUint8(host, Number(operand));
      else if (bytes === 2) this.#bytes.setUint16(host, Number(operand), true);
      else if (bytes === 4) this.#bytes.setUint32(host, Number(operand), true);
      else this.#bytes.setBigUint64(host, operand, true);
      return this.#done(op, 2n, operand, 0n);
    }
    if (op.name === 'storeConditional') {
      const expected = hart.reservedValue;
      const reserved = hart.reservedAddress === vcpu.accessAddress;
      hart.reservedAddress = NO_RESERVATION;
      const stored = reserved && this.#exchange(host, bytes, expected, operand) === expected;
      return this.#done(op, stored ? 2n : 0n, operand, stored ? 0n : 1n);
    }
    for (;;) {
      const old = BigInt.asUintN(
        bits,
        bytes === 4 ? BigInt(Atomics.load(this.#words, host >>> 2)) : Atomics.load(this.#doubles, host / 8),
      );
      const updated = BigInt.asUintN(bits, AMO[op.kind!](old, operand, bits));
      if (this.#exchange(host, bytes, old, updated) === old) return this.#done(op, 3n, updated, old);
    }
  }

  /** Compare and exchange of 4 or 8 bytes. All values zero-extended. */
  #exchange(host: number, bytes: number, expected: bigint, value: bigint): bigint {
    if (bytes === 4) {
      const found = Atomics.compareExchange(this.#words, host >>> 2, Number(expected) | 0, Number(value) | 0);
      return BigInt(found >>> 0);
    }
    return BigInt.asUintN(
      64,
      Atomics.compareExchange(this.#doubles, host / 8, BigInt.asIntN(64, expected), BigInt.asIntN(64, value)),
    );
  }
}
