/**
 * Where everything lives in the machine's one shared `WebAssembly.Memory`.
 *
 * The order is: control words of the machine, registers of the devices, one area for each vCPU (state, TLB, jump caches,
 * counters, record buffers, translated code), the map of pages that hold translated code, the boot ROM, guest RAM. RAM comes last, so that its
 * size is the only thing that varies between machines with the same number of vCPUs.
 */
import { i32, struct, u64 } from './struct.ts';

/** Bytes in a guest page, and in the unit by which translated code is dropped. */
export const PAGE_BYTES = 4096;
export const PAGE_SHIFT = 12;
/** One page of `WebAssembly.Memory`. */
const WASM_PAGE_BYTES = 65536;

export const VCPUS_MAX = 8;
/** Boot ROM of the `virt` machine, `MROM` in QEMU's memory map. */
export const ROM_BYTES = 0xf000;

/** Words that belong to the machine as a whole. */
export const MachineState = struct({
  /** The lock around every access to a device register; see `base/lock`. */
  deviceLock: i32,
  /** The lock that orders decoding of guest code against stores to it; see `jit/code-pages`. */
  codeLock: i32,
  /** 1 while guest time runs. */
  clockRunning: i32,
  /** Changes whenever the next timer deadline may have; the clock worker sleeps on it. */
  clockChanged: i32,
  /** 1 asks the clock worker to leave. */
  clockEnded: i32,
  /** Guest nanoseconds = host monotonic nanoseconds - this, while the clock runs. */
  clockOffset: u64,
  /** Guest nanoseconds at which the clock was stopped. */
  clockStoppedAt: u64,
});

/** Tables of direct-mapped translations for each vCPU; see `memory/tlb`. */
export const TLB_BANKS = 5;
export const TLB_ENTRIES = 1024;
export const TLB_ENTRY_BYTES = 32;

/** Tables for each vCPU, one for each privilege mode, by which generated code finds blocks; see `jit/code-space`. */
export const JUMP_CACHES = 3;
export const JUMP_CACHE_ENTRIES = 16384;
export const JUMP_CACHE_ENTRY_BYTES = 16;

/** 64-bit counters for each vCPU, shared out between the loaded plugins. */
export const COUNTERS_PER_VCPU = 1 << 20;
/** Buffers for each vCPU that plugins record into, and the bytes of each; see `plugin/recorder`. */
export const RECORD_BUFFERS = 16;
export const RECORD_BUFFER_BYTES = 24 * 4096;
/** Bytes for each vCPU that hold its decoded blocks. */
export const CODE_BYTES_PER_VCPU = 64 << 20;

/** Space for the register files of devices and the queues between devices and their back ends. */
const DEVICES_BYTES = 0x1_0000;
/** Space for one vCPU's registers and control words; `riscv/hart` and `hart/state` share it. */
export const VCPU_STATE_BYTES = 0x2000;

export interface VcpuLayout {
  readonly state: number;
  readonly tlb: number;
  readonly jumpCaches: number;
  readonly counters: number;
  readonly records: number;
  readonly code: number;
}

export interface Layout {
  readonly machine: number;
  readonly devices: number;
  readonly devicesEnd: number;
  readonly vcpus: readonly VcpuLayout[];
  /** One byte for each RAM page, then for each ROM page: bit n is set while vCPU n holds code translated from it. */
  readonly codePages: number;
  readonly rom: number;
  readonly ram: number;
  readonly ramBytes: number;
  /** Size of the whole memory, in pages of 64 KiB. */
  readonly wasmPages: number;
}

/**
 * The layout of a machine.
 * @param vcpus number of vCPUs, 1 to VCPUS_MAX
 * @param ramBytes bytes of guest RAM, a multiple of 64 KiB
 */
export function layoutOf(vcpus: number, ramBytes: number): Layout {
  let end = 0;
  const take = (bytes: number, alignment = PAGE_BYTES): number => {
    const start = Math.ceil(end / alignment) * alignment;
    end = start + bytes;
    return start;
  };
  const machine = take(MachineState.size);
  const devices = take(DEVICES_BYTES);
  const areas = Array.from({ length: vcpus }, () => ({
    state: take(VCPU_STATE_BYTES),
    tlb: take(TLB_BANKS * TLB_ENTRIES * TLB_ENTRY_BYTES),
    jumpCaches: take(JUMP_CACHES * JUMP_CACHE_ENTRIES * JUMP_CACHE_ENTRY_BYTES),
    counters: take(COUNTERS_PER_VCPU * 8),
    records: take(RECORD_BUFFERS * RECORD_BUFFER_BYTES),
    code: take(CODE_BYTES_PER_VCPU),
  }));
  const codePages = take((ramBytes + ROM_BYTES) / PAGE_BYTES);
  const rom = take(ROM_BYTES);
  const ram = take(ramBytes, WASM_PAGE_BYTES);
  return {
    machine,
    devices,
    devicesEnd: devices + DEVICES_BYTES,
    vcpus: areas,
    codePages,
    rom,
    ram,
    ramBytes,
    wasmPages: end / WASM_PAGE_BYTES,
  };
}

/** The shared memory for `layout`, all zero. Throws RangeError where the host cannot reserve it. */
export function createMemory(layout: Layout): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: layout.wasmPages, maximum: layout.wasmPages, shared: true });
}
