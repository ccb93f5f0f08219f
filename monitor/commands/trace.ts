/** Switching trace events. */
import type { Machine, TraceEvent } from '../../core/machine/interface.ts';
import { bool, list, optional, str, struct } from '../../schema/build.ts';
import { TraceEventInfo } from '../../schema/types/trace.ts';
import { CommandError, command } from '../command.ts';

const PATTERN_DOC =
  'Name of the event, or a pattern: `*` stands for any characters, and where there is a `*`, `?` for one.';

/**
 * The events of a machine that are called `name`, in their order.
 * @param name exact, or a pattern if it contains `*`; then `?` stands for any one character. Case matters.
 * @throws CommandError if no event has that exact name. A pattern may match nothing.
 */
export function traceEventsByName(machine: Machine, name: string): readonly TraceEvent[] {
  const { all } = machine.traceEvents;
  if (name.includes('*')) {
    const pattern = name
      .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    const matcher = new RegExp(`^${pattern}$`, 's');
    return all.filter((event) => matcher.test(event.name));
  }
  const event = all.find((candidate) => candidate.name === name);
  if (event === undefined) throw new CommandError(`unknown event "${name}"`);
  return [event];
}

export const traceEventGetState = command('trace-event-get-state', {
  doc: 'Which of the named trace events are on.',
  args: struct('TraceEventGetStateArguments', { name: str(PATTERN_DOC) }),
  returns: list(TraceEventInfo),
  example: {
    request: '{"execute": "trace-event-get-state", "arguments": {"name": "exec_tb*"}}',
    reply: '{"return": [{"name": "exec_tb", "state": "disabled"}, {"name": "exec_tb_exit", "state": "disabled"}]}',
  },
  run: ({ machine }, { name }) =>
    traceEventsByName(machine, name).map((event) => ({
      name: event.name,
      state: event.enabled ? ('enabled' as const) : ('disabled' as const),
    })),
});

export const traceEventSetState = command('trace-event-set-state', {
  doc: 'Switches the named trace events on or off.',
  args: struct('TraceEventSetStateArguments', {
    name: str(PATTERN_DOC),
    enable: bool('On or off.'),
    'ignore-unavailable': optional(
      bool('Pass over events that this build does not have. It has every event it lists.'),
    ),
  }),
  example: {
    request: '{"execute": "trace-event-set-state", "arguments": {"name": "riscv_trap", "enable": true}}',
    reply: '{"return": {}}',
  },
  run: async ({ machine }, { name, enable }) => {
    const names = traceEventsByName(machine, name).map((event) => event.name);
    await machine.traceEvents.set(names, enable);
    return {};
  },
});

export const traceCommands = [traceEventGetState, traceEventSetState];
