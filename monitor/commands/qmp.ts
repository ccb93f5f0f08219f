/** The protocol itself: negotiation, what there is, and the way into the human monitor. */
import { INT64, intOf, list, optional, str, struct } from '../../schema/build.ts';
import { SchemaInfo } from '../../schema/types/introspection.ts';
import { CommandInfo, QmpCapability } from '../../schema/types/qmp.ts';
import { VersionInfo } from '../../schema/types/version.ts';
import { CommandError, command } from '../command.ts';
import { introspect } from '../introspect.ts';
import { versionInfo } from '../version.ts';

/** The session carries out the first one itself, because it changes nothing but the session; this is what follows it. */
export const qmpCapabilities = command('qmp_capabilities', {
  doc: 'Ends capability negotiation: from now on this client may send every command, and receives events.',
  args: struct('QmpCapabilitiesArguments', {
    enable: optional(list(QmpCapability, 'Capabilities of the greeting that the client wants to use.')),
  }),
  example: { request: '{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}}', reply: '{"return": {}}' },
  run: () => {
    throw new CommandError('Capabilities negotiation is already complete, command ignored', 'CommandNotFound');
  },
});

export const queryVersion = command('query-version', {
  doc: 'The version of QEMU whose protocol is spoken, and that of this program.',
  returns: VersionInfo,
  example: {
    request: '{"execute": "query-version"}',
    reply: '{"return": {"qemu": {"micro": 0, "minor": 0, "major": 10}, "package": "Vivarium 0.1.0"}}',
  },
  run: () => versionInfo,
});

export const queryCommands = command('query-commands', {
  doc: 'The names of all commands.',
  returns: list(CommandInfo),
  example: {
    request: '{"execute": "query-commands"}',
    reply: '{"return": [{"name": "qmp_capabilities"}, {"name": "query-version"}, ...]}',
  },
  run: ({ registry }) => [...registry.commands.keys()].map((name) => ({ name })),
});

export const queryQmpSchema = command('query-qmp-schema', {
  doc: 'The shapes of all commands and events. Names of types are numbers, which may change from version to version.',
  returns: list(SchemaInfo),
  example: {
    request: '{"execute": "query-qmp-schema"}',
    reply: '{"return": [{"name": "qmp_capabilities", "meta-type": "command", "arg-type": "1", "ret-type": "2"}, ...]}',
  },
  run: ({ registry }) => introspect(registry),
});

export const humanMonitorCommand = command('human-monitor-command', {
  doc: 'Runs one line of the human monitor and returns what it prints, in lines that end in CRLF.',
  args: struct('HumanMonitorCommandArguments', {
    'command-line': str('The line.'),
    'cpu-index': optional(intOf(INT64, 'The vCPU that the line is about, by default the first.')),
  }),
  returns: str('What the line prints.'),
  example: {
    request: '{"execute": "human-monitor-command", "arguments": {"command-line": "info status"}}',
    reply: '{"return": "VM status: running\\r\\n"}',
  },
  run: (context, { 'command-line': line, 'cpu-index': index }) => {
    if (index === undefined) return context.humanMonitorCommand(line);
    if (context.machine.vcpus[Number(index)] === undefined) {
      throw new CommandError("Parameter 'cpu-index' expects a CPU number");
    }
    return context.humanMonitorCommand(line, Number(index));
  },
});

export const qmpCommands = [qmpCapabilities, queryVersion, queryCommands, queryQmpSchema, humanMonitorCommand];
