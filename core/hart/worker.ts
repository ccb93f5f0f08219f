/**
 * The thread of one vCPU: runs guest code, and between blocks does what main asks for. It starts parked, and blocks the
 * thread while it has nothing to do; only while a plugin is imported does it go back to Node's event loop.
 */
import { readlinkSync } from 'node:fs';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Finish } from '../devices/test-sifive.ts';
import { CodePages } from '../jit/code-pages.ts';
import { createGuestInterpreter } from '../jit/handlers.ts';
import { RemoteTranslator } from '../jit/region/translator.ts';
import { timeOfDay } from '../machine/clock.ts';
import { attachDevices } from '../machine/virt.ts';
import { layoutOf } from '../memory/layout.ts';
import { PhysicalMemory } from '../memory/physical.ts';
import { CounterPool, type PluginBinding, PluginInstance } from '../plugin/instance.ts';
import { describePlugin, importPlugin } from '../plugin/load.ts';
import type { Plugin, VcpuInfo } from '../plugin/plugin.ts';
import { RecordPool } from '../plugin/recorder.ts';
import { TRACE_EVENTS, trapLine } from '../plugin/trace-events.ts';
import { PluginWatch } from './custody.ts';
import type { Start } from './debugger.ts';
import { setInterruptLine } from './lines.ts';
import { Outbox } from './outbox.ts';
import type { Collected, Message, NumberedRequest, Request, WorkerStart } from './protocol.ts';
import { ATTENTION, VcpuState } from './state.ts';
import { Vcpu } from './vcpu.ts';

const { memory, vcpus, ramBytes, index, module, regions, resetVector, equipment, translator, patienceMs, takesOver } =
  workerData as WorkerStart;
const { buffer } = memory;
const layout = layoutOf(vcpus, ramBytes);
const { state } = layout.vcpus[index]!;
const attention = new Int32Array(buffer, state + VcpuState.offset.attention, 1);
const port = parentPort!;

const post = (message: Message): void => port.postMessage(message);
const outbox = new Outbox(new Int32Array(buffer, state + VcpuState.offset.textPending, 1), (texts) =>
  post({ type: 'text', texts }),
);

/** Trace events that are on. */
const traced = new Set<string>();
const trace = (name: string, text: string): void => {
  if (traced.has(name)) outbox.write('', '', `${name} ${text}\n`);
};

let finish: Finish | undefined;
/** Makes `run` return at the end of the block. */
const lookUp = (): void => void Atomics.or(attention, 0, ATTENTION.message);

const codePages = new CodePages(buffer, layout, index);
const board = attachDevices(buffer, layout, {
  equipment,
  hostNow: process.hrtime.bigint,
  timeOfDay,
  raise: (hart, bit, level) => setInterruptLine(buffer, layout, hart, bit, level),
  finish: (asked) => {
    finish = asked;
    lookUp();
  },
  serialKick: () => post({ type: 'serial' }),
  virtioKick: (slot) => post({ type: 'virtio', slot }),
  flashKick: (bank) => post({ type: 'flash', bank }),
  storeInPage: (place, store) => codePages.write(place, store),
  report: (sentence) => post({ type: 'report', sentence }),
});

const watch = new PluginWatch(buffer, layout, index);
const pools = { counters: new CounterPool(buffer, layout, index), records: new RecordPool(buffer, layout, index) };
const prepared = new Map<string, PluginInstance>();
const active = new Set<PluginInstance>();

const vcpu = new Vcpu({
  memory,
  layout,
  index,
  interpreter: createGuestInterpreter(layout.wasmPages),
  module,
  physical: new PhysicalMemory(regions),
  codePages,
  translator: new RemoteTranslator(translator),
  bus: board.bus,
  time: board.time,
  setSupervisorTimer: (deadline) => board.setSupervisorTimer(index, deadline),
  trapped: (cause, interrupt, epc, tval) => {
    if (traced.has('riscv_trap')) trace('riscv_trap', trapLine(index, cause, interrupt, epc, tval));
  },
  pluginFailed: (plugin) => {
    active.delete(plugin);
    post({ type: 'plugin-failed', id: plugin.id, message: plugin.failure!.message });
  },
  breathe: () => outbox.flushLate(),
  beforeSleep: () => outbox.flush(),
});

function traceBus(): void {
  if (!traced.has('memory_region_ops_read') && !traced.has('memory_region_ops_write')) {
    board.bus.trace = undefined;
    return;
  }
  board.bus.trace = (kind, region, address, bytes, value) =>
    trace(
      `memory_region_ops_${kind}`,
      `cpu ${index} addr 0x${address.toString(16)} value 0x${value.toString(16)} size ${bytes} name '${region}'`,
    );
}

/** Trace events from translated code, by name. */
const tracers = new Map<string, PluginInstance>();

function setTracer(name: string, plugin: Plugin, enabled: boolean): void {
  const tracer = tracers.get(name);
  if (enabled === (tracer !== undefined)) return;
  if (tracer) {
    vcpu.removePlugin(tracer);
    tracer.dispose();
    tracers.delete(name);
  } else {
    const info: VcpuInfo = { index, vcpus, write: (_, text) => trace(name, text) };
    const instance = new PluginInstance(plugin, { id: name, number: 0, url: '', args: {}, counters: {} }, info, pools);
    tracers.set(name, instance);
    vcpu.addPlugin(instance);
  }
}

