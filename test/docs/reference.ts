/**
 * `npm run docs`: writes docs/reference from the registries of commands, options, events and plugins, and the typings of
 * clients.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { options as ctlOptions } from '../../clients/ctl/options.ts';
import { createMachine } from '../../core/machine/machine.ts';
import { importPlugin } from '../../core/plugin/load.ts';
import { STOCK_PLUGINS } from '../../core/plugin/stock/stock.ts';
import { TRACE_EVENTS } from '../../core/plugin/trace-events.ts';
import { CSRS } from '../../core/riscv/csr/table.ts';
import { COMPRESSED_INSTRUCTIONS, INSTRUCTIONS, ISA } from '../../core/riscv/table.ts';
import { humanMonitor } from '../../monitor/human/monitor.ts';
import { createRegistry } from '../../monitor/registry.ts';
import { RAM_BYTES_DEFAULT } from '../../schema/config.ts';
import { options } from '../../server/options.ts';
import { commandLinePage } from './pages/command-line.ts';
import { hmpPage } from './pages/hmp.ts';
import { jsonRpcPage } from './pages/json-rpc.ts';
import { machinePage } from './pages/machine.ts';
import { pluginsPage } from './pages/plugins.ts';
import { protocolTypes } from './pages/protocol.ts';
import { qmpPage } from './pages/qmp.ts';
import { traceEventsPage } from './pages/trace-events.ts';
import { vivariumCtlPage } from './pages/vivarium-ctl.ts';

export const FOLDER = join(import.meta.dirname, '../../docs/reference');
export const TYPINGS = join(import.meta.dirname, '../../clients/protocol.ts');

/** The address map of a machine that nobody has asked to be anything special. */
async function defaultRanges() {
  const machine = await createMachine({
    machine: 'virt',
    smp: 1,
    ramBytes: RAM_BYTES_DEFAULT,
    paused: true,
    serial: { write: () => true, onDrain() {}, onData() {}, resume() {} },
    findPlugin: async (path) => path,
  });
  await machine.shutdown('host-ui');
  return machine.memory.ranges;
}

/** Every page by the name of its file. */
export async function referencePages(): Promise<ReadonlyMap<string, string>> {
  const { commands, human, events } = createRegistry(humanMonitor.commands);
  const plugins = await Promise.all(Array.from(STOCK_PLUGINS.values(), ({ url }) => importPlugin(url, 10_000)));
  const facts = {
    ranges: await defaultRanges(),
    isa: ISA,
    instructions: INSTRUCTIONS,
    compressed: COMPRESSED_INSTRUCTIONS,
    csrs: CSRS.values(),
  };
  return new Map([
    ['machine.md', machinePage(facts)],
    ['qmp.md', qmpPage(commands.values(), events.values())],
    ['json-rpc.md', jsonRpcPage(commands.values(), events.values())],
    ['hmp.md', hmpPage(human.values())],
    ['command-line.md', commandLinePage(options)],
    ['vivarium-ctl.md', vivariumCtlPage(ctlOptions)],
    ['trace-events.md', traceEventsPage(TRACE_EVENTS)],
    ['plugins.md', pluginsPage(plugins)],
  ]);
}

export function typings(): string {
  const { commands, events } = createRegistry(humanMonitor.commands);
  return protocolTypes(commands.values(), events.values());
}

if (import.meta.main) {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, text] of await referencePages()) writeFileSync(join(FOLDER, name), text);
  writeFileSync(TYPINGS, typings());
}
