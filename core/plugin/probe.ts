/**
 * Writes down what a plugin asks of a block. The plugin's author may have written JavaScript, so what is asked for is
 * checked: what would make no sense in translated code is thrown back at the plugin.
 */
import type {
  AccessEvent,
  AccessKind,
  AccessRecords,
  AccessTest,
  BlockInfo,
  Compare,
  Counter,
  CounterTest,
  InstructionInfo,
  Probe,
  Recorder,
} from './plugin.ts';
import type { PoolRecorder } from './recorder.ts';

/** One probe, as the translator weaves it in. */
export interface ProbeRequest {
  /** Index of the instruction in the block; 0 for the block itself. */
  readonly index: number;
  readonly after: boolean;
  /** Name in `jit/probes`. */
  readonly name: string;
  /** Memory address. */
  readonly counter?: number;
  readonly callback?: (event: AccessEvent) => void;
  /** What the record's `amount` or `from` holds, and its `length`. */
  readonly operand?: bigint;
  readonly length?: bigint;
  /** Memory address of the head of a recorder's buffer, and what is put into it, 32 bits. */
  readonly log?: number;
  readonly tag?: number;
}

/** Counters and recorders, as the plugin's instance hands them out. */
export interface ProbeSource {
  fresh(): Counter;
  named(name: string): Counter | undefined;
  /** Memory address; undefined for what is no counter. */
  address(counter: Counter): number | undefined;
  tags(deliver: (tags: Uint32Array) => void): Recorder;
  accesses(deliver: (accesses: AccessRecords) => void): Recorder;
  /** As it was handed out; undefined for what is no recorder. */
  own(recorder: Recorder): PoolRecorder | undefined;
}

type Place = BlockInfo | InstructionInfo;
type Details = Omit<ProbeRequest, 'index' | 'after'>;

const TAG_MAX = 2 ** 32 - 1;
const KINDS: readonly AccessKind[] = ['load', 'store', 'any'];
const COMPARISONS: readonly Compare[] = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'];

function oneOf<T>(what: string, value: T, values: readonly T[]): T {
  if (values.includes(value)) return value;
  throw new TypeError(`${what} is ${String(value)}: expected one of ${values.join(', ')}`);
}

/** A number is as good as a bigint. */
function integer(what: string, value: bigint): bigint {
  if (typeof value === 'bigint' || Number.isInteger(value)) return BigInt(value);
  throw new TypeError(`${what} is ${String(value)}: expected a bigint`);
}

function callbackOf<F>(callback: F): F {
  if (typeof callback === 'function') return callback;
  throw new TypeError(`the callback is ${String(callback)}: expected a function`);
}

/**
 * @param block all of the block
 * @param visible as much of it as the plugin is shown
 * @param requests takes what it asks for, in order
 */
export function createProbe(
  block: BlockInfo,
  visible: BlockInfo,
  source: ProbeSource,
  requests: ProbeRequest[],
): Probe {
  const indexOf = (at: Place): number => {
    if (at === visible) return 0;
    const index = block.instructions.indexOf(at as InstructionInfo);
    if (index < 0) throw new Error('a probe must be set on the block that is being translated');
    return index;
  };
  const address = (counter: Counter): number => {
    const found = source.address(counter);
    if (found === undefined) throw new TypeError('expected a counter that `probe` has returned');
    return found;
  };
  const before = (at: Place, details: Details): void =>
    void requests.push({ index: indexOf(at), after: false, ...details });
  const after = (at: InstructionInfo, kind: AccessKind, details: Details): void => {
    const index = indexOf(at);
    const possible = kind === 'any' ? at.loads || at.stores : kind === 'load' ? at.loads : at.stores;
    if (possible) requests.push({ index, after: true, ...details });
  };
  const counterTest = ({ counter, compare, value }: CounterTest) => ({
    suffix: `counter-${oneOf('the comparison', compare, COMPARISONS)}`,
    counter: address(counter),
    operand: integer('the value', value),
  });
  const accessTest = (test: AccessTest) => {
    if ('from' in test) {
      const from = integer('`from`', test.from);
      return { suffix: 'address', operand: from, length: integer('`to`', test.to) - from };
    }
    if ('counter' in test) return counterTest(test);
    const compare = oneOf('the comparison', test.compare, COMPARISONS);
    return { suffix: `value-${compare}`, operand: integer('the value', test.value) };
  };
  const recording = (recorder: Recorder, kind: PoolRecorder['kind'], tag: number) => {
    const own = source.own(recorder);
    if (own?.kind !== kind) throw new TypeError(`expected a recorder of ${kind}`);
    if (!Number.isInteger(tag) || tag < 0 || tag > TAG_MAX)
      throw new TypeError(`the tag is ${String(tag)}: expected 0 to ${TAG_MAX}`);
    return { log: own.address, tag, callback: () => own.flush() };
  };
  const kindOf = (kind: AccessKind): AccessKind => oneOf('the kind of access', kind, KINDS);

  return {
    counter: () => source.fresh(),
    named: (name) => {
      const counter = source.named(name);
      if (!counter) throw new Error(`no counter is declared as "${name}"`);
      return counter;
    },
    count: (at, counter, amount = 1n) =>
      before(at, { name: 'count', counter: address(counter), operand: integer('the amount', amount) }),
    call: (at, callback) => before(at, { name: 'call', callback: callbackOf(callback) }),
    when: (at, test, callback) => {
      const { suffix, ...operands } = counterTest(test);
      before(at, { name: `when-${suffix}`, callback: callbackOf(callback), ...operands });
    },
    tagRecorder: (deliver) => source.tags(callbackOf(deliver)),
    accessRecorder: (deliver) => source.accesses(callbackOf(deliver)),
    record: (at, recorder, tag) => before(at, { name: 'record', ...recording(recorder, 'tags', tag) }),
    recordAccess: (at, kind, recorder, tag, within) => {
      const details = recording(recorder, 'accesses', tag);
      if (within) {
        const { suffix, ...operands } = accessTest(within);
        after(at, kind, { name: `record-${kindOf(kind)}-${suffix}`, ...details, ...operands });
      } else {
        const isAlways = at.class === kind || (kind === 'any' && (at.class === 'load' || at.class === 'store'));
        after(at, kind, { name: `record-${isAlways ? 'always' : kindOf(kind)}`, ...details });
      }
    },
    countAccess: (at, kind, counter, amount = 1n) =>
      after(at, kind, {
        name: `count-${kindOf(kind)}`,
        counter: address(counter),
        operand: integer('the amount', amount),
      }),
    callAccess: (at, kind, callback) =>
      after(at, kind, { name: `call-${kindOf(kind)}`, callback: callbackOf(callback) }),
    whenAccess: (at, kind, test, callback) => {
      const { suffix, ...operands } = accessTest(test);
      after(at, kind, { name: `when-${kindOf(kind)}-${suffix}`, callback: callbackOf(callback), ...operands });
    },
  };
}
