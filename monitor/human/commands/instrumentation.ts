/** Loading plugins into the running machine, reading what they saw, and removing them again. */
import type { Infer } from '../../../schema/build.ts';
import type { InstrInfo } from '../../../schema/types/instrumentation.ts';
import { type HumanSession, human } from '../../command.ts';
import { instrLoad, instrUnload, queryInstr } from '../../commands/instrumentation.ts';
import { writeJson } from '../../json/writer.ts';
import { memberLines, valueLines } from '../report.ts';
import { indented } from '../text.ts';

const ID = 'id=';

const loadedIds = async ({ context }: HumanSession): Promise<string[]> =>
  (await queryInstr.run(context, {})).map(({ id }) => id);

function describe({ id, name, doc, path, args, state, blocks, counters, report }: Infer<typeof InstrInfo>): string {
  const body = [
    doc,
    ...memberLines({ path, args: args.length === 0 ? undefined : args.join(' '), state, blocks }),
    'counters',
    ...indented(memberLines(counters)),
    // A plugin that has nothing else to say reports its counters.
    ...(writeJson(report) === writeJson(counters) ? [] : ['report', ...indented(valueLines(report))]),
  ];
  return [`${id}: ${name}`, ...indented(body)].join('\n');
}

export const instrumentationCommands = [
  human('instr-load', {
    params: 'path [id=id] [arg...]',
    doc: 'load a plugin into every vCPU; path is a file or the name of a stock plugin, and id=, right behind it, its id',
    args: [
      { name: 'path', kind: 'word', complete: ({ context: { machine } }) => [...machine.instrumentation.stock.keys()] },
      { name: 'args', kind: 'words' },
    ],
    run: async ({ context }, { path, args }) => {
      // Only the first, so that a plugin may have an argument of that name: `id=me id=5`.
      const named = args[0]?.startsWith(ID);
      const { id } = await instrLoad.run(
        context,
        named ? { path, id: args[0].slice(ID.length), args: args.slice(1) } : { path, args },
      );
      return id;
    },
  }),

  human('instr-unload', {
    params: 'id',
    doc: 'remove a plugin, so that the guest runs as if it had never been there',
    args: [{ name: 'id', kind: 'word', complete: loadedIds }],
    run: async ({ context }, { id }) => void (await instrUnload.run(context, { id })),
  }),

  human('info instr', {
    params: '',
    doc: 'show the loaded plugins, and what they have seen',
    args: [],
    run: async ({ context }) => {
      const plugins = await queryInstr.run(context, {});
      return plugins.length === 0 ? 'No plugins are loaded.' : plugins.map(describe).join('\n\n');
    },
  }),
];
