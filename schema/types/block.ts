/** Disk images and what has been done to them. */
import { bool, int, list, oneOf, optional, str, struct } from '../build.ts';

const ImageInfo = struct('ImageInfo', {
  filename: str('The file.'),
  format: str('Its format.'),
  'dirty-flag': bool('True if it was not closed as it should have been.'),
  'virtual-size': int('Bytes that the guest sees.'),
  'actual-size': optional(int('Bytes that it takes on the host; absent where the file has gone.')),
});

const BlockdevCacheInfo = struct('BlockdevCacheInfo', {
  writeback: bool('True if what is written is safe only when it has been flushed.'),
  direct: bool("True if the host's page cache is passed by."),
  'no-flush': bool('True if flushing does nothing.'),
});

const limit = int('Limit of the rate; 0 for none.');

export const BlockDeviceInfo = struct('BlockDeviceInfo', {
  file: str('The file.'),
  'node-name': str('Name of the node; one that nobody has named begins with `#`.'),
  ro: bool('True if it can only be read.'),
  drv: str('`raw`, or `file` for what lies below.'),
  backing_file_depth: int('Images below this one that show through.'),
  encrypted: bool('True if it is encrypted.'),
  detect_zeroes: oneOf('BlockdevDetectZeroesOptions', ['off', 'on', 'unmap'], 'What is done about zeros.'),
  bps: limit,
  bps_rd: limit,
  bps_wr: limit,
  iops: limit,
  iops_rd: limit,
  iops_wr: limit,
  image: ImageInfo,
  cache: BlockdevCacheInfo,
  write_threshold: int('Offset of which a write is reported; 0 for none.'),
});

export const BlockInfo = struct('BlockInfo', {
  device: str('Id of the drive; empty for a node of `-blockdev`.'),
  qdev: optional(str('Path of the device that it belongs to.')),
  type: str('Always `unknown`.'),
  removable: bool('True if the medium can be taken out.'),
  locked: bool('True if the guest has locked it in.'),
  inserted: optional(BlockDeviceInfo),
  'io-status': optional(
    oneOf('BlockDeviceIoStatus', ['ok', 'failed', 'nospace'], 'Always `ok`: the guest is told of errors.'),
  ),
});

export const BlockDeviceStats = struct('BlockDeviceStats', {
  rd_bytes: int('Bytes read.'),
  wr_bytes: int('Bytes written.'),
  unmap_bytes: int('Bytes discarded.'),
  rd_operations: int('Reads done.'),
  wr_operations: int('Writes done.'),
  flush_operations: int('Flushes done.'),
  unmap_operations: int('Discards done.'),
  rd_total_time_ns: int('Nanoseconds that reads took.'),
  wr_total_time_ns: int('Nanoseconds that writes took.'),
  flush_total_time_ns: int('Nanoseconds that flushes took.'),
  unmap_total_time_ns: int('Nanoseconds that discards took.'),
  wr_highest_offset: int('First byte behind those that have been written.'),
  rd_merged: int('Reads that were joined to others.'),
  wr_merged: int('Writes that were joined to others.'),
  unmap_merged: int('Discards that were joined to others.'),
  idle_time_ns: optional(int('Nanoseconds since the last operation; absent before the first.')),
  failed_rd_operations: int('Reads that the host refused.'),
  failed_wr_operations: int('Writes that the host refused.'),
  failed_flush_operations: int('Flushes that the host refused.'),
  failed_unmap_operations: int('Discards that the host refused.'),
  invalid_rd_operations: int('Reads that made no sense: those do not get here.'),
  invalid_wr_operations: int('Writes that made no sense: those do not get here.'),
  invalid_flush_operations: int('Flushes that made no sense.'),
  invalid_unmap_operations: int('Discards that made no sense.'),
  account_invalid: bool('True if what makes no sense counts as the last operation.'),
  account_failed: bool('True if what was refused counts as the last operation.'),
  timed_stats: list(struct('BlockDeviceTimedStats', {}), 'Statistics of intervals: there are none.'),
});

export const BlockStats = struct('BlockStats', {
  device: optional(str('Id of the drive; absent for a node.')),
  qdev: optional(str('Path of the device that it belongs to.')),
  'node-name': optional(str('Name of the node.')),
  stats: BlockDeviceStats,
});
