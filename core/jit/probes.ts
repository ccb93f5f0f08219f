/**
 * Probes as IR: what each verb of the plugin API becomes behind or in front of an instruction. The list is finite, so
 * that the interpreter has a handler for each; constants and addresses stay open and are filled into the record.
 */
import { Builder } from '../ir/builder.ts';
import type { Fragment, Value } from '../ir/ops.ts';
import type { AccessKind, Compare } from '../plugin/plugin.ts';
import type { RecordField } from '../wasm/interpreter.ts';
import { RECORD } from '../wasm/record.ts';

/** Operands that a probe's fragment leaves open. */
const COUNTER = { field: 'counter' };
const CALLBACK = { field: 'callback' };
const AMOUNT = { field: 'amount' };
const FROM = { field: 'from' };
const LENGTH = { field: 'length' };

const RECORDING = { log: { field: 'log' }, tag: { field: 'tag' }, callback: CALLBACK };

/**
 * Where a probe's record holds them. `counter` and `log` are memory addresses; `length` shares the words of `counter`. A
 * probe has no use for a pc.
 */
export const PROBE_FIELDS = {
  callback: { offset: RECORD.first, bytes: 4 },
  counter: { offset: RECORD.second, bytes: 4 },
  length: { offset: RECORD.second, bytes: 8 },
  amount: { offset: RECORD.immediate, bytes: 8 },
  from: { offset: RECORD.immediate, bytes: 8 },
  tag: { offset: RECORD.pc, bytes: 4 },
  log: { offset: RECORD.pc + 4, bytes: 4 },
} as const satisfies Readonly<Record<string, RecordField>>;

const COMPARE: Record<Compare, (b: Builder, x: Value, y: Value) => Value> = {
  eq: (b, x, y) => b.eq(x, y),
  ne: (b, x, y) => b.ne(x, y),
  lt: (b, x, y) => b.ltu(x, y),
  le: (b, x, y) => b.geu(y, x),
  gt: (b, x, y) => b.ltu(y, x),
  ge: (b, x, y) => b.geu(x, y),
};
const KINDS: Record<AccessKind, bigint> = { load: 1n, store: 2n, any: 3n };

function build(write: (b: Builder) => void): Fragment {
  const builder = new Builder();
  write(builder);
  return builder.finish();
}

const matches = (b: Builder, kind: AccessKind): Value =>
  b.ne(b.and(b.accessKind(), b.constant(KINDS[kind])), b.constant(0n));
const both = (b: Builder, one: Value, other: Value): Value =>
  b.ne(b.and(b.number(one), b.number(other)), b.constant(0n));

const isWithin = (b: Builder): Value => b.ltu(b.sub(b.accessAddress(), b.constant(FROM)), b.constant(LENGTH));

const compares = Object.keys(COMPARE) as Compare[];
const kinds = Object.keys(KINDS) as AccessKind[];

/** Every probe there is, by name. */
export const PROBES: ReadonlyMap<string, Fragment> = new Map([
  ['count', build((b) => b.count(COUNTER, b.constant(AMOUNT)))],
  ['call', build((b) => b.call(CALLBACK))],
  ['record', build((b) => b.record(RECORDING))],
  // Behind what always is such an access.
  ['record-always', build((b) => b.recordAccess(RECORDING))],
  ...compares.map((compare): [string, Fragment] => [
    `when-counter-${compare}`,
    build((b) => b.callIf(CALLBACK, COMPARE[compare](b, b.counter(COUNTER), b.constant(AMOUNT)))),
  ]),
  ...kinds.flatMap((kind): [string, Fragment][] => [
    [`count-${kind}`, build((b) => b.count(COUNTER, b.select(matches(b, kind), b.constant(AMOUNT), b.constant(0n))))],
    [`record-${kind}`, build((b) => b.recordAccessIf(RECORDING, matches(b, kind)))],
    [`record-${kind}-address`, build((b) => b.recordAccessIf(RECORDING, both(b, matches(b, kind), isWithin(b))))],
    [`call-${kind}`, build((b) => b.callIf(CALLBACK, matches(b, kind)))],
    [`when-${kind}-address`, build((b) => b.callIf(CALLBACK, both(b, matches(b, kind), isWithin(b))))],
    ...compares.flatMap((compare): [string, Fragment][] => [
      [
        `when-${kind}-counter-${compare}`,
        build((b) =>
          b.callIf(CALLBACK, both(b, matches(b, kind), COMPARE[compare](b, b.counter(COUNTER), b.constant(AMOUNT)))),
        ),
      ],
      [
        `when-${kind}-value-${compare}`,
        build((b) =>
          b.callIf(CALLBACK, both(b, matches(b, kind), COMPARE[compare](b, b.accessValue(), b.constant(AMOUNT)))),
        ),
      ],
    ]),
  ]),
]);
