/**
 * A vCPU: runs guest code until something asks it to look up.
 *
 * `run` is the loop: enter a block, interpret until generated code is left, do what the exit asks for. It returns to its
 * caller only for what needs the caller: messages, and parking.
 */
import { evaluateFloat } from '../ir/eval.ts';
import { BlockCache } from '../jit/block-cache.ts';
import type { CodePages } from '../jit/code-pages.ts';
import { decodeWord } from '../jit/decode-block.ts';
import { RegionCompiler } from '../jit/region/compiler.ts';
import { RegionTable } from '../jit/region/region-table.ts';
import { LocalTranslator, type Translator } from '../jit/region/translator.ts';
import { CODE_BYTES_PER_VCPU, type Layout } from '../memory/layout.ts';
import type { PhysicalMemory } from '../memory/physical.ts';
import type { View } from '../memory/struct.ts';
import type { PluginInstance } from '../plugin/instance.ts';
import type { AccessEvent, InstructionInfo } from '../plugin/plugin.ts';
import { DOORS, illegalInstruction } from '../riscv/doors.ts';
import { Hart, type HartEnvironment, type Invalidation, Trap } from '../riscv/hart.ts';
import { EXITS, type InterpreterImports, type Run, SLOW } from '../wasm/contract.ts';
import type { Interpreter } from '../wasm/interpreter.ts';
import { RECORD, RECORD_BYTES } from '../wasm/record.ts';
import { VcpuDebugger } from './debugger.ts';
import { Mmu } from './mmu.ts';
import { type DeviceBus, SlowAccess } from './slow-access.ts';
import { ATTENTION, HART_STATE_OFFSET, VcpuState } from './state.ts';
import { Watchpoints } from './watchpoints.ts';

export interface VcpuParts {
  readonly memory: WebAssembly.Memory;
  readonly layout: Layout;
  readonly index: number;
  readonly interpreter: Interpreter;
  /** The interpreter's bytes, compiled once for all vCPUs. */
  readonly module: WebAssembly.Module;
  readonly physical: PhysicalMemory;
  readonly codePages: CodePages;
  readonly bus: DeviceBus;
  /** Ticks of mtime. */
  time(): bigint;
  setSupervisorTimer: HartEnvironment['setSupervisorTimer'];
  trapped: HartEnvironment['trapped'];
  /** A plugin has thrown; it has been taken off this vCPU. */
  pluginFailed(plugin: PluginInstance): void;
  /** Called between blocks now and then while guest code runs, and before the thread sleeps in `wfi`. */
  breathe?(): void;
  beforeSleep?(): void;
  /** Who compiles regions; by default this thread. */
  readonly translator?: Translator;
  /** For tests: see `BlockCacheOptions`. */
  readonly codeBytes?: number;
  readonly coldness?: number;
  readonly budget?: number;
}

/** Blocks that are run before generated code is left, so that V8 can replace it by better code. */
const BUDGET = 1_000_000;
/**
 * Entries after which a block is compiled. What a kernel and short programs do some thousand times is not worth a
 * region: with an eighth of this a boot of Linux takes 1.4 times as long, and no program of the benchmark is faster.
 */
const COLDNESS = 32000;
/** Instructions for which compiled code runs at the most, unless it is asked to look up: some milliseconds. */
const REGION_BUDGET = 10_000_000;

const EXIT = Object.fromEntries(EXITS.map((name, index) => [name, index])) as Record<(typeof EXITS)[number], number>;

export class Vcpu {
  readonly hart: Hart;
  readonly blocks: BlockCache;
  readonly debug: VcpuDebugger;
  readonly view: View<typeof VcpuState.fields>;
  readonly index: number;
  readonly #parts: VcpuParts;
  readonly #attention: Int32Array;
  readonly #records: DataView;
  readonly #slow: SlowAccess;
  readonly #mmu: Mmu;
  readonly #run: Run;
  readonly #event: AccessEvent & { instruction: InstructionInfo };
  #plugins: PluginInstance[] = [];
  /** Of the last call of `#modeChanged`; and whether what translation gives has changed since. */
  #privilege = -1;
  #mstatus = 0n;
  #retranslated = true;
  #trap: Trap | undefined;
  #waiting = false;
  #open: { readonly slot: number; readonly pc: bigint; readonly flushes: number } | undefined;
  /** An interrupt may have to be taken before the next block. */
  #lookForInterrupt = true;

