/**
 * A machine without a guest, for tests of the monitors: it keeps the promises of `core/machine/interface` (run states,
 * events, errors, order of effects) and holds still in between, so that every value it shows can be written into a test.
 *
 * Its map is a ROM of 0x1000 bytes at 0x1000, a serial port at 0x10000000 and RAM at 0x80000000. Byte `n` of ROM and RAM
 * is `n` modulo 251 until it is written. Virtual addresses from 0xffffffff80000000 up show RAM; the others are equal to
 * the physical ones.
 */
import {
  type AddressMappings,
  type CodeStatistics,
  type Debugging,
  type DebugPoints,
  type DebugStop,
  type GuestMemory,
  type Instrumentation,
  InstrumentationError,
  type Machine,
  type MachineEvent,
  type MemoryRange,
  type Pace,
  type PluginStatus,
  type RegisterValue,
  type RunState,
  type ShutdownReason,
  type TraceEvent,
  type TraceEvents,
  type Vcpu,
} from '../../../core/machine/interface.ts';
import { SnapshotError, type SnapshotSink, type SnapshotSource } from '../../../core/machine/snapshot/snapshot.ts';
import { FakeInspection } from './fake-inspection.ts';

const RAM_START = 0x8000_0000n;
const KERNEL_START = 0xffff_ffff_8000_0000n;
const LAST_PAGE = 0xffff_ffff_ffff_f000n;

const physicalOf = (virtual: bigint): bigint =>
  virtual >= KERNEL_START ? virtual - KERNEL_START + RAM_START : virtual;

/** As long as it takes the machine to do what it is asked: later than everything that is ready now. */
const effect = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

// biome-ignore format: four a line, as `info registers` prints them
const GENERAL_NAMES = [
  'zero', 'ra', 'sp', 'gp',   'tp', 't0', 't1', 't2',   's0', 's1', 'a0', 'a1',   'a2', 'a3', 'a4', 'a5',
  'a6', 'a7', 's2', 's3',   's4', 's5', 's6', 's7',   's8', 's9', 's10', 's11',   't3', 't4', 't5', 't6',
];
const CONTROL_NAMES = 'mstatus mip mie mideleg medeleg mtvec stvec mepc sepc mcause scause mtval stval satp'.split(' ');

class FakeVcpu implements Vcpu {
  readonly index: number;
  readonly threadId: number;
  halted = false;
  /** Values by name. `pc` starts at 0x80000000 + 4 × index; x`n` holds 0x100 × n + index, the CSRs hold zero. */
  readonly values: Map<string, bigint>;

  constructor(index: number) {
    this.index = index;
    this.threadId = 4001 + index;
    this.values = new Map([
      ['pc', RAM_START + 4n * BigInt(index)],
      ['mhartid', BigInt(index)],
      ...CONTROL_NAMES.map((name): [string, bigint] => [name, 0n]),
      ...GENERAL_NAMES.map((name, n): [string, bigint] => [
        `x${n}/${name}`,
        n === 0 ? 0n : 0x100n * BigInt(n) + BigInt(index),
      ]),
    ]);
  }

  #registers(general: boolean): RegisterValue[] {
    return [...this.values].flatMap(([name, value]) => (name.includes('/') === general ? [{ name, value }] : []));
  }
  controlRegisters(): readonly RegisterValue[] {
    return this.#registers(false);
  }
  generalRegisters(): readonly RegisterValue[] {
    return this.#registers(true);
  }
  register(name: string): bigint | undefined {
    if (name === 'priv') return 3n;
    for (const [names, value] of this.values) {
      if (names.split('/').includes(name)) return value;
    }
    return name === 'fp' ? this.register('s0') : undefined;
  }
}

class FakeMemory implements GuestMemory {
  readonly ramBytes: number;
  readonly ranges: readonly MemoryRange[];
  readonly #contents: readonly { readonly range: MemoryRange; readonly bytes: Uint8Array }[];

  constructor(ramBytes: number) {
    this.ramBytes = ramBytes;
    this.ranges = [
      { start: 0x1000n, end: 0x1fffn, kind: 'rom', name: 'riscv_virt_board.mrom' },
      { start: 0x1000_0000n, end: 0x1000_0007n, kind: 'i/o', name: 'serial' },
      { start: RAM_START, end: RAM_START + BigInt(ramBytes) - 1n, kind: 'ram', name: 'riscv_virt_board.ram' },
    ];
    this.#contents = this.ranges
      .filter(({ kind }) => kind !== 'i/o')
      .map((range) => ({
        range,
        bytes: Uint8Array.from({ length: Number(range.end - range.start) + 1 }, (_, n) => n % 251),
      }));
  }

