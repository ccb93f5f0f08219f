/**
 * What is to be seen of a machine without a guest: a board with a network device `net0` and a disk, which has stopped in
 * the middle of a request.
 */
import { boardObjects } from '../../../core/machine/inspect/board.ts';
import type { GuestMemory, Inspection, MemoryRange, VirtioDevice } from '../../../core/machine/interface.ts';

const RAM_START = 0x8000_0000n;
const KERNEL_START = 0xffff_ffff_8000_0000n;

/** A network device with an id in the seventh virtio slot and a disk in the eighth. */
const VIRTIO: readonly (VirtioDevice | undefined)[] = [
  ...Array.from({ length: 6 }, () => undefined),
  {
    identity: { name: 'virtio-net', deviceId: 1, features: 0x1_0020n, queues: 2, config: new Uint8Array(0) },
    properties: { mac: '52:54:00:12:34:56' },
    label: { id: 'net0', order: 1, properties: { netdev: 'n0' } },
    connect: () => ({ serve: () => {}, settled: async () => {} }),
  },
  {
    identity: { name: 'virtio-blk', deviceId: 2, features: 0x244n, queues: 1, config: new Uint8Array(0) },
    properties: { serial: 'abc' },
    label: { order: 0, properties: { drive: 'd0' } },
    connect: () => ({ serve: () => {}, settled: async () => {} }),
  },
];

export class FakeInspection implements Inspection {
  readonly objects: Inspection['objects'];
  readonly roms = [
    { address: 0x1000, bytes: 0x58, memory: 'rom', name: 'mrom.reset' },
    { address: 0x8000_0000, bytes: 0x1234, memory: 'ram', name: 'kernel hello.elf' },
  ] as const;
  readonly ramBlocks = [
    { name: 'riscv_virt_board.ram', bytes: 0x10000, offset: 0x300_0000 },
    { name: 'virt.flash0', bytes: 32 << 20, offset: undefined },
  ] as const;

  constructor(harts: number, { ramBytes, ranges }: GuestMemory) {
    const slots = VIRTIO.map((_, slot): MemoryRange => {
      const start = 0x1000_1000n + 0x1000n * BigInt(slot);
      return { start, end: start + 0x1ffn, kind: 'i/o', name: 'virtio-mmio' };
    });
    this.objects = boardObjects({
      harts,
      ramBytes,
      ranges: [...ranges, ...slots],
      resetVector: 0x1000n,
      virtio: VIRTIO,
      started: { kernel: 'hello.elf', serial: 'serial0' },
    });
  }

  tlb(): ReturnType<Inspection['tlb']> {
    const kernel = { virtual: KERNEL_START, physical: RAM_START, bytes: 4096, entryBytes: 1n << 21n, global: true };
    return [
      { ...kernel, read: true, write: false, mode: 'supervisor' },
      { ...kernel, virtual: 0x1_0000n, entryBytes: 4096n, global: false, read: true, write: true, mode: 'user' },
    ];
  }
  /** The serial port interrupts the supervisor of the first vCPU. */
  interruptController(): ReturnType<Inspection['interruptController']> {
    const quiet = { priority: 0, level: false, pending: false, claimed: false, enabled: [], claims: 0 };
    return {
      name: 'riscv.sifive.plic',
      contexts: [
        { vcpu: 0, mode: 'machine', threshold: 0 },
        { vcpu: 0, mode: 'supervisor', threshold: 1 },
      ],
      sources: [
        { source: 9, ...quiet },
        { source: 10, priority: 7, level: true, pending: true, claimed: false, enabled: [1], claims: 1234 },
      ],
    };
  }
  virtio(): ReturnType<Inspection['virtio']> {
    const queue = { QueueNum: 0, QueueReady: false, QueueDesc: 0n, QueueDriver: 0n, QueueDevice: 0n };
    return [
      {
        path: '/machine/peripheral/net0',
        name: 'virtio-net',
        deviceId: 1,
        Status: 0,
        InterruptStatus: 0,
        QueueSel: 0,
        deviceFeatures: 0x1_3001_0020n,
        driverFeatures: 0n,
        queues: [
          { ...queue, taken: 0, returned: 0 },
          { ...queue, taken: 0, returned: 0 },
        ],
      },
      {
        path: '/machine/peripheral-anon/device[0]',
        name: 'virtio-blk',
        deviceId: 2,
        Status: 0x4f,
        InterruptStatus: 1,
        QueueSel: 0,
        deviceFeatures: 0x1_3000_0244n,
        driverFeatures: 0x1_1000_0200n,
        queues: [
          {
            QueueNum: 256,
            QueueReady: true,
            QueueDesc: 0x8100_0000n,
            QueueDriver: 0x8100_1000n,
            QueueDevice: 0x8100_2000n,
            taken: 65539,
            returned: 65538,
          },
        ],
      },
    ];
  }
}
