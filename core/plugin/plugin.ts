/**
 * Writing a plugin.
 *
 * A plugin is an ES module whose default export is made by `plugin(...)`. It has two moments: when guest code is
 * *translated*, it is shown each block once on each vCPU and says what it wants to know of it; later, when somebody asks,
 * it *reports*. Between the two, what it asked for costs what the verb says:
 *
 * - `count` adds to a counter inline, and never leaves generated code;
 * - `record` appends to a buffer inline, and calls once for some thousand events;
 * - `when` tests inline, and calls only where the test holds;
 * - `call` calls the plugin for each event.
 *
 * Each vCPU runs in a thread of its own and has its own instance of the module and its own `state`; only `report` runs
 * in that of vCPU 0, with what `collect` returned on every vCPU. Counters live in shared memory and are summed for it.
 *
 * An instruction event comes before the instruction, which may still fault. An access event comes after the access took
 * place, so a faulting one has none; an AMO is one access that both loads and stores; a store-conditional that does not
 * store is no access at all.
 */
import type { Infer, Schema } from '../../schema/build.ts';

/** What an instruction does, as far as a plugin may filter by it; derived from its meaning. */
export const INSTRUCTION_CLASSES = [
  ...(['alu', 'float', 'load', 'store', 'atomic'] as const),
  ...(['branch', 'jump', 'fence', 'system'] as const),
] as const;
export type InstructionClass = (typeof INSTRUCTION_CLASSES)[number];

/** An instruction that has been decoded, with the bytes that the decoder saw. */
export interface InstructionInfo {
  readonly pc: bigint;
  /** Bits: 16 of a compressed instruction, else 32. */
  readonly raw: number;
  /** Bytes: 2 or 4. */
  readonly length: number;
  /** `addi`; a compressed instruction has the name of what it stands for. `illegal` where there is none. */
  readonly name: string;
  readonly class: InstructionClass;
  readonly loads: boolean;
  readonly stores: boolean;
  /** Bytes of its access: 1, 2, 4 or 8; 64 where it zeroes a cache block; 0 where it makes none. */
  readonly accessBytes: number;
  /** Name and operands, the operands in a column of their own. */
  readonly disassembly: string;
}

/** A block: instructions that are entered at the first and run in a row, up to a control transfer. */
export interface BlockInfo {
  readonly pc: bigint;
  readonly instructions: readonly InstructionInfo[];
  /** Why it ends there: its last instruction transfers control or leaves; a page, the size limit or a debugger cut it. */
  readonly end: 'transfer' | 'cut';
}

/** A 64-bit counter of this vCPU. */
export interface Counter {
  /** Its value now. Settable: a sampling plugin sets it back. */
  value: bigint;
}

export type Compare = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge';

/** What a callback is told. The object is reused: copy what must outlive the call. */
export interface ExecutionEvent {
  readonly vcpu: number;
  readonly instruction: InstructionInfo;
  /** The guest's registers as they are now: x0 to x31 by number, f0 to f31 from 32 on. */
  register(number: number): bigint;
}

export interface AccessEvent extends ExecutionEvent {
  /** Virtual address. */
  readonly address: bigint;
  /** Bytes: 1, 2, 4, 8, or 64 zeros. */
  readonly size: number;
  readonly isLoad: boolean;
  readonly isStore: boolean;
  /** The value stored, or loaded where nothing was stored; zero-extended. */
  readonly value: bigint;
}

/** Accesses in the order in which they took place, 0 to `length` - 1. The object is reused, as those of events are. */
export interface AccessRecords {
  readonly length: number;
  /** What was given where the access was to be recorded. */
  tag(index: number): number;
  isLoad(index: number): boolean;
  isStore(index: number): boolean;
  /** Virtual address. */
  address(index: number): bigint;
  /** As in `AccessEvent`. */
  value(index: number): bigint;
}

/** A buffer of this vCPU. What is in it is delivered when it is full, and before the plugin collects, is reset or exits. */
export interface Recorder {
  /** Delivers what is in it now. */
  flush(): void;
}

/** Which accesses. */
export type AccessKind = 'load' | 'store' | 'any';

/** A test of `when`: unsigned comparison of a counter, or of the access's value; or an address in [from, to). */
export type CounterTest = { readonly counter: Counter; readonly compare: Compare; readonly value: bigint };
export type AccessTest =
  | CounterTest
  | { readonly compare: Compare; readonly value: bigint }
  | { readonly from: bigint; readonly to: bigint };

/** How a plugin says what it wants of the block it is shown. Valid only during `translate`. */
export interface Probe {
  /** A new counter of this vCPU, zero. It lives as long as the plugin: keep it and use it for later translations. */
  counter(): Counter;
  /** The counter of this vCPU that was declared under this name. */
  named(name: string): Counter;

