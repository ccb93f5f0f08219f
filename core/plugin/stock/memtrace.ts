/** Records memory accesses: the latest ones for its report, and all of them into a file if one is named. */
import { int, oneOf, optional, str, struct } from '../../../schema/build.ts';
import { type AccessEvent, plugin, type VcpuInfo } from '../plugin.ts';
import { RANGE, rangeOf } from './range.ts';

interface Access {
  readonly vcpu: number;
  readonly pc: bigint;
  readonly vaddr: bigint;
  readonly size: number;
  readonly kind: 'load' | 'store' | 'load+store';
  readonly value: bigint;
}

interface State {
  readonly vcpu: VcpuInfo;
  readonly file: string | undefined;
  readonly kind: 'load' | 'store' | 'any';
  readonly addresses: { readonly from: bigint; readonly to: bigint };
  readonly last: number;
  /** A ring of `last` accesses: the next one goes to index `count % last`. */
  readonly accesses: Access[];
  count: number;
}

const LAST = 16;
const LAST_MAX = 1 << 20;
/** The last address there is belongs to no access. */
const ADDRESS_END = (1n << 64n) - 1n;

const kindOf = ({ isLoad, isStore }: AccessEvent): Access['kind'] =>
  isLoad ? (isStore ? 'load+store' : 'load') : 'store';

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
  state: ({ kind = 'any', low = 0, high = ADDRESS_END, last = LAST, file }, vcpu): State => {
    if (last < 1 || last > LAST_MAX) throw new Error(`last=${last}: expected 1 to ${LAST_MAX}`);
    if (low >= high) throw new Error(`low=${low}: expected less than high=${high}`);
    const addresses = { from: BigInt(low), to: BigInt(high) };
    return { vcpu, file, kind, addresses, last: Number(last), accesses: [], count: 0 };
  },
  translate(block, probe, state) {
    const accesses = probe.named('accesses');
    const record = (event: AccessEvent): void => {
      const { vcpu, address, size, value } = event;
      const { pc } = event.instruction;
      const kind = kindOf(event);
      accesses.value++;
      state.accesses[state.count++ % state.last] = { vcpu, pc, vaddr: address, size, kind, value };
      if (state.file !== undefined)
        state.vcpu.write(
          state.file,
          `${vcpu} 0x${pc.toString(16)} ${kind} 0x${address.toString(16)} ${size} 0x${value.toString(16)}\n`,
        );
    };
    for (const instruction of block.instructions) probe.whenAccess(instruction, state.kind, state.addresses, record);
  },
  collect: ({ accesses, count, last }) =>
    count <= last ? accesses : [...accesses.slice(count % last), ...accesses.slice(0, count % last)],
  report: ({ parts }) => parts.flat(),
});