function setTrace(names: readonly string[], enabled: boolean): void {
  for (const name of names) {
    if (enabled) traced.add(name);
    else traced.delete(name);
    const { plugin } = TRACE_EVENTS.find((event) => event.name === name)!;
    if (plugin) setTracer(name, plugin, enabled);
  }
  traceBus();
}

let parked = true;
let start: Start = 'run';
let ended = false;

function setParked(park: boolean): void {
  if (parked === park) return;
  parked = park;
  vcpu.view.parked = Number(park);
  trace(park ? 'guest_cpu_exit' : 'guest_cpu_enter', `cpu:${index}`);
}

async function importWatched(url: string, number: number): Promise<Plugin> {
  watch.enter(number);
  try {
    return await importPlugin(url, patienceMs);
  } finally {
    watch.leave();
  }
}

async function prepare(binding: PluginBinding): Promise<void> {
  const plugin = await importWatched(binding.url, binding.number);
  const info: VcpuInfo = { index, vcpus, write: (name, text) => outbox.write(binding.id, name, text) };
  prepared.set(binding.id, new PluginInstance(plugin, binding, info, pools, watch));
}

/** @throws Error where it is not here: this thread has taken over from one that had it */
function preparedAs(id: string): PluginInstance {
  const plugin = prepared.get(id);
  if (!plugin) throw new Error(`vCPU ${index} has lost it`);
  return plugin;
}

/** What the plugin throws at its last event; undefined where it does not, or is not here. */
function remove(id: string): string | undefined {
  const plugin = prepared.get(id);
  if (!plugin) return undefined;
  if (active.delete(plugin)) vcpu.removePlugin(plugin);
  const failedBefore = plugin.failure !== undefined;
  plugin.dispose();
  prepared.delete(id);
  outbox.flush();
  return failedBefore ? undefined : plugin.failure?.message;
}

function collect(id: string): Collected {
  const plugin = preparedAs(id);
  const part = plugin.collect();
  if (plugin.failure) {
    vcpu.detachFailed();
    throw plugin.failure;
  }
  return { part, blocks: vcpu.blocks.blocksOf(plugin) };
}

async function serve(request: Request): Promise<unknown> {
  switch (request.type) {
    case 'park':
      return setParked(true);
    case 'resume':
      start = request.start;
      return setParked(false);
    case 'reset':
      trace('guest_cpu_reset', `cpu:${index}`);
      return vcpu.reset(resetVector);
    case 'restored':
      return vcpu.restored();
    case 'describe':
      return describePlugin(await importWatched(request.url, request.plugin));
    case 'prepare':
      return prepare(request.binding);
    case 'activate': {
      const plugin = preparedAs(request.id);
      active.add(plugin);
      return vcpu.addPlugin(plugin);
    }
    case 'remove':
      return remove(request.id);
    case 'collect':
      return collect(request.id);
    case 'report':
      return preparedAs(request.id).report(request.input);
    case 'trace':
      return setTrace(request.names, request.enabled);
    case 'set-points':
      return vcpu.debug.setPoints(request.points);
    case 'write-register':
      return vcpu.debug.writeRegister(request.name, request.value);
    case 'exit':
      for (const id of [...prepared.keys()]) remove(id);
      ended = true;
  }
}

async function serveAll(): Promise<void> {
  for (let next = receiveMessageOnPort(port); next && !ended; next = receiveMessageOnPort(port)) {
    const { number, request } = next.message as NumberedRequest;
    vcpu.view.serving = number + 1;
    try {
      post({ type: 'answer', number, value: await serve(request) });
    } catch (error) {
      post({ type: 'answer', number, error: error instanceof Error ? error.message : String(error) });
    }
    vcpu.view.serving = 0;
  }
}

/** Blocks the thread until there is a message. Other reasons to look up stay where they are. */
function sleep(): void {
  outbox.flush();
  for (;;) {
    const reasons = Atomics.load(attention, 0);
    if (reasons & ATTENTION.message) break;
    Atomics.wait(attention, 0, reasons);
  }
  Atomics.and(attention, 0, ~ATTENTION.message);
}

/** The number by which the host's tools know this thread; 0 where the host does not tell. */
function hostThread(): number {
  try {
    return Number(/\d+$/.exec(readlinkSync('/proc/thread-self'))?.[0] ?? 0);
  } catch {
    return 0;
  }
}

vcpu.view.threadId = hostThread();
if (takesOver) {
  vcpu.takeOver();
} else {
  vcpu.view.parked = 1;
  vcpu.reset(resetVector);
}
post({ type: 'ready' });
while (!ended) {
  await serveAll();
  if (ended) break;
  if (parked) {
    sleep();
    continue;
  }
  vcpu.debug.start(start);
  start = 'run';
  let stop = vcpu.debug.takeStop();
  if (!stop) {
    vcpu.run();
    stop = vcpu.debug.takeStop();
  }
  if (finish || stop) setParked(true);
  if (finish) post({ type: 'finish', finish });
  if (stop) post({ type: 'stopped', stop });
  finish = undefined;
}
outbox.flush();
port.close();
translator.close();
