/**
 * The human monitor: commands that people type, at a console or through `human-monitor-command`. Where QMP has a command
 * that does the job, that one does it, and what it returns is shown.
 */
import type { Context, HumanCommand } from '../command.ts';
import { absentCommands } from './commands/absent.ts';
import { backEndCommands } from './commands/back-ends.ts';
import { debugCommands } from './commands/debug.ts';
import { deviceCommands } from './commands/device-state.ts';
import { helpCommands } from './commands/help.ts';
import { hotPlugCommands } from './commands/hot-plug.ts';
import { instrumentationCommands } from './commands/instrumentation.ts';
import { jitCommands } from './commands/jit.ts';
import { machineCommands } from './commands/machine.ts';
import { memoryCommands } from './commands/memory.ts';
import { memoryFileCommands } from './commands/memory-files.ts';
import { objectCommands } from './commands/objects.ts';
import { registerCommands } from './commands/registers.ts';
import { runStateCommands } from './commands/run-state.ts';
import { snapshotCommands } from './commands/snapshot.ts';
import { traceCommands } from './commands/trace.ts';
import { serveConsole } from './console.ts';
import { newSession, runLine } from './run.ts';

/** In the order of the reference pages. */
const commands: readonly HumanCommand[] = [
  ...helpCommands,
  ...machineCommands,
  ...objectCommands,
  ...backEndCommands,
  ...deviceCommands,
  ...hotPlugCommands,
  ...runStateCommands,
  ...snapshotCommands,
  ...registerCommands,
  ...memoryCommands,
  ...memoryFileCommands,
  ...debugCommands,
  ...instrumentationCommands,
  ...jitCommands,
  ...traceCommands,
  ...absentCommands,
];

export const humanMonitor = {
  commands,
  serve: serveConsole,
  /** Runs one line, with a session of its own. @returns what it prints, in lines that end in CRLF */
  run: (context: Context, line: string, vcpu?: number): Promise<string> => runLine(newSession(context, vcpu), line),
};
