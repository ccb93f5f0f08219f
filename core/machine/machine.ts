/**
 * A machine: the shared memory with everything in it, one thread for each vCPU and one for the clock, and main's side of
 * them. What changes its run state runs one after the other.
 */
import { MessageChannel, Worker } from 'node:worker_threads';
import type { MachineConfig } from '../../schema/config.ts';
import type { Finish } from '../devices/test-sifive.ts';
import { setInterruptLine } from '../hart/lines.ts';
import { acknowledge } from '../hart/outbox.ts';
import type { Request, Text } from '../hart/protocol.ts';
import { HART_STATE_OFFSET, VcpuState } from '../hart/state.ts';
import { CodePages } from '../jit/code-pages.ts';
import { createGuestInterpreter } from '../jit/handlers.ts';
import type { TranslatorClient, TranslatorWorkerData } from '../jit/region/translator-worker.ts';
import { createMemory, type Layout, layoutOf, ROM_BYTES } from '../memory/layout.ts';
import { PhysicalMemory } from '../memory/physical.ts';
import { HartState } from '../riscv/state.ts';
import { type BackEnds, connectBackEnds } from './back-ends.ts';
import { type BootImage, fillMemory } from './boot/boot.ts';
import { bootImageOf } from './boot/boot-image.ts';
import { timeOfDay } from './clock.ts';
import type { ClockWorkerData } from './clock-worker.ts';
import { codeStatisticsOf } from './code-statistics.ts';
import { Debugger } from './debugger.ts';
import { type Equipment, equip, type Fitting } from './equipment.ts';
import { MachineMemory } from './guest-memory.ts';
import { MachineInspection } from './inspect/machine-inspection.ts';
import type {
  BlockBackend,
  CharacterBackend,
  CodeStatistics,
  Machine,
  MachineEvent,
  Pace,
  RunState,
  ShutdownReason,
  VirtioDevice,
} from './interface.ts';
import { Plugins } from './plugins.ts';
import { VcpuRegisters } from './registers.ts';
import { SerialLink } from './serial-link.ts';
import { configurationOf } from './snapshot/configuration.ts';
import { Contents } from './snapshot/contents.ts';
import { Snapshots } from './snapshot/snapshots.ts';
import { storesOf } from './snapshot/stores.ts';
import { TraceControl } from './trace-control.ts';
import { type Announcement, VcpuThread } from './vcpu-thread.ts';
import { attachDevices, type Board, memoryRanges, memoryRegions } from './virt.ts';
import { Watchdog } from './watchdog.ts';

/** Milliseconds for which code of a plugin may run by default. */
const PATIENCE_MS = 10_000;

type Config = MachineConfig<CharacterBackend, VirtioDevice, BlockBackend>;

/** What a machine is made from, once it is known to fit together. */
interface Parts {
  readonly config: Config;
  readonly fitting: Fitting;
  readonly equipment: Equipment;
  readonly image: BootImage;
  readonly layout: Layout;
  readonly memory: WebAssembly.Memory;
}

class VirtMachine implements Machine {
  readonly vcpus: readonly VcpuRegisters[];
  readonly memory: MachineMemory;
  readonly instrumentation: Plugins;
  readonly traceEvents: TraceControl;
  rebootAction: 'reset' | 'shutdown';
  readonly debug: Debugger;
  readonly inspection: MachineInspection;
  readonly snapshots: Snapshots;
  readonly #config: Config;
  readonly #layout: Layout;
  readonly #buffer: SharedArrayBuffer;
  readonly #board: Board;
  readonly #image: BootImage;
  readonly #threads: readonly VcpuThread[];
  readonly #clock: Worker;
  readonly #translator: Worker;
  readonly #watchdog: Watchdog;
  readonly #serial: SerialLink;
  readonly #backEnds: BackEnds;
  readonly #listeners = new Set<(event: MachineEvent) => void>();
  #runState: RunState = 'prelaunch';
  /** How the vCPUs were started last; undefined where all run. */
  #paces: readonly Pace[] | undefined;
  /** What the guest has asked for and has not been done yet. */
  #asked: Finish | undefined;
  /** Settles when what was asked for last is done. Never rejects. */
  #last: Promise<unknown> = Promise.resolve();

