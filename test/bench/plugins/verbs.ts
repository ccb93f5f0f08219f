/** One verb of the plugin interface at a time, on everything that it applies to. `verbs.c` does the same on QEMU. */
import {
  type AccessEvent,
  type BlockInfo,
  type ExecutionEvent,
  type Probe,
  plugin,
  type Recorder,
} from 'vivarium/plugin';
import { oneOf, struct } from 'vivarium/schema';

type Apply = (block: BlockInfo, probe: Probe, state: State) => void;

class State {
  count = 0;
  recorder?: Recorder;
  readonly onExecution = (_: ExecutionEvent): void => {
    this.count++;
  };
  readonly onAccess = (_: AccessEvent): void => {
    this.count++;
  };
}

const VERBS = {
  'count-blocks': (block, probe) => probe.count(block, probe.named('events')),
  'count-instructions': (block, probe) => {
    for (const instruction of block.instructions) probe.count(instruction, probe.named('events'));
  },
  'count-accesses': (block, probe) => {
    for (const instruction of block.instructions) probe.countAccess(instruction, 'any', probe.named('events'));
  },
  'count-stores': (block, probe) => {
    for (const instruction of block.instructions) probe.countAccess(instruction, 'store', probe.named('events'));
  },
  'record-accesses': (block, probe, own) => {
    own.recorder ??= probe.accessRecorder((accesses) => {
      own.count += accesses.length;
    });
    for (const instruction of block.instructions) probe.recordAccess(instruction, 'any', own.recorder, 0);
  },
  'call-blocks': (block, probe, { onExecution }) => probe.call(block, onExecution),
  'call-instructions': (block, probe, { onExecution }) => {
    for (const instruction of block.instructions) probe.call(instruction, onExecution);
  },
  'call-accesses': (block, probe, { onAccess }) => {
    for (const instruction of block.instructions) probe.callAccess(instruction, 'any', onAccess);
  },
} as const satisfies Readonly<Record<string, Apply>>;

export type Verb = keyof typeof VERBS;
const NAMES = Object.keys(VERBS) as [Verb, ...Verb[]];

export default plugin('verbs', {
  doc: 'Uses one verb of the plugin interface on everything that it applies to.',
  options: struct('VerbsOptions', { verb: oneOf('Verb', NAMES, 'Which one.') }),
  counters: { events: 'Events counted inline.' },
  state: ({ verb }) => ({ apply: VERBS[verb] as Apply, own: new State() }),
  translate: (block, probe, { apply, own }) => apply(block, probe, own),
  collect: ({ own }) => own.count,
  report: ({ counters, parts }) => ({ counted: counters.events, called: parts.reduce((sum, part) => sum + part, 0) }),
});
