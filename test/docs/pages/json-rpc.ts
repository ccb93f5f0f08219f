import type { Command, EventSchema } from '../../../monitor/command.ts';
import { instrCounters, sessionMethods } from '../../../monitor/json-rpc/counters.ts';
import { ERRORS } from '../../../monitor/json-rpc/errors.ts';
import { BATCH_MAX } from '../../../monitor/json-rpc/session.ts';
import type { JsonSchema } from '../../../schema/build.ts';
import { code, page, table } from '../markdown.ts';
import { collectTypes, typeSections } from '../schema.ts';
import { commandSection, eventSection } from './qmp.ts';

const INTRODUCTION = `# JSON-RPC reference

JSON-RPC 2.0 over a WebSocket, which \`-jsonrpc\` opens: one request a message, or a batch of up to ${BATCH_MAX}. There is nothing
to negotiate. Requests of one client are carried out one after the other, those of a batch as well. Parameters are given
by name. Integers are exact to 64 bits: a client that reads them as doubles loses what is beyond 2^53. In the examples
\`->\` is sent and \`<-\` received.

A client has to know the token, \`Authorization: Bearer TOKEN\` or \`?token=TOKEN\` in the URL, and is refused with 401
else. One that says where it comes from, as browsers do by \`Origin\`, is refused with 403 unless \`-jsonrpc\` names that
origin. A client that does not read is not read from either, and is cut off when too much waits for it.

Made by \`npm run docs\` from the methods themselves; do not edit.`;

/** Requests and replies as they stand on the wire. A test replays them, with the plugin `lib0` loaded. */
const EXAMPLES = {
  error: `-> {"jsonrpc": "2.0", "id": 1, "method": "instr-unload", "params": {"id": "nosuch"}}
<- {"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": "Unknown library ID", "data": {"class": "GenericError"}}}`,
  method: `-> {"jsonrpc": "2.0", "id": "a", "method": "trace-event-get-state", "params": {"name": "riscv_trap"}}
<- {"jsonrpc": "2.0", "id": "a", "result": [{"name": "riscv_trap", "state": "disabled"}]}`,
  batch: `-> [{"jsonrpc": "2.0", "method": "stop"}, {"jsonrpc": "2.0", "id": 1, "method": "query-status"}]
<- {"jsonrpc": "2.0", "method": "STOP", "params": {"timestamp": {"seconds": 1795418975, "microseconds": 392451}}}
<- [{"jsonrpc": "2.0", "id": 1, "result": {"running": false, "status": "paused"}}]`,
  event: `-> {"jsonrpc": "2.0", "id": 1, "method": "instr-unload", "params": {"id": "lib0"}}
<- {"jsonrpc": "2.0", "method": "INSTR_UNLOADED", "params": {"timestamp": {"seconds": 1795418975, "microseconds": 392451}, "data": {"id": "lib0", "path": "hotblocks"}}}
<- {"jsonrpc": "2.0", "id": 1, "result": {}}`,
};

/** Names with links to their sections of the page on QMP. */
const links = (all: Iterable<{ readonly name: string }>): string =>
  Array.from(all, ({ name }) => `[\`${name}\`](qmp.md#${name.toLowerCase()})`).join(', ');

export function jsonRpcPage(commands: Iterable<Command>, events: Iterable<EventSchema>): string {
  // The session of QMP begins with this one; here it has begun.
  const methods = [...commands].filter(({ name }) => name !== 'qmp_capabilities');
  const types = new Map<string, JsonSchema>();
  for (const { name, returns } of sessionMethods) collectTypes({ properties: { [name]: returns.json } }, types);
  types.delete('Empty');
  return page(
    INTRODUCTION,
    '## Methods of QMP',
    `Every command of QMP is a method of its name, with the command's arguments for parameters: ${links(methods)}.`,
    code(EXAMPLES.method),
    'A request without an `id` is carried out and not answered. The replies to a batch are one list.',
    code(EXAMPLES.batch),
    '## Events of QMP',
    `Every event of QMP is a notification, with its time and its data for parameters: ${links(events)}.`,
    code(EXAMPLES.event),
    '## Errors',
    'The text is that of QMP, whose error class is in `data`.',
    table(
      ['code', ''],
      Object.values(ERRORS).map(({ code: number, doc }) => [String(number), doc]),
    ),
    code(EXAMPLES.error),
    '## Subscriptions',
    ...sessionMethods.map(commandSection),
    eventSection(instrCounters),
    '## Types',
    ...typeSections(types),
  );
}
