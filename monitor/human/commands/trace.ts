/** Switching trace events. */
import { type HumanSession, human } from '../../command.ts';
import { traceEventGetState, traceEventSetState } from '../../commands/trace.ts';

const eventNames = ({ context: { machine } }: HumanSession): string[] =>
  machine.traceEvents.all.map(({ name }) => name);

export const traceCommands = [
  human('trace-event', {
    params: 'name on|off',
    doc: 'switch a trace event on or off, or all whose names match a pattern with * and ?',
    args: [
      { name: 'name', kind: 'word', complete: eventNames },
      { name: 'enable', kind: 'onoff' },
    ],
    run: async ({ context }, { name, enable }) => void (await traceEventSetState.run(context, { name, enable })),
  }),

  human('info trace-events', {
    params: '[pattern]',
    doc: 'show which trace events are on',
    args: [{ name: 'pattern', kind: 'word', optional: true, complete: eventNames }],
    run: async ({ context }, { pattern = '*' }) => {
      const events = await traceEventGetState.run(context, { name: pattern });
      return events.map(({ name, state }) => `${name} : state ${state === 'enabled' ? 1 : 0}`).join('\n');
    },
  }),
];
