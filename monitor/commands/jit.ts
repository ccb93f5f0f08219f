/** How guest code is being translated. */
import { list } from '../../schema/build.ts';
import { JitInfo } from '../../schema/types/jit.ts';
import { command } from '../command.ts';

export const queryJit = command('query-jit', {
  doc: 'Counters of the translated code of each vCPU. Does not stop the guest.',
  returns: list(JitInfo),
  example: {
    request: '{"execute": "query-jit"}',
    reply:
      '{"return": [{"cpu-index": 0, "blocks": 1200, "annotated": 20, "bytes": 96000, "bytes-max": 33554432, "translated": 1500, "instrumented": 40, "dropped-by-store": 12, "dropped-by-plugin": 20, "flushes": 1, "regions": 12, "region-bytes": 150000, "compiled": 30, "compile-milliseconds": 46, "instructions": 123456789012, "exits": {"wfi": 7, "attention": 3}}, ...]}',
  },
  run: ({ machine }) =>
    machine.codeStatistics().map((statistics, index) => ({
      'cpu-index': index,
      blocks: statistics.blocks,
      annotated: statistics.annotated,
      bytes: statistics.bytes,
      'bytes-max': statistics.bytesMax,
      translated: statistics.translated,
      instrumented: statistics.instrumented,
      'dropped-by-store': statistics.droppedByStore,
      'dropped-by-plugin': statistics.droppedByPlugin,
      flushes: statistics.flushes,
      regions: statistics.regions,
      'region-bytes': statistics.regionBytes,
      compiled: statistics.compiled,
      'compile-milliseconds': Math.round(statistics.compileMilliseconds),
      instructions: statistics.instructions,
      exits: statistics.exits,
    })),
});

export const jitCommands = [queryJit];
