/** Names of the bits by which virtio devices and their drivers agree: those of the headers that go with virtio 1.2. */

/** Bits of the device status field (section 2.1). */
export const STATUS = {
  VIRTIO_CONFIG_S_ACKNOWLEDGE: 1,
  VIRTIO_CONFIG_S_DRIVER: 2,
  VIRTIO_CONFIG_S_DRIVER_OK: 4,
  VIRTIO_CONFIG_S_FEATURES_OK: 8,
  VIRTIO_CONFIG_S_NEEDS_RESET: 0x40,
  VIRTIO_CONFIG_S_FAILED: 0x80,
} as const;

export const statusNames = (status: number): string[] =>
  Object.entries(STATUS).flatMap(([name, bit]) => (status & bit ? [name] : []));

type Names = Readonly<Record<number, string>>;

/** Features of every device (section 6). */
const COMMON: Names = {
  28: 'VIRTIO_RING_F_INDIRECT_DESC',
  29: 'VIRTIO_RING_F_EVENT_IDX',
  32: 'VIRTIO_F_VERSION_1',
};

/** Features of a kind of device, by its number (section 5). */
const BY_DEVICE: Readonly<Record<number, Names>> = {
  1: { 5: 'VIRTIO_NET_F_MAC', 16: 'VIRTIO_NET_F_STATUS' },
  2: {
    2: 'VIRTIO_BLK_F_SEG_MAX',
    5: 'VIRTIO_BLK_F_RO',
    6: 'VIRTIO_BLK_F_BLK_SIZE',
    9: 'VIRTIO_BLK_F_FLUSH',
    14: 'VIRTIO_BLK_F_WRITE_ZEROES',
  },
};

/** The name of a feature, undefined where it has none here: a driver may accept what was not offered. */
export const featureName = (deviceId: number, bit: number): string | undefined =>
  COMMON[bit] ?? BY_DEVICE[deviceId]?.[bit];

/** Numbers of the bits that are set, in ascending order. */
export const bitsOf = (bits: bigint): number[] =>
  Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => (bits >> BigInt(bit)) & 1n);