  constructor(parts: VcpuParts) {
    const { memory, layout, index, interpreter, physical, codePages, bus } = parts;
    const buffer = memory.buffer;
    const { state } = layout.vcpus[index]!;
    this.#parts = parts;
    this.index = index;
    this.view = VcpuState.view(buffer, state);
    this.#attention = new Int32Array(buffer, state + VcpuState.offset.attention, 1);
    this.#records = new DataView(buffer);
    this.hart = new Hart(buffer, state + HART_STATE_OFFSET, {
      index,
      time: parts.time,
      setSupervisorTimer: parts.setSupervisorTimer,
      fenceI: () => this.#fenceI(),
      translationChanged: (invalid) => this.#translationChanged(invalid),
      waitForInterrupt: () => {
        this.#waiting = true;
      },
      trapped: parts.trapped,
    });
    const watchpoints = new Watchpoints(() => void Atomics.or(this.#attention, 0, ATTENTION.message));
    this.#mmu = new Mmu({ buffer, layout, index, hart: this.hart.state, physical, codePages, watchpoints });
    this.#slow = new SlowAccess({
      buffer,
      vcpu: this.view,
      hart: this.hart.state,
      physical,
      mmu: this.#mmu,
      codePages,
      bus,
      watchpoints,
    });
    this.#event = this.#createEvent();

    const imports: InterpreterImports = {
      slow: (_, access) => {
        try {
          return this.#slow.perform(interpreter.accesses[access]!);
        } catch (thrown) {
          if (!(thrown instanceof Trap)) throw thrown;
          this.#trap = thrown;
          return SLOW.trap;
        }
      },
      float: (number) => {
        const { view, hart } = this;
        const op = interpreter.floats[number]!;
        const { value, flags } = evaluateFloat(op, [...view.floatOperands.subarray(0, op.args.length)]);
        view.floatResult = value;
        hart.state.fflags |= BigInt(flags);
      },
      call: (callback) => this.#call(callback),
    };
    const env = {
      memory,
      ...imports,
      state: new WebAssembly.Global({ value: 'i32', mutable: false }, state),
    };
    const table = new RegionTable(env);
    const ram = physical.regions.find(({ writable }) => writable)!;
    const translator = parts.translator ?? new LocalTranslator(new RegionCompiler(layout, interpreter.floats, ram));
    const fetch = this.#mmu.fetch.bind(this.#mmu);
    this.blocks = new BlockCache(buffer, layout, index, fetch, codePages, translator, table, {
      codeBytes: parts.codeBytes ?? CODE_BYTES_PER_VCPU,
      coldness: parts.coldness ?? COLDNESS,
      budget: parts.budget ?? REGION_BUDGET,
    });
    const instance = new WebAssembly.Instance(parts.module, { env: { ...env, regions: table.table } });
    this.#run = instance.exports.run as Run;
    this.debug = new VcpuDebugger(watchpoints, {
      hart: this.hart,
      blocks: this.blocks,
      mmu: this.#mmu,
      execute: (record) => this.#execute(record),
      raise: (trap) => this.#raise(trap),
      changed: () => {
        this.#retranslated = true;
        this.#modeChanged();
        this.#lookForInterrupt = true;
      },
      awaken: () => {
        this.#waiting = false;
      },
    });
  }

