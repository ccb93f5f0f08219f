/**
 * The types of objects that a machine and its surroundings are made of, with QEMU's names, and what each of them can be
 * asked for. An object has the properties of its type and of all that the type derives from.
 */
import { ISA } from '../../riscv/table.ts';

export type PropertyValue = string | number | bigint | boolean | { readonly [member: string]: PropertyValue };

export interface Property {
  /** QEMU's name of the type of its value: `uint32`, `size`, `str`, `bool`, `link<bus>` ... */
  readonly type: string;
  readonly description?: string;
  /** What it is where an object says nothing. A property without is then not there. */
  readonly default?: PropertyValue;
}

export interface ObjectType {
  /** What it derives from; only `object` derives from nothing. */
  readonly parent?: string;
  /** There are no objects of just this type. */
  readonly abstract?: true;
  readonly properties: Readonly<Record<string, Property>>;
}

const property = (type: string, description: string, value?: PropertyValue): Property => ({
  type,
  description,
  ...(value === undefined ? {} : { default: value }),
});

const type = (parent: string, properties: ObjectType['properties'] = {}): ObjectType => ({ parent, properties });
const abstract = (parent: string, properties: ObjectType['properties'] = {}): ObjectType => ({
  parent,
  abstract: true,
  properties,
});

/** `rv64imafdc_zba` has the extensions i, m, a, f, d, c and zba; so have the hart's three modes letters. */
const EXTENSIONS = [...ISA.split('_')[0]!.slice('rv64'.length), ...ISA.split('_').slice(1)];

const hardwareAddress = property('str', 'hardware address');
const chardev = property('str', 'id of the character device behind it', '');
const hartIdBase = property('uint32', 'id of the first hart', 0);
const hartCount = property('uint32', 'number of harts');

