/** The host's side of a machine without a guest: what its devices refer to, and a thing of each other kind. */
import type { BackEnds, BlockStatistics } from '../../../monitor/back-ends.ts';

const done = (operations: number, bytes: number, failed = 0) => ({ operations, bytes, nanoseconds: 1000, failed });

const statistics: BlockStatistics = {
  read: done(8, 4096),
  write: done(1, 512, 1),
  flush: done(2, 0),
  highestWritten: 1024,
  idle: 5_000_000,
};

const image = {
  driver: 'raw',
  file: 'disk.img',
  bytes: 1 << 20,
  readOnly: false,
  writeThrough: false,
  noFlush: false,
  statistics,
  hostBytes: async () => 8192,
} as const;

export const fakeBackEnds: BackEnds = {
  characterDevices: [
    { id: 'serial0', type: 'chardev-socket', filename: 'unix:/tmp/serial,server=on', frontendOpen: true },
    { id: 'spare', type: 'chardev-null', filename: 'null', frontendOpen: false },
  ],
  diskImages: [
    { ...image, id: 'd0', isNode: false, nodeName: '#block000' },
    { ...image, id: 'd1', isNode: false, nodeName: '#block001', readOnly: true, hostBytes: async () => undefined },
    { ...image, id: 'node', isNode: true, nodeName: 'node', driver: 'file', noFlush: true, writeThrough: true },
  ],
  networkBackEnds: [
    { id: 'n0', type: 'user', info: 'net=10.0.2.0,restrict=off' },
    { id: 'n1', type: 'stream', info: 'unix:/tmp/net' },
  ],
  setLink() {},
  randomSources: [{ id: 'rng0', file: '/dev/urandom' }],
};