  #at(address: bigint, length: number, kinds: readonly string[]): Uint8Array | undefined {
    for (const { range, bytes } of this.#contents) {
      if (!kinds.includes(range.kind) || address < range.start || address + BigInt(length) - 1n > range.end) continue;
      const offset = Number(address - range.start);
      return bytes.subarray(offset, offset + length);
    }
    return undefined;
  }
  readPhysical(address: bigint, length: number): Uint8Array | undefined {
    return this.#at(address, length, ['rom', 'ram'])?.slice();
  }
  /** The last page of all is not mapped. */
  translate(_vcpu: number, address: bigint): bigint | undefined {
    return address >= LAST_PAGE ? undefined : physicalOf(address);
  }
  readVirtual(_vcpu: number, address: bigint, length: number): Uint8Array | undefined {
    return this.readPhysical(physicalOf(address), length);
  }
  /** The kernel's addresses, as one range. */
  mappings(_vcpu: number): AddressMappings | undefined {
    return {
      mappings: [{ virtual: KERNEL_START, physical: RAM_START, bytes: BigInt(this.ramBytes), flags: 0xcf }],
      complete: true,
    };
  }
  writePhysical(address: bigint, bytes: Uint8Array): boolean {
    const target = this.#at(address, bytes.length, ['ram']);
    target?.set(bytes);
    return target !== undefined;
  }
  writeVirtual(_vcpu: number, address: bigint, bytes: Uint8Array): boolean {
    return this.writePhysical(physicalOf(address), bytes);
  }
}

/** A debugger's side of it: who resumes is written down, and `stopAs` makes the guest stop. */
class FakeDebugging implements Debugging {
  readonly #machine: FakeMachine;
  points: DebugPoints = { breakpoints: [], watchpoints: [] };
  /** The paces of each resume so far: `run,stay`. */
  readonly resumes: string[] = [];
  stop: DebugStop | undefined;

  constructor(machine: FakeMachine) {
    this.#machine = machine;
  }
  async setPoints(points: DebugPoints): Promise<void> {
    await effect();
    this.points = points;
  }
  async resume(paces: readonly Pace[]): Promise<void> {
    await this.#machine.cont();
    this.resumes.push(paces.join());
  }
  async writeRegister(vcpu: number, name: string, value: bigint): Promise<boolean> {
    await effect();
    const { values } = this.#machine.vcpus[vcpu]!;
    for (const names of values.keys()) {
      if (!names.split('/').includes(name) || names.startsWith('x0/')) continue;
      values.set(names, value);
      return true;
    }
    return false;
  }
  /** The running guest reaches a point, or has made its step. */
  stopAs(stop: DebugStop): void {
    this.stop = stop;
    this.#machine.runState = 'debug';
    this.#machine.emit({ name: 'STOP' });
  }
}

class FakeInstrumentation implements Instrumentation {
  /** Any of these loads, and so does any path that ends in `.ts`, `.js` or `.wasm`, unless it contains `nosuch`. */
  readonly stock = new Map([
    ['hotblocks', 'Counts how often each translated block runs; reports the hottest.'],
    ['insn', 'Counts the instructions that each vCPU retires.'],
  ]);
  readonly #loaded = new Map<string, PluginStatus>();
  readonly #emit: (event: MachineEvent) => void;
  #nextId = 0;

  constructor(emit: (event: MachineEvent) => void) {
    this.#emit = emit;
  }

