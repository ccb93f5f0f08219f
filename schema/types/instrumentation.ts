/** Plugins, loaded and in stock. */
import { any, int, list, mapOf, oneOf, str, struct } from '../build.ts';

export const InstrLoadResult = struct('InstrLoadResult', { id: str('The id of the plugin, for `instr-unload`.') });

export const InstrState = oneOf(
  'InstrState',
  ['loading', 'active', 'unloading'],
  '`loading`: not every vCPU has it yet. `active`: it sees every event. `unloading`: it is being removed.',
);

export const InstrInfo = struct('InstrInfo', {
  id: str('The id of the plugin.'),
  path: str('As it was given to `instr-load`.'),
  name: str('The name that the plugin gives itself.'),
  doc: str('What it does, in a line.'),
  args: list(str(), 'Its arguments, in order.'),
  state: InstrState,
  counters: mapOf(
    int(),
    'Its counters by name, each summed over all vCPUs. Samples while the guest runs; they only grow.',
  ),
  report: any('What the plugin reports, in a shape of its own.'),
  blocks: int('Blocks of translated code that carry something of it, over all vCPUs.'),
});

/** Times a second that counters are told. */
export const COUNTERS_RATE_MIN = 1;
export const COUNTERS_RATE_MAX = 60;

export const InstrCounters = mapOf(
  mapOf(int()),
  'By the id of each plugin, its counters by name, each summed over all vCPUs.',
);

export const InstrStockInfo = struct('InstrStockInfo', {
  name: str('What to give to `instr-load` as `path`.'),
  doc: str('What it does, in a line.'),
});
