import type { TraceEventDefinition } from '../../../core/plugin/trace-events.ts';
import { page, table } from '../markdown.ts';

const INTRODUCTION = `# Trace events reference

A trace event writes a line each time that it happens, while it is on. \`-trace enable=PATTERN\` switches events on from
the start and \`-trace file=FILE\` says where the lines go, by default into the log; \`trace-event NAME on|off\` of the human
monitor and \`trace-event-set-state\` of QMP switch them while the guest runs. In patterns \`*\` stands for any characters.

An event _of the code_ is woven into translated code while it is on, and costs nothing while it is off. The others are
a test where the event happens anyway.

Made by \`npm run docs\` from the events themselves; do not edit.`;

export const traceEventsPage = (events: readonly TraceEventDefinition[]): string =>
  page(
    INTRODUCTION,
    table(
      ['event', 'of the code', ''],
      events.map(({ name, doc, plugin }) => [`\`${name}\``, plugin ? 'yes' : '', doc]),
    ),
  );
