/** What each kind of instrumentation costs the guest, and what QEMU's plugins cost that do the same. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Table } from '../../support/table.ts';
import { type Emulator, programFile, QEMU, runGuest, VIVARIUM, versionOf } from '../emulators.ts';
import type { Verb } from '../plugins/verbs.ts';
import { median, shown, times } from '../statistics.ts';
import type { Result, RunOptions, Suite } from '../suite.ts';

const PLUGINS = join(import.meta.dirname, '../plugins');
const PROGRAMS = ['coremark-like', 'quicksort'];

interface Case {
  readonly name: Verb | 'hotblocks' | 'icount' | 'memtrace';
  readonly doc: string;
  /** Loaded by its name; else it is a verb of the plugin `verbs`. */
  readonly isStock?: boolean;
  readonly notOnQemu?: boolean;
}

const CASES: readonly Case[] = [
  { name: 'count-blocks', doc: 'count each block' },
  { name: 'count-instructions', doc: 'count each instruction' },
  { name: 'count-accesses', doc: 'count each access' },
  { name: 'count-stores', doc: 'count each store', notOnQemu: true },
  { name: 'record-accesses', doc: 'record each access' },
  { name: 'call-blocks', doc: 'call for each block' },
  { name: 'call-accesses', doc: 'call for each access' },
  { name: 'call-instructions', doc: 'call for each instruction' },
  { name: 'hotblocks', doc: 'stock plugin hotblocks', isStock: true },
  { name: 'icount', doc: 'stock plugin icount', isStock: true },
  { name: 'memtrace', doc: 'stock plugin memtrace', isStock: true },
];

/** Seconds by the guest's clock, and events where the emulator tells. */
interface Sample {
  readonly seconds: number;
  readonly events?: number;
}

/** Samples by program, then by emulator and case: `QEMU count-blocks`; without a plugin, `QEMU`. */
type Samples = Map<string, Map<string, Sample[]>>;

const keyOf = (emulator: Emulator, name?: string): string => [emulator.name, name].filter(Boolean).join(' ');

/** Builds QEMU's plugin into `folder`. @returns its file, or what has kept it from being used */
function buildForQemu(folder: string): { readonly file: string } | { readonly reason: string } {
  if (versionOf(QEMU.program) === undefined)
    return { reason: `${QEMU.program} is not installed (Debian: qemu-system-misc)` };
  const file = join(folder, 'libverbs.so');
  const options = [
    '-std=gnu11',
    '-O2',
    '-shared',
    '-fPIC',
    '-fvisibility=hidden',
    join(PLUGINS, 'verbs.c'),
    '-o',
    file,
  ];
  const { error, status, stderr } = spawnSync('gcc', options, { encoding: 'utf8' });
  if (error) return { reason: 'gcc is not installed (Debian: gcc)' };
  return status === 0 ? { file } : { reason: `gcc does not compile its plugin: ${stderr}` };
}

async function measure(cases: readonly Case[], qemuPlugin: string | undefined, { runs, progress }: RunOptions) {
  const samples: Samples = new Map(PROGRAMS.map((program) => [program, new Map()]));

  async function take(emulator: Emulator, program: string, each?: Case): Promise<number> {
    const file = emulator === QEMU ? qemuPlugin! : each?.isStock ? each.name : join(PLUGINS, 'verbs.ts');
    const argument = each?.isStock && emulator !== QEMU ? undefined : `verb=${each?.name}`;
    const options = each ? emulator.plugin(file, argument) : [];
    const { guestSeconds: seconds, errors } = await runGuest(emulator, programFile(program), 1, options);
    const events = /^events=(\d+)$/m.exec(errors)?.[1];
    const key = keyOf(emulator, each?.name);
    const earlier = samples.get(program)!.get(key) ?? [];
    samples.get(program)!.set(key, [...earlier, { seconds, ...(events ? { events: Number(events) } : {}) }]);
    return seconds;
  }

  for (let run = 1; run <= runs; run++)
    for (const program of PROGRAMS)
      for (const each of [undefined, ...cases]) {
        const found: string[] = [];
        for (const emulator of [QEMU, VIVARIUM]) {
          if (emulator === QEMU && (qemuPlugin === undefined || each?.notOnQemu)) continue;
          found.push(`${emulator.name} ${shown(await take(emulator, program, each))} s`);
        }
        progress(`${program}, ${each?.doc ?? 'no plugin'}, run ${run} of ${runs}: ${found.join(', ')}`);
      }
  return samples;
}

