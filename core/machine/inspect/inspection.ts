/** What can be seen of a machine from outside besides its memory and registers. Nothing of it disturbs the guest. */
import type { MachineObject } from './tree.ts';

/** A page that a vCPU accesses without looking at page tables and memory protection again. */
export interface TlbPage {
  readonly virtual: bigint;
  readonly physical: bigint;
  readonly bytes: number;
  /** What may be done to it without looking: pages that hold translated code are not written so. */
  readonly read: boolean;
  readonly write: boolean;
  /** Bytes that were translated alike, by one entry of a page table or more. */
  readonly entryBytes: bigint;
  /** Holds in every address space. */
  readonly global: boolean;
  /** The rights with which it is accessed: `machine`, `supervisor` ... */
  readonly mode: string;
}

/** A context of the interrupt controller: what drives one external interrupt line of a hart. */
export interface InterruptContext {
  readonly vcpu: number;
  readonly mode: 'machine' | 'supervisor';
  readonly threshold: number;
}

/** A source of the interrupt controller. */
export interface InterruptSource {
  readonly source: number;
  /** 0 never interrupts. */
  readonly priority: number;
  /** Its line is high. */
  readonly level: boolean;
  /** It waits to be claimed. */
  readonly pending: boolean;
  /** It has been claimed, and not completed. */
  readonly claimed: boolean;
  /** Contexts that have enabled it, by their places in the list. */
  readonly enabled: readonly number[];
  /** Times that it has been claimed since the last reset. */
  readonly claims: number;
}

export interface InterruptController {
  /** Its name, as that of its memory region. */
  readonly name: string;
  readonly contexts: readonly InterruptContext[];
  /** All of them, from 1. */
  readonly sources: readonly InterruptSource[];
}

/** A queue of a virtio device, by the names of its registers. */
export interface VirtioQueueState {
  readonly QueueNum: number;
  readonly QueueReady: boolean;
  readonly QueueDesc: bigint;
  readonly QueueDriver: bigint;
  readonly QueueDevice: bigint;
  /** Chains that have been taken from it, and given back, since it became ready. */
  readonly taken: number;
  readonly returned: number;
}

export interface VirtioDeviceState {
  /** Of the device in the tree of objects. */
  readonly path: string;
  /** `virtio-blk`. */
  readonly name: string;
  readonly deviceId: number;
  readonly Status: number;
  readonly InterruptStatus: number;
  readonly QueueSel: number;
  /** What it offers, and what the driver has accepted of that. */
  readonly deviceFeatures: bigint;
  readonly driverFeatures: bigint;
  readonly queues: readonly VirtioQueueState[];
}

/** Bytes that are put into memory at power-on. */
export interface RomImage {
  readonly address: number;
  readonly bytes: number;
  readonly memory: 'rom' | 'ram';
  /** What it is: `kernel FILE`, `device tree`. */
  readonly name: string;
}

/** Memory of the host that is memory of the guest. */
export interface RamBlock {
  readonly name: string;
  readonly bytes: number;
  /** Where it lies in the machine's shared memory; undefined for one that has a memory of its own. */
  readonly offset: number | undefined;
}

export interface Inspection {
  /** The root of the tree of objects, with `/machine` and `/objects` below it. */
  readonly objects: MachineObject;
  readonly roms: readonly RomImage[];
  readonly ramBlocks: readonly RamBlock[];
  /** A sample of the pages that a vCPU remembers, by rights and address. */
  tlb(vcpu: number): readonly TlbPage[];
  interruptController(): InterruptController;
  /** Devices in the virtio slots, by slot. */
  virtio(): readonly VirtioDeviceState[];
}
