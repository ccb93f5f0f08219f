/** Translated code. */
import { int, mapOf, struct } from '../build.ts';

export const JitInfo = struct('JitInfo', {
  'cpu-index': int('Index of the vCPU.'),
  blocks: int('Blocks that exist now, clean and annotated together.'),
  annotated: int('Of them, those that carry annotations of a plugin or trace event.'),
  bytes: int('Bytes that the blocks fill.'),
  'bytes-max': int('Bytes there are for blocks.'),
  translated: int('Blocks decoded since the start.'),
  instrumented: int('Annotated blocks made since the start.'),
  'dropped-by-store': int('Blocks dropped because the guest wrote to their bytes.'),
  'dropped-by-plugin': int('Annotated blocks dropped because a plugin or trace event came or went.'),
  flushes: int('Times that all blocks were dropped, for want of room or at a reset.'),
  regions: int('Regions of compiled code that exist now.'),
  'region-bytes': int('Bytes of WebAssembly that they were made from.'),
  compiled: int('Regions compiled since the start.'),
  'compile-milliseconds': int('Time that the translator has spent on them.'),
  instructions: int('Guest instructions retired.'),
  exits: mapOf(int(), 'Times that generated code was left, by the reason.'),
});
