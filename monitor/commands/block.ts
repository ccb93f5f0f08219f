/** Disk images. */
import { bool, list, optional, struct } from '../../schema/build.ts';
import { BlockDeviceInfo, BlockInfo, BlockStats } from '../../schema/types/block.ts';
import type { BlockStatistics, DiskImage } from '../back-ends.ts';
import { type Context, command } from '../command.ts';
import { deviceWith, objectTree } from '../objects.ts';

async function describe(image: DiskImage) {
  const { nodeName, driver, file, bytes, readOnly, writeThrough, noFlush } = image;
  const hostBytes = await image.hostBytes();
  return {
    file,
    'node-name': nodeName,
    ro: readOnly,
    drv: driver,
    backing_file_depth: 0,
    encrypted: false,
    detect_zeroes: 'off' as const,
    ...{ bps: 0, bps_rd: 0, bps_wr: 0, iops: 0, iops_rd: 0, iops_wr: 0 },
    image: {
      filename: file,
      format: driver,
      'dirty-flag': false,
      'virtual-size': bytes,
      ...(hostBytes === undefined ? {} : { 'actual-size': hostBytes }),
    },
    cache: { writeback: !writeThrough, direct: false, 'no-flush': noFlush },
    write_threshold: 0,
  };
}

const INFO =
  '{"file": "disk.img", "node-name": "#block000", "ro": false, "drv": "raw", "backing_file_depth": 0, "encrypted": false, "detect_zeroes": "off", "bps": 0, "bps_rd": 0, "bps_wr": 0, "iops": 0, "iops_rd": 0, "iops_wr": 0, "image": {"filename": "disk.img", "format": "raw", "dirty-flag": false, "virtual-size": 1048576, "actual-size": 8192}, "cache": {"writeback": true, "direct": false, "no-flush": false}, "write_threshold": 0}';

/** Images with the devices that they belong to; of nodes, those that belong to one. */
function drives(context: Context): readonly (readonly [image: DiskImage, device: string | undefined])[] {
  const tree = objectTree(context);
  return context.backEnds.diskImages
    .map((image) => [image, deviceWith(tree, 'drive', image.id)] as const)
    .filter(([{ isNode }, device]) => !isNode || device !== undefined);
}

export const queryBlock = command('query-block', {
  doc: 'The drives, and the nodes of `-blockdev` that devices use.',
  returns: list(BlockInfo),
  example: {
    request: '{"execute": "query-block"}',
    reply: `{"return": [{"device": "d0", "qdev": "/machine/peripheral-anon/device[0]", "type": "unknown", "removable": false, "locked": false, "inserted": ${INFO}, "io-status": "ok"}, ...]}`,
  },
  run: (context) =>
    Promise.all(
      drives(context).map(async ([image, device]) => ({
        device: image.isNode ? '' : image.id,
        ...(device === undefined ? {} : { qdev: device }),
        type: 'unknown',
        removable: false,
        locked: false,
        inserted: await describe(image),
        ...(device === undefined ? {} : { 'io-status': 'ok' as const }),
      })),
    ),
});

export const queryNamedBlockNodes = command('query-named-block-nodes', {
  doc: 'Every disk image, whether a device uses it or not.',
  args: struct('QueryNamedBlockNodesArguments', {
    flat: optional(bool('Leave out what the image lies on: there is nothing.')),
  }),
  returns: list(BlockDeviceInfo),
  example: { request: '{"execute": "query-named-block-nodes"}', reply: `{"return": [${INFO}, ...]}` },
  run: ({ backEnds }) => Promise.all(backEnds.diskImages.map(describe)),
});

/** What is not done here is zero: nothing is merged, discarded, or refused before it gets here. */
const statistics = ({ read, write, flush, highestWritten, idle }: BlockStatistics) => ({
  rd_bytes: read.bytes,
  wr_bytes: write.bytes,
  unmap_bytes: 0,
  rd_operations: read.operations,
  wr_operations: write.operations,
  flush_operations: flush.operations,
  unmap_operations: 0,
  rd_total_time_ns: read.nanoseconds,
  wr_total_time_ns: write.nanoseconds,
  flush_total_time_ns: flush.nanoseconds,
  unmap_total_time_ns: 0,
  wr_highest_offset: highestWritten,
  ...{ rd_merged: 0, wr_merged: 0, unmap_merged: 0 },
  ...(idle === 0 ? {} : { idle_time_ns: idle }),
  failed_rd_operations: read.failed,
  failed_wr_operations: write.failed,
  failed_flush_operations: flush.failed,
  failed_unmap_operations: 0,
  ...{ invalid_rd_operations: 0, invalid_wr_operations: 0, invalid_flush_operations: 0, invalid_unmap_operations: 0 },
  ...{ account_invalid: true, account_failed: true },
  timed_stats: [],
});

export const queryBlockstats = command('query-blockstats', {
  doc: 'What has been done to disk images since the start. The host sees a large request in pieces of 1 MiB.',
  args: struct('QueryBlockstatsArguments', { 'query-nodes': optional(bool('All nodes, without their devices.')) }),
  returns: list(BlockStats),
  example: {
    request: '{"execute": "query-blockstats"}',
    reply:
      '{"return": [{"device": "d0", "qdev": "/machine/peripheral-anon/device[0]", "node-name": "#block000", "stats": {"rd_bytes": 4096, "wr_bytes": 512, ..., "timed_stats": []}}, ...]}',
  },
  run: (context, { 'query-nodes': nodes = false }) => {
    if (nodes)
      return context.backEnds.diskImages.map((image) => ({
        'node-name': image.nodeName,
        stats: statistics(image.statistics),
      }));
    return drives(context).map(([image, device]) => ({
      device: image.isNode ? '' : image.id,
      ...(device === undefined ? {} : { qdev: device }),
      'node-name': image.nodeName,
      stats: statistics(image.statistics),
    }));
  },
});

export const blockCommands = [queryBlock, queryNamedBlockNodes, queryBlockstats];
