/** Switching trace events. */
import { type HumanSession, human } from '../../command.ts';
import { traceEventGetState, traceEventSetState } from '../../commands/trace.ts';

const eventNames = ({ context: { machine } }: HumanSession): string[] =>
  machine.traceEvents.all.map(({ name }) => name);

/** What the log can be asked for, with the trace events that it stands for. */
const LOG_ITEMS: Readonly<Record<string, { readonly events: readonly string[]; readonly doc: string }>> = {
  int: { events: ['riscv_trap'], doc: 'exceptions and interrupts' },
  exec: { events: ['exec_tb'], doc: 'blocks, as they are entered' },
  cpu_reset: { events: ['guest_cpu_reset'], doc: 'resets of vCPUs' },
};

const TRACE = 'trace:';

function logHelp(): string {
  const rows = Object.entries(LOG_ITEMS).map(([name, { doc }]) => [name, doc]);
  const all = [['none', 'nothing of the following'], ['all', 'all of the following'], ...rows];
  return [
    'Log items (comma separated):',
    ...all.map(([name, doc]) => `${name!.padEnd(15)} ${doc}`),
    `${`${TRACE}PATTERN`.padEnd(15)} trace events, which stay as they are otherwise`,
  ].join('\n');
}

/** Switches on what `items` ask for, and the other items off. */
async function setLog({ context }: HumanSession, items: readonly string[]): Promise<string | undefined> {
  const known = (item: string): boolean =>
    item === 'none' || item === 'all' || item.startsWith(TRACE) || Object.hasOwn(LOG_ITEMS, item);
  if (!items.every(known)) return logHelp();
  for (const [name, { events }] of Object.entries(LOG_ITEMS)) {
    const enable = items.includes(name) || items.includes('all');
    // A machine may have fewer events.
    const there = context.machine.traceEvents.all.filter((event) => events.includes(event.name));
    for (const event of there) await traceEventSetState.run(context, { name: event.name, enable });
  }
  for (const item of items.filter((each) => each.startsWith(TRACE)))
    await traceEventSetState.run(context, { name: item.slice(TRACE.length), enable: true });
  return undefined;
}

export const traceCommands = [
  human('log', {
    params: 'item1[,...]',
    doc: 'choose what the log is about: none, all, or some of the items that it shows for anything else',
    args: [{ name: 'items', kind: 'word', complete: () => ['none', 'all', TRACE, ...Object.keys(LOG_ITEMS)] }],
    run: (session, { items }) => setLog(session, items.split(',')),
  }),

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