  #createEvent(): AccessEvent & { instruction: InstructionInfo } {
    const { view, hart, index } = this;
    return {
      vcpu: index,
      instruction: undefined as unknown as InstructionInfo,
      register: (number) => (number < 32 ? hart.state.x[number]! : hart.state.f[number - 32]!),
      get address() {
        return view.accessAddress;
      },
      get size() {
        return this.instruction.accessBytes;
      },
      get isLoad() {
        return (view.accessKind & 1n) !== 0n;
      },
      get isStore() {
        return (view.accessKind & 2n) !== 0n;
      },
      get value() {
        return view.accessValue;
      },
    };
  }

  /** The vCPU as it is after power-on. @param pc reset vector */
  reset(pc: bigint): void {
    this.hart.reset(pc);
    this.restored();
    for (const plugin of this.#plugins) plugin.reset();
    this.detachFailed();
  }

  /** RAM and the hart's registers are other ones now: forgets what was made from them. A hart that waited goes on. */
  restored(): void {
    this.#waiting = false;
    this.view.halted = 0;
    this.#mmu.reset();
    this.blocks.flush();
    this.#retranslated = true;
    this.#modeChanged();
    this.#lookForInterrupt = true;
  }

  addPlugin(plugin: PluginInstance): void {
    this.#plugins.push(plugin);
    this.blocks.addPlugin(plugin);
  }

  removePlugin(plugin: PluginInstance): void {
    this.#plugins = this.#plugins.filter((other) => other !== plugin);
    this.blocks.removePlugin(plugin);
  }

  /** Takes off the plugins that have thrown. Between blocks. */
  detachFailed(): void {
    for (const plugin of this.#plugins)
      if (plugin.failure) {
        this.removePlugin(plugin);
        this.#parts.pluginFailed(plugin);
      }
  }

  #call(number: number): void {
    const callback = this.blocks.callback(number);
    if (!callback) return;
    this.#event.instruction = callback.instruction;
    callback.instance.tell(callback.run, this.#event);
    // Leave at the end of the block, so that the plugin is taken off soon.
    if (callback.instance.failure) Atomics.or(this.#attention, 0, ATTENTION.message);
  }

  /** Drops what has been overwritten. Between blocks. */
  #dropStale(): void {
    const pages = this.#parts.codePages.takeStale();
    if (pages === 'all') this.blocks.flush();
    else for (const page of pages) this.blocks.dropPage(page);
  }

  #translationChanged(invalid: Invalidation): void {
    if (!this.#mmu.translationChanged(invalid)) return;
    if (this.blocks.translationChanged(invalid) || invalid.address === undefined) this.#retranslated = true;
  }

  /** Privilege, `mstatus` or translation may have changed. */
  #modeChanged(): void {
    const { privilege, mstatus } = this.hart.state;
    if (privilege === this.#privilege && mstatus === this.#mstatus && !this.#retranslated) return;
    this.#privilege = privilege;
    this.#mstatus = mstatus;
    this.#retranslated = false;
    this.#mmu.modeChanged();
    this.blocks.modeChanged(this.hart.state.privilege, this.#mmu.isPhysical);
  }

  #fenceI(): void {
    this.#dropStale();
    for (const page of this.#parts.codePages.takeUnsettled()) this.blocks.dropPage(page);
  }

  /**
   * Runs guest code. Returns when there may be a message, or the vCPU is to park: then the reasons are in the result; and
   * where `debug` has something to say.
   * @param blocksMax for tests: returns after about this many blocks at the latest
   */
  run(blocksMax = Number.POSITIVE_INFINITY): number {
    const { hart, blocks, view } = this;
    let left = blocksMax;
    for (;;) {
      const attention = Atomics.exchange(this.#attention, 0, 0);
      if (attention !== 0) {
        if (attention & ATTENTION.stale) this.#dropStale();
        if (attention & ATTENTION.translated) this.blocks.takeTranslated();
        if (attention & ATTENTION.interrupt) this.#lookForInterrupt = true;
        this.detachFailed();
        if (attention & (ATTENTION.message | ATTENTION.park)) return attention;
      }
      if (this.#waiting) {
        if (!hart.hasWakeup) {
          this.#parts.beforeSleep?.();
          view.halted = 1;
          Atomics.wait(this.#attention, 0, 0);
          view.halted = 0;
          continue;
        }
        this.#waiting = false;
        this.#lookForInterrupt = true;
      }
      if (this.#lookForInterrupt) {
        this.#lookForInterrupt = false;
        const interrupt = hart.pendingInterrupt();
        if (interrupt !== undefined) {
          hart.interrupt(interrupt);
          this.#modeChanged();
        }
      }
      if (left <= 0) return 0;
      this.#parts.breathe?.();

      const { pc } = hart.state;
      if (this.debug.stopsAt(pc)) return 0;
      const record = this.#enter(pc);
      this.detachFailed();
      if (record === 0) {
        left--;
        continue;
      }
      this.#link(pc, record);

      const budget = Math.min(BUDGET, left);
      left -= budget;
      const exit = this.#run(record, budget, this.#mmu.tlbAddress, blocks.jumpCache);
      view.exits[exit]!++;
      this.#left(exit);
    }
  }

  /** Runs the one block at `record`, which is the one of pc. */
  #execute(record: number): void {
    const exit = this.#run(record, 0, this.#mmu.tlbAddress, this.blocks.jumpCache);
    this.view.exits[exit]!++;
    this.#left(exit);
    // No link may lead out of a block that does not last.
    this.#open = undefined;
  }

  /** Does what has to be done when generated code has been left by `exit`. */
  #left(exit: number): void {
    const { blocks, view } = this;
    view.callbackRecord = 0;
    switch (exit) {
      case EXIT['need-block']:
        this.#openLink();
        break;
      case EXIT.revisit:
        this.#openLink();
        break;
      case EXIT.door:
        this.#door(view.exitRecord);
        break;
      case EXIT.illegal:
        this.#raise(illegalInstruction(blocks.instructionAt(view.exitRecord).raw));
        break;
      case EXIT.trap:
        this.#raise(this.#trap!);
        break;
    }
  }

  /** Goes on for a thread that was ended while code of a plugin ran in it; see `hart/custody`. */
  takeOver(): void {
    const { view, hart } = this;
    const { callbackRecord, regionRetired } = view;
    view.callbackRecord = 0;
    view.regionRetired = 0;
    hart.state.minstret += BigInt(regionRetired);
    this.#modeChanged();
    if (callbackRecord !== 0) {
      // The rest of the block still stands as it was written down; what comes behind it is translated anew.
      Atomics.or(this.#attention, 0, ATTENTION.message);
      const exit = this.#run(callbackRecord + RECORD_BYTES, 1, this.#mmu.tlbAddress, this.blocks.jumpCache);
      // pc is at the instruction that is illegal, which shows again when that is translated.
      if (exit !== EXIT.illegal) this.#left(exit);
    }
    this.blocks.flush();
    this.#modeChanged();
  }

  /** Remembers by which link generated code was left, and where it is to lead. */
  #openLink(): void {
    const { exitLink, flushes } = this.view;
    this.#open = exitLink === 0 ? undefined : { slot: exitLink, pc: this.hart.state.pc, flushes };
  }

  /** Lets the link that is open lead to `record`, the block at `pc`, if that is where it should lead. */
  #link(pc: bigint, record: number): void {
    const open = this.#open;
    this.#open = undefined;
    // Links live in the area that a flush empties.
    if (open?.pc === pc && open.flushes === this.view.flushes) this.blocks.link(open.slot, pc, record);
  }

  /** The record to run at `pc`; 0 where the fetch trapped. */
  #enter(pc: bigint): number {
    try {
      return this.blocks.enter(pc, this.#open?.pc === pc ? this.#open.slot : 0);
    } catch (thrown) {
      if (!(thrown instanceof Trap)) throw thrown;
      this.#raise(thrown);
      return 0;
    }
  }

  #door(record: number): void {
    const { hart } = this;
    const raw = Number(this.#records.getBigUint64(record + RECORD.immediate, true));
    try {
      const decoded = decodeWord(raw);
      const door = decoded && DOORS[decoded.instruction.name];
      if (!door) throw illegalInstruction(raw);
      door(hart, decoded);
      hart.state.minstret++;
      this.#modeChanged();
      this.#lookForInterrupt = true;
    } catch (thrown) {
      if (!(thrown instanceof Trap)) throw thrown;
      this.#raise(thrown);
    }
  }

  #raise({ cause, tval }: Trap): void {
    this.hart.raise(cause, tval);
    this.#modeChanged();
  }
}
