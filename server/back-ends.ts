/** The host's side of the machine as monitors see it: what the command line has asked for, and how it does. */
import { stat } from 'node:fs/promises';
import type { BackEnds, CharacterDevice, DiskImage } from '../monitor/back-ends.ts';
import type { CountedBlockDevice } from './blockdev/counted.ts';
import type { Chardev } from './chardev/chardev.ts';
import type { Config } from './config/config.ts';
import type { DriveSpec } from './config/drives.ts';
import type { OpenedDevices } from './devices.ts';
import { describeNetdev } from './netdev/netdev.ts';

/** Of `st_blocks`, whatever the file system's are. */
const BLOCK_BYTES = 512;

/** A mux is a character device on another one, which then has a name of its own. */
function characterDevices(chardev: Chardev): readonly CharacterDevice[] {
  const { id, mux, backend } = chardev.spec;
  const { filename, isUsed } = chardev;
  const plain = { id, type: `chardev-${backend.type}`, filename, frontendOpen: isUsed };
  if (!mux) return [plain];
  return [
    { id, type: 'chardev-mux', filename: 'mux', frontendOpen: isUsed },
    { ...plain, id: `${id}-base`, frontendOpen: true },
  ];
}

const diskImage = (spec: DriveSpec, index: number, device: CountedBlockDevice): DiskImage => ({
  id: spec.id,
  isNode: spec.node !== undefined,
  nodeName: spec.node === undefined ? `#block${String(index).padStart(3, '0')}` : spec.id,
  driver: spec.node ?? 'raw',
  file: spec.path,
  bytes: device.bytes,
  readOnly: device.readOnly,
  writeThrough: spec.cache === 'writethrough',
  noFlush: spec.cache === 'unsafe',
  get statistics() {
    return device.statistics;
  },
  hostBytes: () =>
    stat(spec.path).then(
      ({ blocks }) => blocks * BLOCK_BYTES,
      () => undefined,
    ),
});

export function backEndsOf(
  { drives: specs, netdevs, rngs }: Config,
  chardevs: ReadonlyMap<string, Chardev>,
  { drives, cables }: Omit<OpenedDevices, 'plugged'>,
): BackEnds {
  return {
    get characterDevices() {
      return [...chardevs.values()].flatMap(characterDevices);
    },
    diskImages: specs.map((spec, index) => diskImage(spec, index, drives.get(spec.id)!)),
    networkBackEnds: netdevs.map((spec) => ({ id: spec.id, type: spec.backend.type, info: describeNetdev(spec) })),
    setLink: (id, isUp) => cables.get(id)?.plug(isUp),
    randomSources: rngs.map(({ id, path }) => ({ id, file: path })),
  };
}