  /** Adds `amount` (default 1) each time that the block is entered, or the instruction is about to be executed. */
  count(at: BlockInfo | InstructionInfo, counter: Counter, amount?: bigint): void;
  call(at: BlockInfo | InstructionInfo, callback: (event: ExecutionEvent) => void): void;
  when(at: BlockInfo | InstructionInfo, test: CounterTest, callback: (event: ExecutionEvent) => void): void;

  /**
   * A new recorder, which lives as long as the plugin: keep it and use it for later translations. A vCPU has 16 for all
   * plugins. `deliver` is called between two instructions of the guest, some time after the events: it has no view of the
   * guest as it was then. Tags are views of the buffer: copy what is to outlive the call.
   */
  tagRecorder(deliver: (tags: Uint32Array) => void): Recorder;
  accessRecorder(deliver: (accesses: AccessRecords) => void): Recorder;
  /** Records `tag`, 0 to 2^32 - 1, each time that the block is entered, or the instruction is about to be executed. */
  record(at: BlockInfo | InstructionInfo, recorder: Recorder, tag: number): void;

  /** The same for accesses of an instruction. No effect on instructions that never make such an access. */
  countAccess(at: InstructionInfo, kind: AccessKind, counter: Counter, amount?: bigint): void;
  recordAccess(
    at: InstructionInfo,
    kind: AccessKind,
    recorder: Recorder,
    tag: number,
    within?: { readonly from: bigint; readonly to: bigint },
  ): void;
  callAccess(at: InstructionInfo, kind: AccessKind, callback: (event: AccessEvent) => void): void;
  whenAccess(at: InstructionInfo, kind: AccessKind, test: AccessTest, callback: (event: AccessEvent) => void): void;
}

/** What a plugin sees of the vCPU whose thread it runs in. */
export interface VcpuInfo {
  readonly index: number;
  /** How many vCPUs the machine has. */
  readonly vcpus: number;
  /** Appends text to the plugin's output file `name`; main writes it, in the order of calls. */
  write(name: string, text: string): void;
}

/** Restricts what a plugin is shown. Applied at translation: what is filtered out costs nothing. */
export interface Filter {
  /** vCPUs by index, each less than the machine has; all by default. */
  readonly vcpus?: readonly number[];
  /** Instructions in [from, to). */
  readonly range?: { readonly from: bigint; readonly to: bigint };
  readonly classes?: readonly InstructionClass[];
}

/** What `report` is given. */
export interface ReportInput<A, P> {
  readonly args: A;
  /** Named counters, summed over the vCPUs. */
  readonly counters: Readonly<Record<string, bigint>>;
  /** The same for each vCPU. */
  readonly perVcpu: readonly Readonly<Record<string, bigint>>[];
  /** What `collect` returned on each vCPU, by index. */
  readonly parts: readonly P[];
}

export interface Plugin<A = unknown, S = unknown, P = unknown> {
  readonly name: string;
  readonly doc: string;
  readonly options: Schema<A>;
  /** Counters by name, with their doc: one for each vCPU, readable at any time. */
  readonly counters: Readonly<Record<string, string>>;
  filter(args: A): Filter;
  /** The plugin's own data on one vCPU. Throwing refuses the load. */
  state(args: A, vcpu: VcpuInfo): S;
  /** Looks at a block and sets probes. */
  translate(block: BlockInfo, probe: Probe, state: S): void;
  /** The vCPU exists: called for each at load. */
  vcpuEnter?(vcpu: VcpuInfo, state: S): void;
  /** The vCPU is about to be gone for the plugin: called for each at unload, and when the machine ends. */
  vcpuExit?(vcpu: VcpuInfo, state: S): void;
  vcpuReset?(vcpu: VcpuInfo, state: S): void;
  /** What `report` needs from this vCPU: anything that `structuredClone` takes. */
  collect(state: S): P;
  /** A JSON value, of plain objects and lists; bigints are integers. */
  report(input: ReportInput<A, P>): unknown;
}

type Definition<A, S, P> = Pick<Plugin<A, S, P>, 'doc' | 'options' | 'translate'> &
  Partial<Omit<Plugin<A, S, P>, 'name' | 'doc' | 'options' | 'translate'>>;

/** Defines a plugin; what is left out does nothing. */
export function plugin<O extends Schema<unknown>, S = undefined, P = undefined>(
  name: string,
  definition: Definition<Infer<O>, S, P> & { readonly options: O },
): Plugin<Infer<O>, S, P> {
  return {
    counters: {},
    filter: () => ({}),
    state: () => undefined as S,
    collect: () => undefined as P,
    report: ({ counters }) => counters,
    ...(definition as Definition<Infer<O>, S, P>),
    name,
  };
}
