/** Records memory accesses: the latest ones for its report, and all of them into a file if one is named. */
import { int, oneOf, optional, str, struct } from '../../../schema/build.ts';
import {
  type AccessRecords,
  type InstructionInfo,
  type Probe,
  plugin,
  type Recorder,
  type VcpuInfo,
} from '../plugin.ts';
import { RANGE, rangeOf } from './range.ts';

interface Access {
  readonly vcpu: number;
  readonly pc: bigint;
  readonly vaddr: bigint;
  readonly size: number;
  readonly kind: 'load' | 'store' | 'load+store';
  readonly value: bigint;
}

const LAST = 16;
const LAST_MAX = 1 << 20;

/** The accesses of one vCPU. */
class Trace {
  readonly #vcpu: VcpuInfo;
  readonly #file: string | undefined;
  readonly #last: number;
  /** A ring: the next one goes to index `#count % #last`. */
  readonly #accesses: Access[] = [];
  #count = 0;
  /** What makes the accesses: an access is tagged with the index here. */
  readonly #instructions: { readonly pc: bigint; readonly size: number }[] = [];
  readonly #tags = new Map<string, number>();
  #recorder: Recorder | undefined;
  readonly within: { readonly from: bigint; readonly to: bigint } | undefined;

  constructor(vcpu: VcpuInfo, file: string | undefined, last: number, within: Trace['within']) {
    this.#vcpu = vcpu;
    this.#file = file;
    this.#last = last;
    this.within = within;
  }

  recorder(probe: Probe): Recorder {
    const accesses = probe.named('accesses');
    this.#recorder ??= probe.accessRecorder((records) => {
      accesses.value += BigInt(records.length);
      this.#take(records);
    });
    return this.#recorder;
  }

  tagOf({ pc, accessBytes: size }: InstructionInfo): number {
    const key = `${pc} ${size}`;
    const tag = this.#tags.get(key) ?? this.#instructions.push({ pc, size }) - 1;
    this.#tags.set(key, tag);
    return tag;
  }

  #take(records: AccessRecords): void {
    const { length } = records;
    const first = this.#file === undefined ? Math.max(0, length - this.#last) : 0;
    this.#count += first;
    for (let index = first; index < length; index++) {
      const { pc, size } = this.#instructions[records.tag(index)]!;
      const kind = records.isLoad(index) ? (records.isStore(index) ? 'load+store' : 'load') : 'store';
      const [vaddr, value] = [records.address(index), records.value(index)];
      const vcpu = this.#vcpu.index;
      this.#accesses[this.#count++ % this.#last] = { vcpu, pc, vaddr, size, kind, value };
      if (this.#file !== undefined)
        this.#vcpu.write(
          this.#file,
          `${vcpu} 0x${pc.toString(16)} ${kind} 0x${vaddr.toString(16)} ${size} 0x${value.toString(16)}\n`,
        );
    }
  }

  /** The latest ones, in their order. */
  latest(): readonly Access[] {
    const next = this.#count % this.#last;
    return this.#count <= this.#last
      ? this.#accesses
      : [...this.#accesses.slice(next), ...this.#accesses.slice(0, next)];
  }
}

export default plugin('memtrace', {
  doc: 'Records memory accesses with address, size and value; reports the latest, and writes all to a file if asked.',
  options: struct('MemtraceOptions', {
    ...RANGE,
    kind: optional(oneOf('MemtraceKind', ['load', 'store', 'any'], 'Which accesses, `any` by default.')),
    low: optional(int('Only accesses to addresses from this one on.')),
    high: optional(int('Only accesses to addresses before this one.')),
    last: optional(int(`Accesses that the report shows of each vCPU, ${LAST} by default.`)),
    file: optional(str('Writes a line for each access: vCPU, pc, kind, address, size, value.')),
  }),
  counters: { accesses: 'Accesses recorded.' },
  filter: rangeOf,
  state: ({ kind = 'any', low, high, last = LAST, file }, vcpu) => {
    if (last < 1 || last > LAST_MAX) throw new Error(`last=${last}: expected 1 to ${LAST_MAX}`);
    if (low !== undefined && high !== undefined && low >= high)
      throw new Error(`low=${low}: expected less than high=${high}`);
    // The last address there is belongs to no access.
    const within = { from: BigInt(low ?? 0), to: BigInt(high ?? (1n << 64n) - 1n) };
    const isEverywhere = low === undefined && high === undefined;
    return { kind, trace: new Trace(vcpu, file, Number(last), isEverywhere ? undefined : within) };
  },
  translate(block, probe, { kind, trace }) {
    const recorder = trace.recorder(probe);
    for (const instruction of block.instructions)
      probe.recordAccess(instruction, kind, recorder, trace.tagOf(instruction), trace.within);
  },
  collect: ({ trace }) => trace.latest(),
  report: ({ parts }) => parts.flat(),
});