  /** The argument `fail` makes a plugin refuse to start. */
  async load(path: string, { id, args = [] }: { id?: string; args?: readonly string[] } = {}): Promise<string> {
    await effect();
    if (id !== undefined && this.#loaded.has(id)) throw new InstrumentationError('Library ID exists');
    const doc = this.stock.get(path);
    if (doc === undefined && (path.includes('nosuch') || !/\.(ts|js|wasm)$/.test(path))) {
      throw new InstrumentationError(`Error loading library: ${path}: no such file`);
    }
    if (args.includes('fail')) {
      throw new InstrumentationError('Library initialization returned non-zero: asked to fail');
    }
    const name = path.slice(path.lastIndexOf('/') + 1).replace(/\.\w+$/, '');
    const chosen = id ?? `lib${this.#nextId++}`;
    this.#loaded.set(chosen, {
      id: chosen,
      path,
      name,
      doc: doc ?? 'A plugin from a file.',
      args,
      state: 'active',
      counters: { instructions: (1n << 53n) + 1n },
      report: [{ pc: 0xffff_ffff_8000_0000n, count: 3 }],
      blocks: 2,
    });
    this.#emit({ name: 'INSTR_LOADED', id: chosen, path });
    return chosen;
  }
  async unload(id: string): Promise<void> {
    await effect();
    const plugin = this.#loaded.get(id);
    if (plugin === undefined) throw new InstrumentationError('Unknown library ID');
    this.#loaded.delete(id);
    this.#emit({ name: 'INSTR_UNLOADED', id, path: plugin.path });
  }
  async query(): Promise<readonly PluginStatus[]> {
    await effect();
    return [...this.#loaded.values()];
  }
  counters(): Readonly<Record<string, PluginStatus['counters']>> {
    return Object.fromEntries(Array.from(this.#loaded.values(), ({ id, counters }) => [id, counters]));
  }
}

class FakeTraceEvents implements TraceEvents {
  #enabled = new Set<string>();
  readonly #docs = new Map([
    ['riscv_trap', 'A hart takes a trap.'],
    ['exec_tb', 'A block is about to run.'],
    ['exec_tb_exit', 'A block has been left.'],
    ['serial_write', 'The guest writes a register of the serial port.'],
  ]);
  get all(): readonly TraceEvent[] {
    return [...this.#docs].map(([name, doc]) => ({ name, doc, enabled: this.#enabled.has(name) }));
  }
  async set(names: readonly string[], enabled: boolean): Promise<void> {
    await effect();
    for (const name of names) {
      if (!this.#docs.has(name)) throw new Error(`not an event: ${name}`);
      if (enabled) this.#enabled.add(name);
      else this.#enabled.delete(name);
    }
  }
}

export class FakeMachine implements Machine {
  runState: RunState;
  readonly vcpus: readonly FakeVcpu[];
  readonly memory: FakeMemory;
  readonly instrumentation: FakeInstrumentation;
  readonly traceEvents = new FakeTraceEvents();
  rebootAction: 'reset' | 'shutdown' = 'reset';
  readonly debug = new FakeDebugging(this);
  readonly inspection: FakeInspection;
  readonly #listeners = new Set<(event: MachineEvent) => void>();

  constructor({ smp = 2, ramBytes = 0x10000, runState = 'running' as RunState } = {}) {
    this.runState = runState;
    this.vcpus = Array.from({ length: smp }, (_, index) => new FakeVcpu(index));
    this.memory = new FakeMemory(ramBytes);
    this.instrumentation = new FakeInstrumentation((event) => this.emit(event));
    this.inspection = new FakeInspection(smp, this.memory);
  }

  /** How many listen, for tests that nobody is left behind. */
  get listeners(): number {
    return this.#listeners.size;
  }
  /** Makes an event happen, as the guest or a failing plugin would. */
  emit(event: MachineEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
  onEvent(listener: (event: MachineEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  async stop(): Promise<void> {
    await effect();
    if (this.runState !== 'running') return;
    this.runState = 'paused';
    this.emit({ name: 'STOP' });
  }
  async cont(): Promise<void> {
    await effect();
    if (this.runState === 'shutdown') throw new Error('the machine has shut down');
    if (this.runState === 'running') return;
    this.runState = 'running';
    this.debug.stop = undefined;
    this.emit({ name: 'RESUME' });
  }
  async reset(reason: ShutdownReason): Promise<void> {
    await effect();
    this.emit({ name: 'RESET', guest: reason.startsWith('guest-'), reason });
  }
  async shutdown(reason: ShutdownReason): Promise<void> {
    await effect();
    this.runState = 'shutdown';
    this.emit({ name: 'SHUTDOWN', guest: reason.startsWith('guest-'), reason, exitCode: 0 });
  }
  /** A snapshot of it is its RAM. Its clock stands at 1.5 seconds. */
  readonly snapshots = {
    save: (sink: SnapshotSink) => this.#save(sink),
    restore: (source: SnapshotSource) => this.#restore(source),
  };
  async #save(sink: SnapshotSink): Promise<void> {
    await effect();
    const { ramBytes } = this.memory;
    await this.#whileStopped('save-vm', async () => {
      const sections = [{ name: 'RAM', form: 'bytes', bytes: ramBytes }];
      await sink.begin({ configuration: { RAM: `${ramBytes} bytes` }, sections, clock: 1_500_000_000n });
    });
    await sink.take({ section: 0, offset: 0, bytes: this.memory.readPhysical(RAM_START, ramBytes)! });
  }
  async #restore(source: SnapshotSource): Promise<void> {
    await effect();
    if (source.head.configuration.RAM !== `${this.memory.ramBytes} bytes`)
      throw new SnapshotError('it is of another machine');
    await this.#whileStopped('restore-vm', async () => {
      for await (const { bytes } of source.pieces()) this.memory.writePhysical(RAM_START, bytes);
    });
  }
  async #whileStopped(runState: RunState, job: () => Promise<void>): Promise<void> {
    const before = this.runState;
    if (before !== 'running') return job();
    this.runState = runState;
    this.emit({ name: 'STOP' });
    await job();
    this.runState = before;
    this.emit({ name: 'RESUME' });
  }
  codeStatistics(): readonly CodeStatistics[] {
    return this.vcpus.map(({ index }) => ({
      blocks: 1200 + index,
      annotated: 20,
      bytes: 96_000,
      bytesMax: 33_554_432,
      translated: 1500,
      instrumented: 40,
      droppedByStore: 12,
      droppedByPlugin: 20,
      flushes: 1,
      regions: 12,
      regionBytes: 150_000,
      compiled: 30,
      compileMilliseconds: 45.5,
      instructions: 123_456_789_012n,
      exits: { wfi: 7, attention: 3 },
    }));
  }
}
