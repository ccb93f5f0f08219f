/** The list of everything a client can ask for and be told. What is not here does not exist. */
import type { Command, HumanCommand, Registry } from './command.ts';
import { blockCommands } from './commands/block.ts';
import { chardevCommands } from './commands/chardev.ts';
import { chardevInfoCommands } from './commands/chardev-info.ts';
import { deviceStateCommands } from './commands/device-state.ts';
import { deviceCommands } from './commands/devices.ts';
import { hotPlugCommands } from './commands/hot-plug.ts';
import { instrumentationCommands } from './commands/instrumentation.ts';
import { jitCommands } from './commands/jit.ts';
import { jobCommands } from './commands/job.ts';
import { machineCommands } from './commands/machine.ts';
import { memoryCommands } from './commands/memory.ts';
import { networkCommands } from './commands/network.ts';
import { objectCommands } from './commands/objects.ts';
import { qmpCommands } from './commands/qmp.ts';
import { runStateCommands } from './commands/run-state.ts';
import { snapshotCommands } from './commands/snapshot.ts';
import { traceCommands } from './commands/trace.ts';
import { events } from './events.ts';

/** In the order of the reference pages. */
const commands: readonly Command[] = [
  ...qmpCommands,
  ...machineCommands,
  ...memoryCommands,
  ...objectCommands,
  ...blockCommands,
  ...networkCommands,
  ...chardevInfoCommands,
  ...chardevCommands,
  ...deviceStateCommands,
  ...deviceCommands,
  ...hotPlugCommands,
  ...runStateCommands,
  ...jobCommands,
  ...snapshotCommands,
  ...instrumentationCommands,
  ...jitCommands,
  ...traceCommands,
];

function byName<T extends { readonly name: string }>(values: readonly T[]): ReadonlyMap<string, T> {
  const map = new Map<string, T>();
  for (const value of values) {
    if (map.has(value.name)) throw new Error(`two entries of the registry are called ${value.name}`);
    map.set(value.name, value);
  }
  return map;
}

/** @param human the commands of the human monitor; their aliases are not keys of the map */
export const createRegistry = (human: readonly HumanCommand[]): Registry => ({
  commands: byName(commands),
  human: byName(human),
  events: byName(events),
});
