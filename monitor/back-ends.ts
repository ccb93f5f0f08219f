/**
 * What devices of the machine are connected to on the host, as the server knows it: character devices, disk images,
 * network cables, sources of randomness. The machine knows their other ends: see the properties of its objects.
 */

export interface CharacterDevice {
  readonly id: string;
  /** Type of its object: `chardev-socket`. */
  readonly type: string;
  /** What it is, in QEMU's words: `null`, `stdio`, `disconnected:unix:PATH,server=on`. */
  readonly filename: string;
  /** A device or a monitor uses it. */
  readonly frontendOpen: boolean;
}

/** What has been done to a disk image since the start. Times are in nanoseconds. */
export interface BlockStatistics {
  readonly read: OperationStatistics;
  readonly write: OperationStatistics;
  readonly flush: OperationStatistics;
  /** First byte behind those that have been written. */
  readonly highestWritten: number;
  /** Nanoseconds since the last operation ended; 0 before the first. */
  readonly idle: number;
}

export interface OperationStatistics {
  /** Of operations that have succeeded. */
  readonly operations: number;
  readonly bytes: number;
  readonly nanoseconds: number;
  readonly failed: number;
}

export interface DiskImage {
  readonly id: string;
  /** It is a node of `-blockdev`, of which `id` is the name, and not a drive. */
  readonly isNode: boolean;
  /** Of the node; one that nobody has named begins with `#`. */
  readonly nodeName: string;
  readonly driver: 'raw' | 'file';
  readonly file: string;
  readonly bytes: number;
  readonly readOnly: boolean;
  /** What is written is safe when it is done, and not only when it has been flushed. */
  readonly writeThrough: boolean;
  /** Flushing does nothing. */
  readonly noFlush: boolean;
  readonly statistics: BlockStatistics;
  /** Bytes that it takes on the host; undefined where the file has gone. */
  hostBytes(): Promise<number | undefined>;
}

export interface NetworkBackEnd {
  readonly id: string;
  readonly type: 'user' | 'stream' | 'dgram';
  /** What it leads to: `net=10.0.2.0,restrict=off`. */
  readonly info: string;
}

export interface RandomSource {
  readonly id: string;
  /** File that it reads; undefined for the host's own generator. */
  readonly file: string | undefined;
}

export interface BackEnds {
  /** In the order in which they were asked for, as everything here. */
  readonly characterDevices: readonly CharacterDevice[];
  readonly diskImages: readonly DiskImage[];
  readonly networkBackEnds: readonly NetworkBackEnd[];
  readonly randomSources: readonly RandomSource[];
  /** Pulls the cable of a network back end out of its device, or plugs it in. @param id one of `networkBackEnds` */
  setLink(id: string, isUp: boolean): void;
}
