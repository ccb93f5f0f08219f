/**
 * One machine with everything around it, from the first file opened to the exit status.
 *
 * Start-up goes from the outside in: images, character devices, the machine, its monitors, plugins, trace events; only
 * then does the guest run. The end takes down the same in reverse, after every client has received what it is owed.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { BootError } from '../core/machine/boot/boot.ts';
import { ElfError } from '../core/machine/boot/elf.ts';
import { FdtError } from '../core/machine/boot/fdt-read.ts';
import { EquipmentError } from '../core/machine/equipment.ts';
import {
  type BlockBackend,
  type CharacterBackend,
  InstrumentationError,
  type Machine,
  type MachineEvent,
  type ShutdownReason,
  type VirtioDevice,
} from '../core/machine/interface.ts';
import type { BackEnds } from '../monitor/back-ends.ts';
import type { Context, HumanCommand } from '../monitor/command.ts';
import { newDumpProgress } from '../monitor/dump/progress.ts';
import { EventFeed } from '../monitor/events.ts';
import { serveGdb } from '../monitor/gdb/serve.ts';
import type { Host } from '../monitor/host.ts';
import { Jobs } from '../monitor/jobs.ts';
import { serveJsonRpc } from '../monitor/json-rpc/session.ts';
import { serveQmp } from '../monitor/qmp.ts';
import { createRegistry } from '../monitor/registry.ts';
import type { ByteStream, MessageStream } from '../monitor/stream.ts';
import { type MachineConfig, RAM_ID } from '../schema/config.ts';
import { backEndsOf } from './back-ends.ts';
import { Chardev, type ChardevEnvironment } from './chardev/chardev.ts';
import { ChardevSet } from './chardev/chardevs.ts';
import { monitorFrontEnd } from './chardev/monitor.ts';
import { SerialLine } from './chardev/serial.ts';
import type { Stdio } from './chardev/stdio.ts';
import type { Config, MonitorSpec } from './config/config.ts';
import type { Option } from './config/option.ts';
import { openDevices, type Plugged } from './devices.ts';
import { reasonOf, UsageError } from './errors.ts';
import { GdbServer } from './gdb-server.ts';
import { hostOf } from './host.ts';
import { type Images, readImages } from './images.ts';
import type { Log } from './log.ts';
import { findPlugin, PluginOutput } from './plugins.ts';
import { writableDrives } from './snapshots/drives.ts';
import { SnapshotFolder } from './snapshots/store.ts';
import { enableTrace, openTrace } from './trace.ts';
import { WebSocketListener } from './websocket/listener.ts';

/** The human monitor, as the daemon needs it. */
export interface HumanMonitor {
  readonly commands: readonly HumanCommand[];
  /** Serves one console until its stream closes. */
  serve(stream: ByteStream, context: Context): void;
  /** One line for `human-monitor-command`. */
  run(context: Context, line: string, vcpu?: number): Promise<string>;
}

/** What the daemon is made with. */
export interface Environment {
  createMachine(config: MachineConfig<CharacterBackend, VirtioDevice, BlockBackend>): Promise<Machine>;
  readonly human: HumanMonitor;
  readonly log: Log;
  readonly stdio: Stdio;
  /** Every option of the command line. */
  readonly options: readonly Option[];
  /** Tells the person who starts the daemon something, in one line. */
  report(line: string): void;
  /** Index of the front end that a mux begins with: the serial line is 0, the first monitor 1. */
  readonly focus: number;
}

export class Daemon {
  readonly #config: Config;
  readonly #host: Host;
  readonly #environment: Environment;
  readonly #chardevs = new Map<string, Chardev>();
  readonly #listeners: WebSocketListener[] = [];
  /** What takes down what has been started, in the order of the start. */
  readonly #undo: (() => void | Promise<void>)[] = [];
  readonly #resolveEnded: (status: number) => void;
  readonly #chardevEnvironment: ChardevEnvironment;
  #machine: Machine | undefined;
  #gdb: GdbServer | undefined;
  /** Of the pid file, once it has been written. */
  #pidFile: string | undefined;
  #exitCode: number | undefined;
  #ending: Promise<void> | undefined;

  /** The exit status, 0 to 255: 0, or what the guest has ended with. Resolves when everything has been taken down. */
  readonly ended: Promise<number>;

  constructor(config: Config, environment: Environment) {
    this.#config = config;
    this.#environment = environment;
    const { promise, resolve } = Promise.withResolvers<number>();
    this.ended = promise;
    this.#resolveEnded = resolve;
    const { stdio, report, focus } = environment;
    const mux = { focus, exit: () => void this.shutdown('host-ui'), now: () => new Date() };
    this.#chardevEnvironment = { stdio, report, mux };
    this.#host = hostOf(config, environment.options, new ChardevSet(this.#chardevs, this.#chardevEnvironment));
  }

