/**
 * Disk images on the command line: `-drive`, its short forms `-hda` and `-pflash`, and `-blockdev`.
 *
 * A drive is an image file with an id, by which a device refers to it. An interface other than `none` brings the device
 * with it: a virtio disk, or a bank of the board's flash.
 */
import { UsageError } from '../errors.ts';
import { KeyValues } from './key-values.ts';

/** What writing to a drive means: it is safe once flushed; safe at once; never made safe. */
export type CacheMode = 'writeback' | 'writethrough' | 'unsafe';

export interface DriveSpec {
  readonly id: string;
  /** The option that asked for it, for messages. */
  readonly option: string;
  readonly path: string;
  /** Whether the user has said that the image is raw; otherwise it must not look like anything else. */
  readonly raw: boolean;
  readonly readOnly: boolean;
  /** What the guest writes is forgotten at the end. */
  readonly snapshot: boolean;
  readonly cache: CacheMode;
  /** The driver of a node, which `-blockdev` has made; absent of a drive. */
  readonly node?: 'raw' | 'file';
}

/** A drive with what it is plugged into. */
export interface DriveArgument {
  readonly drive: DriveSpec;
  readonly interface: 'none' | 'virtio' | 'pflash';
  /** Where the option says so: for flash, the bank. */
  readonly unit: number | undefined;
}

/** What may be said of an image and makes no difference here. */
const INDIFFERENT = [
  'aio',
  'auto-read-only',
  'detect-zeroes',
  'discard',
  'file.aio',
  'file.discard',
  'file.driver',
  'file.locking',
  'locking',
];
const CACHE_MODES: Readonly<Record<string, CacheMode>> = {
  none: 'writeback',
  writeback: 'writeback',
  writethrough: 'writethrough',
  directsync: 'writethrough',
  unsafe: 'unsafe',
};
/** QEMU's interfaces, of which the board has no other. */
const OTHER_INTERFACES = ['ide', 'scsi', 'floppy', 'mtd', 'sd', 'xen'];

/**
 * The argument of `-drive`.
 * @param count drives so far, for the ids of those that have none
 * @throws UsageError
 */
export function parseDrive(argument: string, option: string, count: number): DriveArgument {
  const values = KeyValues.parse(argument, 'file');
  const type = values.take('if') ?? 'virtio';
  const id = values.takeId() ?? `${type}${count}`;
  const index = takeNumber(values, 'index');
  const unit = takeNumber(values, 'unit') ?? index;
  takeNumber(values, 'bus');
  if (OTHER_INTERFACES.includes(type))
    throw new UsageError(`machine type does not support if=${type},bus=0,unit=${unit ?? 0}`);
  if (type !== 'none' && type !== 'virtio' && type !== 'pflash') throw new UsageError(`unsupported bus type '${type}'`);
  const media = values.take('media') ?? 'disk';
  if (media !== 'disk' && media !== 'cdrom') throw new UsageError(`'${media}' invalid media`);
  const cache = values.take('cache') ?? 'writeback';
  if (!Object.hasOwn(CACHE_MODES, cache)) throw new UsageError(`invalid cache option '${cache}'`);
  const path = values.take('file') ?? values.take('file.filename');
  const format = takeFormat(values, 'format');
  const readOnly = values.takeBoolean('readonly') ?? values.takeBoolean('read-only') ?? media === 'cdrom';
  const snapshot = values.takeBoolean('snapshot') ?? false;
  for (const name of INDIFFERENT) values.take(name);
  if (values.unknown !== undefined)
    throw new UsageError(`Block format '${format ?? 'raw'}' does not support the option '${values.unknown}'`);
  if (path === undefined || path === '') throw new UsageError(`drive '${id}' has no file`);
  return {
    drive: { id, option, path, raw: format === 'raw', readOnly, snapshot, cache: CACHE_MODES[cache]! },
    interface: type,
    unit,
  };
}

/** `raw`, or undefined where nothing is said. */
function takeFormat(values: KeyValues, key: string): 'raw' | undefined {
  const format = values.take(key);
  if (format === undefined || format === 'raw') return format;
  if (format === 'qcow2') throw new UsageError(...notRaw(format));
  throw new UsageError(`Unknown driver '${format}'`);
}

/** The error about an image in a format other than raw, with its hint. */
export const notRaw = (format: string): [message: string, hint: string] => [
  `${format} images are not supported: only raw ones are`,
  'A raw image is made of another one by: qemu-img convert -O raw IMAGE RAW',
];

function takeNumber(values: KeyValues, key: string): number | undefined {
  const text = values.take(key);
  if (text !== undefined && !/^\d+$/.test(text)) throw new UsageError(`Parameter '${key}' expects a number`);
  return text === undefined ? undefined : Number(text);
}

/**
 * The argument of `-blockdev`: a file, or the format raw on top of a file that is its own or was made before.
 * @param made what earlier options have made
 * @throws UsageError
 */
export function parseBlockdev(argument: string, option: string, made: readonly DriveSpec[]): DriveSpec {
  const values = KeyValues.parseAny(argument, 'driver');
  const driver = values.take('driver');
  if (driver === undefined) throw new UsageError("Parameter 'driver' is missing");
  if (driver === 'qcow2') throw new UsageError(...notRaw(driver));
  if (driver !== 'raw' && driver !== 'file')
    throw new UsageError(`Parameter 'driver' does not accept value '${driver}'`);
  const id = values.takeId('node-name');
  if (id === undefined) throw new UsageError("'node-name' must be specified for the root node");
  const file = fileOf(driver, values, made);
  const readOnly = values.takeBoolean('read-only') ?? file.readOnly ?? false;
  const unsafe = [values.takeBoolean('cache.no-flush'), values.takeBoolean('file.cache.no-flush')].includes(true);
  for (const name of [...INDIFFERENT, ...INDIFFERENT_NODE]) values.take(name);
  values.end();
  return {
    id,
    option,
    path: file.path,
    raw: true,
    readOnly,
    snapshot: false,
    cache: unsafe ? 'unsafe' : 'writeback',
    node: driver,
  };
}

const INDIFFERENT_NODE = [
  'cache.direct',
  'file.cache.direct',
  'file.auto-read-only',
  'file.node-name',
  'file.read-only',
];

function fileOf(
  driver: 'raw' | 'file',
  values: KeyValues,
  made: readonly DriveSpec[],
): { readonly path: string; readonly readOnly?: boolean } {
  const node = driver === 'raw' ? values.take('file') : undefined;
  if (node !== undefined) {
    const found = made.find(({ id }) => id === node);
    if (found === undefined) throw new UsageError(`Cannot find device='${node}' nor node-name='${node}'`);
    return found;
  }
  const fileDriver = values.take('file.driver') ?? 'file';
  if (fileDriver !== 'file') throw new UsageError(`Parameter 'file.driver' does not accept value '${fileDriver}'`);
  const key = driver === 'raw' ? 'file.filename' : 'filename';
  const path = values.take(key);
  // In the words of QEMU: what is missing is all of the file.
  if (path === undefined) throw new UsageError(`Parameter '${driver === 'raw' ? 'file' : key}' is missing`);
  return { path };
}