  constructor({ config, fitting, equipment, image, layout, memory }: Parts) {
    const { smp, ramBytes } = config;
    this.#config = config;
    this.rebootAction = config.noReboot ? 'shutdown' : 'reset';
    this.#image = image;
    this.#layout = layout;
    const { buffer } = memory;
    this.#buffer = buffer;
    const physical = new PhysicalMemory(memoryRegions(layout));
    const codePages = new CodePages(buffer, layout, -1);
    this.#board = attachDevices(buffer, layout, {
      equipment,
      timeOfDay,
      hostNow: process.hrtime.bigint,
      raise: (hart, bit, level) => setInterruptLine(buffer, layout, hart, bit, level),
      // Main makes no accesses: these come from vCPUs.
      finish: () => {},
      serialKick: () => {},
      virtioKick: () => {},
      flashKick: () => {},
      storeInPage: (place, store) => codePages.write(place, store),
      report: (sentence) => this.#config.report?.(sentence),
    });
    this.#board.reset();
    this.#fill();
    this.#serial = new SerialLink(this.#board.serial, config.serial);
    this.#backEnds = connectBackEnds(this.#board, equipment, fitting, (sentence) => config.report?.(sentence));
    this.snapshots = this.#makeSnapshots(equipment, fitting);
    this.memory = new MachineMemory({
      buffer,
      physical,
      codePages,
      harts: layout.vcpus.map(({ state }) => HartState.view(buffer, state + HART_STATE_OFFSET)),
      ramBytes,
      ranges: memoryRanges(this.#board.bus, ramBytes),
    });
    this.inspection = new MachineInspection({ buffer, layout, board: this.#board, image, physical, config });
    this.vcpus = layout.vcpus.map((_, index) => new VcpuRegisters(buffer, layout, index, this.#board.time));
    this.#clock = new Worker(new URL('./clock-worker.ts', import.meta.url), {
      workerData: { buffer, vcpus: smp, ramBytes, equipment } satisfies ClockWorkerData,
      name: 'clock',
    });
    this.#translator = new Worker(new URL('../jit/region/translator-worker.ts', import.meta.url), {
      workerData: { buffer, vcpus: smp, ramBytes, ram: physical.regions[0]! } satisfies TranslatorWorkerData,
      name: 'translator',
    });
    this.#translator.on('message', (error: Error) =>
      this.#config.report?.(`the translator has failed: ${error.stack}`),
    );
    const patienceMs = config.patienceMs ?? PATIENCE_MS;
    const module = new WebAssembly.Module(createGuestInterpreter(layout.wasmPages).bytes);
    this.#threads = layout.vcpus.map(
      (_, index) =>
        new VcpuThread(
          () => ({
            memory,
            vcpus: smp,
            ramBytes,
            index,
            module,
            regions: physical.regions,
            resetVector: image.resetVector,
            equipment,
            translator: this.#connectTranslator(index),
            patienceMs,
            takesOver: false,
          }),
          {
            announced: (vcpu, message) => this.#announced(vcpu, message),
            died: (vcpu, error) => this.#died(vcpu, error),
          },
        ),
    );
    const askAll = (request: Request): Promise<readonly unknown[]> => this.#askAll(request);
    this.instrumentation = new Plugins({
      buffer,
      layout,
      askAll,
      askFirst: (request) => this.#threads[0]!.ask(request),
      emit: (event) => this.#emit(event),
      find: config.findPlugin,
    });
    this.traceEvents = new TraceControl(askAll);
    this.debug = new Debugger({
      askAll,
      ask: (vcpu, request) => this.#threads[vcpu]!.ask(request),
      isRunning: () => this.#runState === 'running',
      resume: (paces) => this.#continue(paces),
      pc: (vcpu) => this.vcpus[vcpu]!.register('pc')!,
    });
    this.#watchdog = new Watchdog(buffer, layout, patienceMs, (vcpu, plugin, message) =>
      this.#replace(vcpu, plugin, message),
    );
  }

  /** Has another thread go on for that of a vCPU, which is at an end in plugin number `plugin`. */
  async #replace(vcpu: number, plugin: number, message: string): Promise<void> {
    await this.#threads[vcpu]!.replace(message, async (ask) => {
      await this.traceEvents.restore(ask);
      await this.debug.restore(ask);
      await this.instrumentation.restore(ask, plugin);
    });
    this.instrumentation.stuck(plugin, vcpu, message);
  }

  /** The vCPU's end of a new connection to the translator. */
  #connectTranslator(vcpu: number): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#translator.postMessage({ vcpu, port: port2 } satisfies TranslatorClient, [port2]);
    return port1;
  }

  #makeSnapshots(equipment: Equipment, fitting: Fitting): Snapshots {
    const { machine, smp, ramBytes } = this.#config;
    const stores = storesOf({ buffer: this.#buffer, layout: this.#layout, board: this.#board, equipment, fitting });
    const contents = new Contents(configurationOf(machine, smp, ramBytes, equipment), stores, this.#board.clock);
    const self = this;
    return new Snapshots(contents, {
      get runState() {
        return self.#runState;
      },
      set runState(runState) {
        self.#runState = runState;
      },
      get isEnding() {
        return self.#asked !== undefined;
      },
      inTurn: (job) => this.#inTurn(job),
      pause: () => this.#pause(),
      // Where a debugger's stop has come up, it is due next.
      resume: async () => {
        if (!this.debug.hasArrived) await this.#resume(this.#paces);
      },
      emit: (event) => this.#emit(event),
      beforeRestore: () => this.#backEnds.finished(),
      restored: () => this.#restored(),
    });
  }

  /** Resolves when every vCPU has its thread. */
  async ready(): Promise<void> {
    await Promise.all(this.#threads.map(({ ready }) => ready));
  }

  get runState(): RunState {
    return this.#runState;
  }

  /** What lies in memory at power-on. */
  #fill(): void {
    const { rom, ram, ramBytes } = this.#layout;
    fillMemory(this.#image, new Uint8Array(this.#buffer, rom, ROM_BYTES), new Uint8Array(this.#buffer, ram, ramBytes));
  }

  /** Waits for every answer, even after a failure, so that nothing is under way when it returns. */
  async #askAll(request: Request): Promise<readonly unknown[]> {
    const outcomes = await Promise.allSettled(this.#threads.map((thread) => thread.ask(request)));
    return outcomes.map((outcome) => {
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value;
    });
  }

  #inTurn<T>(job: () => Promise<T>): Promise<T> {
    const result = this.#last.then(job);
    this.#last = result.catch(() => {});
    return result;
  }

  #emit(event: MachineEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  onEvent(listener: (event: MachineEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #pause(): Promise<void> {
    await this.#askAll({ type: 'park' });
    await this.#backEnds.setRunning(false);
    this.#board.setTimeRunning(false);
  }

  /** @param paces by vCPU; by default all run */
  async #resume(paces: readonly Pace[] = this.vcpus.map(() => 'run')): Promise<void> {
    await this.debug.inform();
    if (paces.some((pace) => pace === 'run' || pace === 'step-or-interrupt')) this.#board.setTimeRunning(true);
    await this.#backEnds.setRunning(true);
    await this.debug.start(paces);
  }

  stop(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#runState !== 'running') return;
      await this.#pause();
      this.#runState = 'paused';
      this.#emit({ name: 'STOP' });
    });
  }

  cont(): Promise<void> {
    return this.#continue();
  }

  #continue(paces?: readonly Pace[]): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#runState === 'running') return;
      if (this.#runState === 'shutdown') throw new Error('the machine has shut down');
      if (this.#runState === 'internal-error') throw new Error('Resetting the Virtual Machine is required');
      this.#runState = 'running';
      this.#paces = paces;
      this.#emit({ name: 'RESUME' });
      if (this.debug.isDue) await this.#stopForDebugger();
      else await this.#resume(paces);
    });
  }

  /** A vCPU has a reason to stop for the debugger, unless the machine has stopped for another one meanwhile. */
  async #stopForDebugger(): Promise<void> {
    if (this.#runState !== 'running' || !this.debug.takeStop()) return;
    await this.#pause();
    this.#runState = 'debug';
    this.#emit({ name: 'STOP' });
  }

  reset(reason: ShutdownReason): Promise<void> {
    return this.#inTurn(() => this.#reset(reason));
  }

  async #reset(reason: ShutdownReason): Promise<void> {
    if (this.#runState === 'shutdown') throw new Error('the machine has shut down');
    await this.#pause();
    this.#paces = undefined;
    this.debug.forgetStops();
    this.#board.reset();
    new Uint8Array(this.#buffer, this.#layout.ram, this.#layout.ramBytes).fill(0);
    this.#fill();
    await this.#askAll({ type: 'reset' });
    if (this.#runState === 'internal-error') this.#runState = 'paused';
    this.#emit({ name: 'RESET', guest: reason.startsWith('guest-'), reason });
    if (this.#runState === 'running') await this.#resume();
  }

  shutdown(reason: ShutdownReason): Promise<void> {
    return this.#inTurn(() => this.#shutdown(reason, 0));
  }

  async #shutdown(reason: ShutdownReason, exitCode: number): Promise<void> {
    if (this.#runState === 'shutdown') return;
    this.#runState = 'shutdown';
    await this.#pause().catch(() => {});
    await this.instrumentation.close();
    this.#serial.kicked();
    this.#emit({ name: 'SHUTDOWN', guest: reason.startsWith('guest-'), reason, exitCode });
    await Promise.all(this.#threads.map((thread) => thread.end()));
    await this.#backEnds.finished();
    this.#watchdog.close();
    this.#board.clock.end();
    await Promise.all([this.#clock.terminate(), this.#translator.terminate()]);
  }

  #announced(vcpu: number, message: Announcement): void {
    switch (message.type) {
      case 'serial':
        this.#serial.kicked();
        break;
      case 'virtio':
        this.#backEnds.virtioKick(message.slot);
        break;
      case 'flash':
        this.#backEnds.flashKick(message.bank);
        break;
      case 'finish':
        this.#asked = message.finish;
        void this.#inTurn(() => this.#finish());
        break;
      case 'stopped':
        this.debug.arrived({ vcpu, ...message.stop });
        void this.#inTurn(() => this.#stopForDebugger());
        break;
      case 'plugin-failed':
        this.instrumentation.failed(message.id, vcpu, message.message);
        break;
      case 'text':
        void this.#text(vcpu, message.texts);
        break;
      case 'report':
        this.#config.report?.(message.sentence);
    }
  }

  async #finish(): Promise<void> {
    if (this.#runState === 'shutdown' || !this.#asked) return;
    const { kind, code } = this.#asked;
    this.#asked = undefined;
    if (kind === 'reset' && this.rebootAction === 'reset') return this.#reset('guest-reset');
    const reason = kind === 'reset' ? 'guest-reset' : kind === 'pass' ? 'guest-shutdown' : 'guest-panic';
    await this.#shutdown(reason, kind === 'fail' ? code : 0);
  }

  async #text(vcpu: number, texts: readonly Text[]): Promise<void> {
    const { trace, output } = this.#config;
    for (const { id, name, text } of texts) {
      if (id !== '') await output?.(id, name, text);
      else for (const line of text.split('\n').slice(0, -1)) trace?.(line);
    }
    acknowledge(new Int32Array(this.#buffer, this.#layout.vcpus[vcpu]!.state + VcpuState.offset.textPending, 1), texts);
  }

  #died(vcpu: number, error: Error): boolean {
    if (this.#runState === 'shutdown') return false;
    const running = this.#watchdog.running(vcpu);
    if (running !== 0) {
      this.#replace(vcpu, running, `it has ended its thread: ${error.message}`).catch(() => {});
      return true;
    }
    this.#config.report?.(`vCPU ${vcpu} has failed: ${error.stack ?? error.message}`);
    this.#runState = 'internal-error';
    this.#emit({ name: 'STOP' });
    return false;
  }

  async #restored(): Promise<void> {
    this.#asked = undefined;
    this.#paces = undefined;
    this.debug.forgetStops();
    this.#board.clock.changed();
    await this.#askAll({ type: 'restored' });
    this.#serial.kicked();
    for (const bank of this.#board.flash.keys()) this.#backEnds.flashKick(bank);
  }

  codeStatistics(): readonly CodeStatistics[] {
    return this.#layout.vcpus.map(({ state }) => codeStatisticsOf(this.#buffer, state));
  }
}

/**
 * Makes a machine. It stands before its first instruction, unless `paused` is false.
 * @throws BootError, ElfError, FdtError firmware, kernel, RAM disk or device tree cannot be loaded
 * @throws EquipmentError the board has no place for what it is to be fitted with
 * @throws RangeError there is not enough memory on the host
 */
export async function createMachine(config: Config): Promise<Machine> {
  const { smp, ramBytes, virtio = [], flash = [], fwCfgFiles = [] } = config;
  const fitting = { virtio, flash, fwCfgFiles };
  const equipment = await equip(fitting);
  const image = bootImageOf(config);
  const layout = layoutOf(smp, ramBytes);
  const machine = new VirtMachine({ config, fitting, equipment, image, layout, memory: createMemory(layout) });
  await machine.ready();
  if (!config.paused) await machine.cont();
  return machine;
}