  /**
   * Resolves when clients are served and the guest runs, unless it is to wait.
   * @throws UsageError what cannot be had; everything has been taken down again
   */
  async start(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      await this.#takeDown();
      throw error;
    }
  }

  /** Ends the machine and the daemon; `ended` tells when. Also ends a daemon that still waits for its first client. */
  async shutdown(reason: ShutdownReason): Promise<void> {
    await this.#machine?.shutdown(reason);
    this.#end();
  }

  /** Gives back what would outlive a process that is about to fail: terminal mode, sockets' paths, the pid file. */
  abandon(): void {
    for (const chardev of this.#chardevs.values()) chardev.abandon();
    for (const listener of this.#listeners) listener.abandon();
    this.#gdb?.abandon();
    this.#removePidFile();
  }

  async #start(): Promise<void> {
    const { log } = this.#environment;
    const config = this.#config;
    const images = await readImages(config);
    const trace = openTrace(config.trace, log);
    this.#undo.push(() => trace.flush());

    await this.#openChardevs();
    const serial = this.#connectLine(config.serial?.chardev, config.serial?.option ?? '-serial');
    const { plugged, ...opened } = await this.#openDevices();
    this.#writePidFile();

    const machine = await this.#createMachine({ ...images, ...plugged }, serial, trace.line);
    const snapshots = await this.#openSnapshots(machine);
    this.#connectMonitors(machine, backEndsOf(config, this.#chardevs, opened), snapshots);
    await this.#loadPlugins(machine);
    await enableTrace(config.trace, machine, (line) => this.#environment.report(line));
    await this.#loadSnapshot(snapshots);
    for (const chardev of this.#chardevs.values()) chardev.start();
    for (const listener of this.#listeners) await listener.open();
    log.info({ pid: process.pid, smp: config.smp, ramBytes: config.ramBytes }, 'the machine is ready');
    if (!config.paused && this.#ending === undefined) await machine.cont();
  }

  async #openChardevs(): Promise<void> {
    this.#undo.push(async () => {
      await Promise.all(Array.from(this.#chardevs.values(), (chardev) => chardev.close()));
    });
    for (const spec of this.#config.chardevs) {
      const chardev = new Chardev(spec, this.#chardevEnvironment);
      this.#chardevs.set(spec.id, chardev);
      await chardev.open();
    }
  }

  /** A line to a character device, or to nothing. */
  #connectLine(chardev: string | undefined, option: string): SerialLine {
    const line = new SerialLine();
    if (chardev !== undefined) this.#chardevs.get(chardev)!.connect(line, option);
    return line;
  }

  #openDevices(): ReturnType<typeof openDevices> {
    return openDevices(this.#config, {
      connectConsole: (chardev, option) => this.#connectLine(chardev, option),
      report: (line) => this.#environment.report(line),
      undo: (close) => this.#undo.push(close),
    });
  }

  async #createMachine(parts: Images & Plugged, serial: SerialLine, trace: (line: string) => void): Promise<Machine> {
    const { log } = this.#environment;
    const { machine: type, smp, ramBytes, append, noReboot } = this.#config;
    const output = new PluginOutput((problem) => log.warn({}, problem));
    this.#undo.push(() => output.close());
    const machine = await this.#environment
      .createMachine({
        machine: type,
        smp,
        ramBytes,
        ...parts,
        ...(append === undefined ? {} : { append }),
        noReboot,
        // Plugins and trace events are in place before the first instruction.
        paused: true,
        serial,
        labels: this.#labels(),
        trace,
        findPlugin,
        output: (plugin, name, text) => output.write(plugin, name, text),
        report: (sentence) => log.warn({}, sentence),
      })
      .catch((error: unknown) => {
        throw asUsageError(error);
      });
    this.#machine = machine;
    this.#undo.push(() => machine.shutdown('host-signal'));
    this.#undo.push(machine.onEvent((event) => this.#happened(event)));
    const closeFiles = (event: MachineEvent): void => {
      if (event.name === 'INSTR_UNLOADED') void output.close(event.id);
    };
    this.#undo.push(machine.onEvent(closeFiles));
    return machine;
  }

  /** What is behind the devices of the board. */
  #labels(): Readonly<Record<string, string>> {
    const { serial, flash } = this.#config;
    const drives = flash.flatMap((id, bank) => (id === undefined ? [] : [[`pflash${bank}`, id]]));
    return { ...(serial === undefined ? {} : { serial: serial.chardev }), ...Object.fromEntries(drives) };
  }

  async #openSnapshots({ snapshots }: Machine): Promise<SnapshotFolder | undefined> {
    const folder = this.#config.snapshots;
    return folder === undefined ? undefined : SnapshotFolder.open(folder, snapshots, writableDrives(this.#config));
  }

  async #loadSnapshot(snapshots: SnapshotFolder | undefined): Promise<void> {
    const { loadvm } = this.#config;
    if (loadvm === undefined) return;
    await snapshots?.load(loadvm).catch((error: Error) => {
      throw new UsageError(`-loadvm ${loadvm}: ${error.message}`);
    });
  }

  #connectMonitors(machine: Machine, backEnds: BackEnds, snapshots: SnapshotFolder | undefined): void {
    const { human, log } = this.#environment;
    const events = new EventFeed(machine);
    this.#undo.push(() => events.close());
    const jobs = new Jobs((event) => events.publish(event));
    this.#undo.push(() => jobs.settled());
    const context: Context = {
      machine,
      backEnds,
      host: this.#host,
      dump: newDumpProgress(),
      emit: (happened) => events.publish(happened),
      jobs,
      snapshots,
      name: this.#config.name,
      registry: createRegistry(human.commands),
      quit: () => this.#end(),
      humanMonitorCommand: (line, vcpu) => human.run(context, line, vcpu),
      gdbServer: (device) => gdb.use(device),
    };
    const gdb = new GdbServer(this.#chardevs, this.#chardevEnvironment, (stream) => serveGdb(stream, context));
    this.#gdb = gdb;
    this.#undo.push(() => gdb.close());
    if (this.#config.gdb) gdb.connect(this.#config.gdb);
    this.#makeListeners((stream) => serveJsonRpc(stream, context, events));

    const sessions: Record<MonitorSpec['mode'], (stream: ByteStream, pretty: boolean) => void> = {
      readline: (stream) => human.serve(stream, context),
      control: (stream, pretty) => serveQmp(stream, context, events, { pretty }),
    };
    for (const { chardev, mode, pretty, option } of this.#config.monitors) {
      const frontEnd = monitorFrontEnd(
        (stream) => sessions[mode](stream, pretty),
        () => log.warn({ monitor: option }, 'dropped a client that does not read what it is sent'),
      );
      this.#chardevs.get(chardev)!.connect(frontEnd, option);
    }
  }

  #makeListeners(serve: (stream: MessageStream) => void): void {
    const { log, report } = this.#environment;
    const { jsonRpc, tlsCreds } = this.#config;
    for (const spec of jsonRpc) {
      const creds = tlsCreds.find(({ id }) => id === spec.tlsCreds);
      const dropped = (): void =>
        log.warn({ monitor: spec.option }, 'dropped a client that does not read what it is sent');
      const listener = new WebSocketListener(spec, creds, { serve, report, dropped });
      this.#listeners.push(listener);
      this.#undo.push(() => listener.close());
    }
  }

  async #loadPlugins({ instrumentation }: Machine): Promise<void> {
    for (const { path, args, id, option } of this.#config.plugins) {
      await instrumentation.load(path, { id, args }).catch((error: unknown) => {
        throw error instanceof InstrumentationError ? new UsageError(`${option}: ${error.message}`) : error;
      });
    }
  }

  #happened(event: MachineEvent): void {
    const { log } = this.#environment;
    const { name, ...data } = event;
    if (event.name === 'INSTR_ERROR') {
      log.warn({}, `plugin '${event.id}' failed on vCPU ${event.vcpu} and was removed: ${event.message}`);
    } else {
      log.info(data, name);
    }
    if (event.name !== 'SHUTDOWN') return;
    this.#exitCode ??= event.exitCode;
    // Who has asked for the end by a command is still to receive the reply: `quit` ends the daemon after that.
    if (event.reason === 'host-qmp-quit' || (event.guest && this.#host.shutdownAction === 'pause')) return;
    this.#end();
  }

  /** Begins to take everything down, once what is being answered now has been answered. */
  #end(): void {
    this.#ending ??= new Promise<void>((resolve) => setImmediate(resolve))
      .then(() => this.#takeDown())
      .then(() => this.#resolveEnded((this.#exitCode ?? 0) & 0xff));
  }

  async #takeDown(): Promise<void> {
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) await undo();
  }

  #writePidFile(): void {
    const { pidFile } = this.#config;
    if (pidFile === undefined) return;
    try {
      writeFileSync(pidFile, `${process.pid}\n`);
    } catch (error) {
      throw new UsageError(`cannot create PID file: Could not create '${pidFile}': ${reasonOf(error)}`);
    }
    this.#pidFile = pidFile;
    this.#undo.push(() => this.#removePidFile());
  }

  #removePidFile(): void {
    if (this.#pidFile !== undefined) rmSync(this.#pidFile, { force: true });
  }
}

/** What a machine cannot be made of, as an error of the user's; anything else stays a defect. */
function asUsageError(error: unknown): unknown {
  if ([BootError, ElfError, EquipmentError, FdtError].some((type) => error instanceof type))
    return new UsageError((error as Error).message);
  // Of the only memory that is made: V8 has no class of its own for it.
  if (error instanceof RangeError && error.message.includes('WebAssembly.Memory')) {
    return new UsageError(`cannot set up guest memory '${RAM_ID}': Cannot allocate memory`);
  }
  return error;
}
