/** Loading plugins into the running machine, reading what they saw, and removing them again. */
import { list, optional, str, struct } from '../../schema/build.ts';
import { InstrInfo, InstrLoadResult, InstrStockInfo } from '../../schema/types/instrumentation.ts';
import { command } from '../command.ts';

export const instrLoad = command('instr-load', {
  doc: 'Loads a plugin into every vCPU. When it returns, the plugin sees every event. If it fails, nothing of it stays.',
  args: struct('InstrLoadArguments', {
    path: str('File of the plugin, or the name of a stock plugin.'),
    id: optional(str('Its id, by default `lib0`, `lib1` and so on.')),
    args: optional(list(str(), 'Its arguments, each `name=value` or `name`.')),
  }),
  returns: InstrLoadResult,
  example: {
    request: '{"execute": "instr-load", "arguments": {"path": "hotblocks", "args": ["limit=10"]}}',
    reply: '{"return": {"id": "lib0"}}',
  },
  run: async ({ machine }, { path, id, args }) => ({
    id: await machine.instrumentation.load(path, {
      ...(id === undefined ? {} : { id }),
      ...(args === undefined ? {} : { args }),
    }),
  }),
});

export const instrUnload = command('instr-unload', {
  doc: 'Removes a plugin. When it returns, the guest runs as if the plugin had never been there.',
  args: struct('InstrUnloadArguments', { id: str('The id that `instr-load` returned.') }),
  example: { request: '{"execute": "instr-unload", "arguments": {"id": "lib0"}}', reply: '{"return": {}}' },
  run: async ({ machine }, { id }) => {
    await machine.instrumentation.unload(id);
    return {};
  },
});

export const queryInstr = command('query-instr', {
  doc: 'Every loaded plugin, in load order, with its counters and report. Does not stop the guest.',
  returns: list(InstrInfo),
  example: {
    request: '{"execute": "query-instr"}',
    reply:
      '{"return": [{"id": "lib0", "path": "hotblocks", "name": "hotblocks", "doc": "Counts how often each translated block runs; reports the hottest.", "args": ["limit=10"], "state": "active", "counters": {"instructions": 9007199254740993}, "report": [{"pc": 18446744071562067968, "count": 3}], "blocks": 2}]}',
  },
  run: ({ machine }) => machine.instrumentation.query(),
});

export const queryInstrStock = command('query-instr-stock', {
  doc: 'The plugins that can be loaded by name.',
  returns: list(InstrStockInfo),
  example: {
    request: '{"execute": "query-instr-stock"}',
    reply:
      '{"return": [{"name": "hotblocks", "doc": "Counts how often each translated block runs; reports the hottest."}, ...]}',
  },
  run: ({ machine }) => [...machine.instrumentation.stock].map(([name, doc]) => ({ name, doc })),
});

export const instrumentationCommands = [instrLoad, instrUnload, queryInstr, queryInstrStock];