/** By name. */
export const OBJECT_TYPES: Readonly<Record<string, ObjectType>> = {
  object: { abstract: true, properties: { type: property('string', 'name of its type') } },
  container: type('object'),
  'memory-region': type('object', {
    container: property('link<memory-region>', 'what it lies in'),
    addr: property('uint64', 'first address in what it lies in'),
    priority: property('uint32', 'which one shows where two overlap', 0),
    size: property('uint64', 'bytes'),
  }),

  machine: abstract('object', {
    firmware: property('string', 'file of the firmware', ''),
    kernel: property('string', 'file of the kernel', ''),
    initrd: property('string', 'file of the initial RAM disk', ''),
    append: property('string', 'command line of the kernel', ''),
    dtb: property('string', "file of a device tree in place of the board's own", ''),
    memory: property('MemorySizeConfiguration', 'size of RAM'),
    smp: property('SMPConfiguration', 'number of vCPUs'),
    'memory-backend': property('link<memory-backend>', 'what RAM consists of'),
  }),
  'virt-machine': type('machine', {
    pflash0: property('str', 'id of the drive in the first flash bank', ''),
    pflash1: property('str', 'id of the drive in the second flash bank', ''),
  }),
  'memory-backend': abstract('object', {
    size: property('int', 'bytes'),
    share: property('bool', 'seen by other processes', false),
  }),
  'memory-backend-ram': type('memory-backend'),

  bus: abstract('object', { realized: property('bool', 'in operation', true) }),
  System: type('bus'),
  'virtio-bus': abstract('bus'),
  'virtio-mmio-bus': type('virtio-bus'),
  'virtio-serial-bus': type('bus'),

  device: abstract('object', {
    parent_bus: property('link<bus>', 'the bus that it sits on', ''),
    realized: property('bool', 'in operation', true),
    hotplugged: property('bool', 'plugged in while the machine ran', false),
    hotpluggable: property('bool', 'can be plugged in and out while the machine runs', false),
  }),
  cpu: abstract('device'),
  'riscv-cpu': abstract('cpu', {
    ...Object.fromEntries(EXTENSIONS.map((name) => [name, property('bool', `extension ${name}`, true)])),
    s: property('bool', 'supervisor mode', true),
    u: property('bool', 'user mode', true),
    mmu: property('bool', 'address translation', true),
    pmp: property('bool', 'physical memory protection', true),
    resetvec: property('uint64', 'where it starts'),
  }),
  'rv64-riscv-cpu': type('riscv-cpu'),

  'sys-bus-device': abstract('device'),
  'riscv.hart_array': type('sys-bus-device', {
    'num-harts': hartCount,
    'hartid-base': hartIdBase,
    'cpu-type': property('str', 'type of the harts', 'rv64-riscv-cpu'),
    resetvec: property('uint64', 'where they start'),
  }),
  'riscv.aclint.swi': type('sys-bus-device', { 'hartid-base': hartIdBase, 'num-harts': hartCount }),
  'riscv.aclint.mtimer': type('sys-bus-device', {
    'hartid-base': hartIdBase,
    'num-harts': hartCount,
    'timecmp-base': property('uint32', 'offset of MTIMECMP'),
    'time-base': property('uint32', 'offset of MTIME'),
    'aperture-size': property('uint32', 'bytes of address space'),
    'timebase-freq': property('uint32', 'ticks a second'),
  }),
  'riscv.sifive.plic': type('sys-bus-device', {
    'hart-config': property('str', 'the modes that each hart has a context for'),
    'hartid-base': hartIdBase,
    'num-sources': property('uint32', 'interrupt sources'),
    'num-priorities': property('uint32', 'priorities above zero'),
    'priority-base': property('uint32', 'offset of the priority of source 1'),
    'pending-base': property('uint32', 'offset of the pending bits'),
    'enable-base': property('uint32', 'offset of the enable bits of context 0'),
    'enable-stride': property('uint32', 'bytes from one context to the next there'),
    'context-base': property('uint32', 'offset of threshold and claim of context 0'),
    'context-stride': property('uint32', 'bytes from one context to the next there'),
    'aperture-size': property('uint32', 'bytes of address space'),
  }),
  'riscv.sifive.test': type('sys-bus-device'),
  goldfish_rtc: type('sys-bus-device', { 'big-endian': property('bool', 'bytes come in the other order', false) }),
  'serial-mm': type('sys-bus-device', {
    regshift: property('uint8', 'log2 of the bytes from one register to the next', 0),
    chardev,
  }),
  serial: type('device', { chardev }),
  fw_cfg: abstract('sys-bus-device'),
  fw_cfg_mem: type('fw_cfg', {
    data_width: property('uint32', 'bytes of the data register', 8),
    dma_enabled: property('bool', 'has the DMA interface', true),
  }),
  'cfi.pflash01': type('sys-bus-device', {
    drive: property('str', 'id of the drive that holds its contents', ''),
    'num-blocks': property('uint32', 'blocks that are erased as a whole'),
    'sector-length': property('uint64', 'bytes of a block'),
    width: property('uint8', 'bytes that all chips give at once', 4),
    'device-width': property('uint8', 'bytes that one chip gives at once', 2),
    'big-endian': property('bool', 'bytes come in the other order', false),
    name: property('str', 'name of its memory region'),
  }),
  'virtio-mmio': type('sys-bus-device', {
    'force-legacy': property('bool', 'the registers are those from before version 1.0', false),
  }),

  'virtio-device': abstract('device', {
    indirect_desc: property('bool', 'VIRTIO_F_INDIRECT_DESC is offered', true),
    event_idx: property('bool', 'VIRTIO_F_EVENT_IDX is offered', true),
    iommu_platform: property('bool', 'VIRTIO_F_ACCESS_PLATFORM is offered', false),
    packed: property('bool', 'VIRTIO_F_RING_PACKED is offered', false),
    queue_reset: property('bool', 'VIRTIO_F_RING_RESET is offered', false),
  }),
  'virtio-blk-device': type('virtio-device', {
    drive: property('str', 'id of the drive behind it', ''),
    logical_block_size: property('size', 'bytes of a sector', 512),
    physical_block_size: property('size', 'bytes that the host writes as a whole', 512),
    serial: property('str', 'serial number', ''),
    'num-queues': property('uint16', 'request queues', 1),
    'queue-size': property('uint16', 'descriptors of a queue, at most', 1024),
    discard: property('bool', 'VIRTIO_BLK_F_DISCARD is offered', false),
    'write-zeroes': property('bool', 'VIRTIO_BLK_F_WRITE_ZEROES is offered', true),
  }),
  'virtio-net-device': type('virtio-device', {
    csum: property('bool', 'VIRTIO_NET_F_CSUM is offered', false),
    mrg_rxbuf: property('bool', 'VIRTIO_NET_F_MRG_RXBUF is offered', false),
    status: property('bool', 'VIRTIO_NET_F_STATUS is offered', true),
    ctrl_vq: property('bool', 'VIRTIO_NET_F_CTRL_VQ is offered', false),
    mq: property('bool', 'VIRTIO_NET_F_MQ is offered', false),
    mac: hardwareAddress,
    netdev: property('str', 'id of the back end', ''),
    rx_queue_size: property('uint16', 'descriptors of the receive queue, at most', 1024),
    tx_queue_size: property('uint16', 'descriptors of the transmit queue, at most', 1024),
  }),
  'virtio-rng-device': type('virtio-device', { rng: property('link<rng-backend>', 'where it takes randomness from') }),
  'virtio-serial-device': type('virtio-device', { max_ports: property('uint32', 'ports, at most', 1) }),
  'virtio-serial-port': abstract('device', {
    nr: property('uint32', 'number of the port', 0),
    name: property('str', 'name of the port', ''),
    chardev,
  }),
  virtconsole: type('virtio-serial-port'),

  'rng-backend': abstract('object'),
  'rng-builtin': type('rng-backend'),
  'rng-random': type('rng-backend', { filename: property('string', 'file of the host that it reads') }),

  chardev: abstract('object'),
  'chardev-null': type('chardev'),
  'chardev-fd': abstract('chardev'),
  'chardev-file': type('chardev-fd'),
  'chardev-stdio': type('chardev-fd'),
  'chardev-socket': type('chardev'),
  'chardev-pty': type('chardev'),
  'chardev-ringbuf': type('chardev'),
  'chardev-mux': type('chardev'),
};

/** A type and all that it derives from, up to `object`. */
export function lineageOf(name: string): readonly string[] {
  const { parent } = OBJECT_TYPES[name]!;
  return parent === undefined ? [name] : [name, ...lineageOf(parent)];
}

/** The properties of a type: of `object` first, its own last. */
export const propertiesOf = (name: string): ReadonlyMap<string, Property> =>
  new Map(
    lineageOf(name)
      .toReversed()
      .flatMap((each) => Object.entries(OBJECT_TYPES[each]!.properties)),
  );

/** Whether a type is another one, or derives from it. */
export const isKindOf = (name: string, ancestor: string): boolean => lineageOf(name).includes(ancestor);
