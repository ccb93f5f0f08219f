/** How guest code is being translated. */
import type { Infer } from '../../../schema/build.ts';
import type { JitInfo } from '../../../schema/types/jit.ts';
import { human } from '../../command.ts';
import { queryJit } from '../../commands/jit.ts';
import { number, parts, tableLines } from '../text.ts';

type Counters = Infer<typeof JitInfo>;

/** vCPUs side by side. */
const VCPUS_PER_TABLE = 4;

/** What the lines of counters are called. */
const LABELS: Readonly<Record<Exclude<keyof Counters, 'cpu-index' | 'exits'>, string>> = {
  blocks: 'blocks now',
  annotated: '  with annotations',
  bytes: 'bytes filled',
  'bytes-max': '  of',
  translated: 'blocks decoded',
  instrumented: 'blocks annotated',
  'dropped-by-store': 'dropped by stores',
  'dropped-by-plugin': 'dropped by plugins',
  flushes: 'flushes of everything',
  regions: 'regions now',
  'region-bytes': '  bytes of WebAssembly',
  compiled: 'regions compiled',
  'compile-milliseconds': '  milliseconds',
  instructions: 'instructions retired',
};

function counterLines(vcpus: readonly Counters[]): string[] {
  const names = Object.keys(LABELS) as (keyof typeof LABELS)[];
  const doors = [...new Set(vcpus.flatMap(({ exits }) => Object.keys(exits)))];
  return tableLines(
    [
      ...names.map((name) => [{ text: LABELS[name] }, ...vcpus.map((vcpu) => number(vcpu[name]))]),
      ...doors.map((door) => [{ text: `left for ${door}` }, ...vcpus.map(({ exits }) => number(exits[door] ?? 0))]),
    ],
    ['', ...vcpus.map((vcpu) => `CPU #${vcpu['cpu-index']}`)],
  );
}

export const jitCommands = [
  human('info jit', {
    params: '',
    doc: 'show counters of the translated code of each vCPU',
    args: [],
    run: async ({ context }) => {
      const vcpus = await queryJit.run(context, {});
      return parts(vcpus, VCPUS_PER_TABLE)
        .map((some) => counterLines(some).join('\n'))
        .join('\n\n');
    },
  }),
];
