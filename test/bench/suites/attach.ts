/** How long it takes a plugin to see a guest that runs already, and the guest to be rid of it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { QmpClient } from '../../support/qmp-client.ts';
import { VIVARIUM } from '../emulators.ts';
import { median } from '../statistics.ts';
import type { Result, RunOptions, Suite } from '../suite.ts';

const GUEST = join(import.meta.dirname, '../../guests/demo.elf');
const PLUGINS = join(import.meta.dirname, '../plugins');
const VCPUS = 2;

/** Loads and unloads, for each of the `--runs`. */
const REPETITIONS = 20;
const WARM_UP_MS = 2000;
const PAUSE_MS = 50;

/** A guest is at full speed when it runs this part of what it usually does in a while of this length. */
const FULL_SPEED = 0.75;
const WINDOW_MS = 2;
const PATIENCE_MS = 10_000;

const now = (): number => Number(process.hrtime.bigint()) / 1e6;

interface Running {
  /** Two sessions, so that one may look while the other acts. */
  readonly actor: QmpClient;
  readonly observer: QmpClient;
  end(): Promise<void>;
}

/** The demo guest on two vCPUs, at one piece of work for ever. */
async function startGuest(): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'vivarium-bench-'));
  const socket = join(folder, 'qmp');
  const options = ['-smp', `${VCPUS}`, '-serial', 'stdio', '-monitor', 'none', '-kernel', GUEST];
  const child: ChildProcess = spawn(VIVARIUM.program, [...options, '-qmp', `unix:${socket},server=on,wait=off`], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  const actor = await QmpClient.connect(socket);
  const observer = await QmpClient.connect(socket);
  child.stdin!.write('run sort\r');
  await sleep(WARM_UP_MS);
  return {
    actor,
    observer,
    async end() {
      await actor.execute('quit');
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

async function load(client: QmpClient, file: string, args: readonly string[] = []): Promise<string> {
  return ((await client.execute('instr-load', { path: join(PLUGINS, file), args })) as { id: string }).id;
}

interface LoadTimes {
  readonly answered: number;
  readonly first: number;
  readonly everyVcpu: number;
}

/** Milliseconds from the command to its answer and to the first events. */
async function timeLoad({ actor }: Running): Promise<LoadTimes> {
  const began = now();
  const id = await load(actor, 'first-event.ts');
  const answered = now() - began;
  for (;;) {
    const [plugin] = (await actor.execute('query-instr')) as [{ report: readonly number[] }];
    if (plugin.report.every((first) => first !== 0)) {
      const firsts = plugin.report.map((first) => first / 1e6 - began);
      await actor.execute('instr-unload', { id });
      return { answered, first: Math.min(...firsts), everyVcpu: Math.max(...firsts) };
    }
  }
}

interface Window {
  readonly start: number;
  /** Instructions of each vCPU in a millisecond. */
  readonly rates: readonly number[];
}

/** Windows of at least WINDOW_MS, one after the other, for as long as somebody asks. */
async function* windows({ observer }: Running): AsyncGenerator<Window> {
  const sample = async () => {
    const vcpus = (await observer.execute('query-jit')) as readonly { instructions: number }[];
    return { at: now(), counts: vcpus.map(({ instructions }) => instructions) };
  };
  for (let before = await sample(), after = before; ; after = await sample()) {
    const length = after.at - before.at;
    if (length < WINDOW_MS) continue;
    yield { start: before.at, rates: after.counts.map((count, vcpu) => (count - before.counts[vcpu]!) / length) };
    before = after;
  }
}

/** What each vCPU usually does in a millisecond while it is looked at. */
async function usualRates(running: Running): Promise<readonly number[]> {
  const seen: (readonly number[])[] = [];
  for await (const { rates } of windows(running)) {
    seen.push(rates);
    if (seen.length === 100) break;
  }
  return Array.from({ length: VCPUS }, (_, vcpu) => median(seen.map((rates) => rates[vcpu]!)));
}

interface UnloadTimes {
  readonly answered: number;
  readonly fullSpeed: number;
}

/** Milliseconds from the command to its answer, and to the start of the first window at full speed. */
async function timeUnload(running: Running, usual: readonly number[]): Promise<UnloadTimes> {
  const { actor } = running;
  const id = await load(actor, 'verbs.ts', ['verb=call-instructions']);
  await sleep(PAUSE_MS);
  const began = now();
  const answer = actor.execute('instr-unload', { id }).then(() => now() - began);
  for await (const { start, rates } of windows(running)) {
    if (start < began) continue;
    if (rates.every((rate, vcpu) => rate >= FULL_SPEED * usual[vcpu]!))
      return { answered: await answer, fullSpeed: start - began };
    if (start - began > PATIENCE_MS) break;
  }
  throw new Error('the guest did not come back to full speed');
}

async function measure({ runs, progress }: RunOptions) {
  const running = await startGuest();
  const loads: LoadTimes[] = [];
  const unloads: UnloadTimes[] = [];
  try {
    const usual = await usualRates(running);
    for (let run = 1; run <= runs; run++) {
      for (let repetition = 0; repetition < REPETITIONS; repetition++) {
        loads.push(await timeLoad(running));
        await sleep(PAUSE_MS);
        unloads.push(await timeUnload(running, usual));
        await sleep(PAUSE_MS);
      }
      progress(`run ${run} of ${runs}: ${REPETITIONS} loads and unloads of each plugin`);
    }
  } finally {
    await running.end();
  }
  return { loads, unloads };
}

const milliseconds = (value: number): string => value.toFixed(2);

export const attach: Suite = {
  name: 'attach',
  title: 'Loading and unloading in a running guest',
  doc: `The demo guest sorts on two vCPUs while a plugin is loaded and unloaded over QMP again and again, ${REPETITIONS} times a run.

- _load_ is a plugin that calls for each block. Its events are timed by the plugin.
- _unload_ is a plugin that calls for each instruction, so that the guest crawls. Full speed is ${FULL_SPEED * 100} % of the usual speed on
  both vCPUs; it is looked for in windows of ${WINDOW_MS} ms, which is how exact the figure is.

QEMU has no command that loads or unloads a plugin.`,
  cases: ['loading'],
  async run(options): Promise<Result> {
    const { loads, unloads } = await measure(options);
    const row = (title: string, values: readonly number[]): readonly string[] => [
      title,
      milliseconds(median(values)),
      milliseconds(Math.max(...values)),
    ];
    return {
      tables: [
        {
          columns: [{ title: `of ${loads.length}`, isText: true }, { title: 'median ms' }, { title: 'worst ms' }],
          rows: [
            row(
              'load: answered',
              loads.map(({ answered }) => answered),
            ),
            row(
              'load: first event',
              loads.map(({ first }) => first),
            ),
            row(
              'load: events on every vCPU',
              loads.map(({ everyVcpu }) => everyVcpu),
            ),
            row(
              'unload: answered',
              unloads.map(({ answered }) => answered),
            ),
            row(
              'unload: full speed on every vCPU',
              unloads.map(({ fullSpeed }) => fullSpeed),
            ),
          ],
        },
      ],
      remarks: [],
      measurements: { loads, unloads },
    };
  },
};