/** Slowdown and nanoseconds an event. */
function costs(samples: ReadonlyMap<string, readonly Sample[]>, emulator: Emulator, name: string, events?: number) {
  const bare = samples.get(keyOf(emulator));
  const loaded = samples.get(keyOf(emulator, name));
  if (!bare || !loaded) return ['', ''];
  const [before, after] = [bare, loaded].map((list) => median(list.map(({ seconds }) => seconds))) as [number, number];
  return [times(after / before), events === undefined ? '' : ((1e9 * (after - before)) / events).toFixed(1)];
}

function tableOf(program: string, samples: ReadonlyMap<string, readonly Sample[]>, cases: readonly Case[]): Table {
  return {
    columns: [
      { title: program, isText: true },
      { title: 'million events' },
      { title: 'QEMU' },
      { title: 'Vivarium' },
      { title: 'QEMU ns/event' },
      { title: 'Vivarium ns/event' },
    ],
    rows: cases.map(({ name, doc }) => {
      const events = samples.get(keyOf(QEMU, name))?.[0]?.events;
      const [theirTimes, theirNs] = costs(samples, QEMU, name, events);
      const [ourTimes, ourNs] = costs(samples, VIVARIUM, name, events);
      return [doc, events === undefined ? '' : shown(events / 1e6), theirTimes!, ourTimes!, theirNs!, ourNs!];
    }),
  };
}

export const instrumentation: Suite = {
  name: 'instrumentation',
  title: 'Cost of instrumentation',
  doc: `Each program runs to its end with one plugin, and without; the figures are how many times longer it takes by the
guest's clock, and how much longer for each event. QEMU's plugin is \`test/bench/plugins/verbs.c\`, compiled with gcc -O2;
it counts the events. Vivarium's are \`test/bench/plugins/verbs.ts\` and the stock plugins.

- Counting is inline in both. Vivarium adds up the counts of one block where nothing between them can leave it, QEMU counts
  each one for itself.
- Recording is inline in Vivarium: address, value and kind of each access go into a buffer that JavaScript is handed when
  it is full. QEMU's plugin is called for each access, and appends address and kind to a buffer.
- A call is a function of C in QEMU, of JavaScript in Vivarium.
- \`icount\` counts instructions (the events shown), loads and stores. \`memtrace\` keeps the latest accesses; in Vivarium
  with their values.`,
  cases: CASES.map(({ name }) => name),
  async run(options): Promise<Result> {
    const cases = CASES.filter(({ name }) => options.cases.includes(name));
    const folder = mkdtempSync(join(tmpdir(), 'vivarium-bench-'));
    try {
      const built = buildForQemu(folder);
      const samples = await measure(cases, 'file' in built ? built.file : undefined, options);
      return {
        tables: Array.from(samples, ([program, ofProgram]) => tableOf(program, ofProgram, cases)),
        remarks: [
          ...('reason' in built ? [`QEMU's columns are empty: ${built.reason}.`] : []),
          ...(cases.some(({ notOnQemu }) => notOnQemu)
            ? ['QEMU 7.2 counts loads too where it is to count stores inline, so nothing is shown for it there.']
            : []),
        ],
        measurements: Object.fromEntries(Array.from(samples, ([name, map]) => [name, Object.fromEntries(map)])),
      };
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};
