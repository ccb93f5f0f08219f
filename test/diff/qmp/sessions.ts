/** What clients send to a QMP socket, well formed and not: each session is sent to QEMU and to us. */

export interface Session {
  readonly name: string;
  /** Sent as it is, a byte for each character. */
  readonly input: string;
  /** What is sent before it. */
  readonly before: string;
  /** QEMU sends more errors after the first one, for what is left of the value. */
  readonly repeats?: boolean;
  /** What counts is what is said, not the order in which objects have their members. */
  readonly unordered?: boolean;
}

const NEGOTIATE = '{"execute": "qmp_capabilities"}\n';
export const ENABLE_OOB = '{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}}\n';

const command = (name: string, args?: string, more = ''): string =>
  `{"execute": "${name}"${args === undefined ? '' : `, "arguments": ${args}`}${more}}`;

/** Each input as a session of its own. */
const each = (about: string, inputs: readonly string[], before = NEGOTIATE): readonly Session[] =>
  inputs.map((input) => ({
    name: `${about}: ${input.length > 70 ? `${input.slice(0, 70)}...` : input}`,
    input,
    before,
  }));

const IDS = [
  '1.0',
  '1e2',
  '-0',
  '2.50',
  '0.1',
  '1e-7',
  '123456789.125',
  '9223372036854775807',
  '-9223372036854775808',
  '18446744073709551615',
  '12345678901234567890123',
  '"\\u00e9\\u20AC\\ud834\\udd1e\\u007f/\\/\\"\\\\\\b\\f\\n\\r\\t"',
  "'single \\' quoted \"'",
  '"\xc3\xa9 \xe2\x82\xac \xf0\x9d\x84\x9e \x7f"',
  'null',
  'true',
  '[]',
  '{}',
  '[1, [2, [null, {"a": "b"}]]]',
  '""',
];

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

/** In the order in which they are sent. */
export const sessions: readonly Session[] = [
  ...each(
    'before negotiation',
    [
      '',
      command('query-name'),
      command('nosuch'),
      '{}',
      '[]',
      '{"exec-oob": "query-name"}',
      command('qmp_capabilities', '{"enable": ["foo"]}'),
      command('qmp_capabilities', '{"enable": [5]}'),
      command('qmp_capabilities', '{"enable": "oob"}'),
      command('qmp_capabilities', '{"x": 1}'),
      command('qmp_capabilities', 'null'),
      command('qmp_capabilities', '{"enable": []}') + command('query-name'),
      '@ ',
    ],
    '',
  ),
  ...each('negotiation', [NEGOTIATE, command('query-name')]),

  ...each(
    'an id comes back',
    IDS.flatMap((id) => [
      command('query-name', undefined, `, "id": ${id}`),
      command('nosuch', '{}', `, "id": ${id}`),
      `{"id": ${id}}`,
      `{"execute": 5, "id": ${id}}`,
    ]),
  ),

  ...each('the form of a request', [
    '[] ',
    '5 ',
    '"s" ',
    'true ',
    'null ',
    '1.5 ',
    '{}',
    '{"arguments": {}}',
    '{"execute": 5}',
    '{"execute": null, "foo": 1}',
    command('query-name', undefined, ', "foo": 1'),
    command('query-name', undefined, ', "control": {}'),
    command('query-name', 'null'),
    command('nosuch', '[]'),
    command('nosuch', '5'),
    command('nosuch', '1.0'),
    command('nosuch', '"x"'),
    '{"exec-oob": "query-name"}',
    '{"execute": "query-name", "exec-oob": "x"}',
    '{"execute": "query-name", "execute": "query-name"}',
    `{'execute': 'query-name'}`,
    '\t{"execute"\r\n:\n"query-name"\t}\r\n',
  ]),

  ...each('arguments', [
    command('nosuch'),
    command('nosuch', '{"x": 1}'),
    command('query-name', '{}'),
    command('query-name', '{"foo": 1}'),
    command('human-monitor-command'),
    command('human-monitor-command', '{"foo": 1}'),
    command('human-monitor-command', '{"cpu-index": "x"}'),
    command('human-monitor-command', '{"command-line": null}'),
    command('human-monitor-command', '{"command-line": 5}'),
    command('human-monitor-command', '{"command-line": true}'),
    command('human-monitor-command', '{"command-line": []}'),
    command('human-monitor-command', '{"command-line": {}}'),
    command('human-monitor-command', '{"command-line": "", "foo": 1}'),
    command('human-monitor-command', '{"command-line": "", "cpu-index": "0", "foo": 1}'),
    command('human-monitor-command', '{"command-line": "", "cpu-index": null}'),
    command('human-monitor-command', '{"command-line": "", "cpu-index": 1.0}'),
    command('human-monitor-command', '{"command-line": "", "cpu-index": 1e0}'),
    command('human-monitor-command', '{"command-line": "", "cpu-index": 9223372036854775808}'),
    command('human-monitor-command', '{"command-line": "", "cpu-index": 99999999999999999999}'),
    command('human-monitor-command', '{"command-line": "", "cpu-index": 9}'),
    command('human-monitor-command', '{"command-line": "", "cpu-index": -1}'),
    command('human-monitor-command', '{"command-line": "", "cpu-index": 1}'),
    command('trace-event-get-state'),
    command('trace-event-get-state', '{"name": "nosuch_ev"}'),
    command('trace-event-get-state', '{"name": "nosuch*"}'),
    command('trace-event-set-state', '{"name": "riscv_trap"}'),
    command('trace-event-set-state', '{"name": "nosuch_ev", "enable": 1}'),
    command('trace-event-set-state', '{"name": "nosuch_ev", "enable": true}'),
    command('trace-event-set-state', '{"name": "nosuch_ev", "enable": true, "ignore-unavailable": "x"}'),
    command('trace-event-set-state', '{"name": "nosuch*", "enable": true}'),
  ]),

  ...each('syntax', [
    '{"execute": }',
    '{"execute": "query-name",}',
    '{,}',
    '[1,]',
    '[,1]',
    '{"a" 1}',
    '{"a": 1 "b": 2}',
    '[1 2]',
    '{"a": 1, "a": 2}',
    '{5: 1}',
    '{true: 1}',
    '{null}',
    '{"a"}',
    '{"a":}',
    '}',
    ']',
    ',',
    ':',
    'foo ',
    'foo bar ',
    '[foo, bar]',
    'True ',
    '{"execute": "query-name"} trailing ',
    '{"execute": "query-name", "id": nil}',
    '{"id": 1, "execute": }',
  ]),

  ...each('a lexical error', [
    '{"execute": "query-na\xff\n',
    '\xff',
    '\xff{"execute": "query-name"}',
    '{"execute": "query-name"\xff}\n',
    '{"execute": "query-na\x01\n',
    '{"a\n',
    '"a\tb"\n',
    '\xef\xbb\xbf{"execute": "query-name"}\n',
    '\x00\n',
    '01 \n',
    '-01 \n',
    '+1 \n',
    '1.\n',
    '1.e5\n',
    '.5\n',
    '1e\n',
    '-\n',
    'NaN \n',
    '-Infinity \n',
    '/* comment */\n',
    '# comment\n',
    '"\\x41"\n',
    '"\\u12G4"\n',
    '"\\u12"\n',
    '"\\\n',
    '%p \n',
    '[%d] \n',
    "'it's'\n\xff\n",
    '`\n',
    '@\n',
    '{"execute": "query-name"}@\n',
    '{"execute": "query-name" @}\n',
    'GET / HTTP/1.1\r\nHost: x\r\n\r\n\xff\n',
  ]),

  ...each('text', [
    '{"execute": "\xff"}\n\xff\n',
    '{"execute": "\xc0\x80"}',
    '{"execute": "\xc3\x28"}',
    '{"execute": "\xe2\x82"}',
    '{"execute": "\xed\xa0\x80"}',
    '{"execute": "\xf4\x90\x80\x80"}',
    '{"execute": "\xf0\x9d\x84\x9e"}',
    '{"execute": "\xef\xbf\xbf"}',
    '{"execute": "\\ud83d"}',
    '{"execute": "\\uD83Dx"}',
    '{"execute": "\\udd1e"}',
    '{"execute": "\\uffff"}',
    '{"execute": "\\ufdd0"}',
    '{"execute": "\\u0000"}',
    '{"execute": "a\\u0000b"}',
    '{"execute": "\\ud834\\udd1e"}',
  ]),

  ...each('recovery', [
    '{"execute": "query-na\xff\n{"execute": "query-name"}',
    '{\xff{"execute": "query-name"}',
    '[1, [2, [3\xff\n{"execute": "query-name"}',
    '{]',
    '{\x01',
    `{'bad \xff`,
    '{"execute": "query-status"\n\n, "id": 1}',
  ]),

  ...each('brackets', ['[1, 2}', '{"a": 1]', nested(1024)]),
  ...each('a client that has lost its place', ['{"a": {"b": 1]}', nested(1025), nested(3000)]).map((session) => ({
    ...session,
    repeats: true,
  })),

  ...each('pipelined', [
    Array.from({ length: 12 }, (_, n) =>
      command(n % 3 === 0 ? 'nosuch' : 'query-name', undefined, `, "id": ${n}`),
    ).join(''),
    `${command('query-name', undefined, ', "id": 1')}@ ${command('query-name', undefined, ', "id": 2')}`,
    `${command('query-name')} } ${command('query-name')}`,
  ]),

  ...each(
    'out of band',
    [
      '{"exec-oob": "query-status", "id": 1}',
      '{"exec-oob": "nosuch", "id": 1}',
      '{"exec-oob": 5}',
      '{"exec-oob": "query-status", "arguments": 5}',
      '{"execute": "stop", "exec-oob": "stop"}',
      '{"exec-oob": "stop", "execute": "stop"}',
      command('qmp_capabilities'),
    ],
    ENABLE_OOB,
  ),

  ...each('a command', [
    command('query-uuid'),
    command('query-memory-size-summary'),
    command('query-current-machine'),
    command('query-hotpluggable-cpus'),
    command('query-iothreads'),
    command('query-memory-devices'),
    command('query-kvm'),
    command('query-target'),
    command('query-dump'),
    command('query-events'),
    command('system_wakeup'),
    command('system_powerdown'),
    command('inject-nmi'),
    command('screendump', '{"filename": "/nosuch/x"}'),
    command('screendump', '{"filename": "/nosuch/x", "device": "foo"}'),
    command('set-action', '{"reboot": "none"}'),
    command('set-action', '{"shutdown": "x"}'),
    command('set-action', '{"reboot": "reset", "shutdown": "poweroff"}'),
    command('device_add'),
    command('device_add', '{"driver": "foo"}'),
    command('device_add', '{"driver": "virtio-rng-device"}'),
    command('device_add', '{"driver": "virtio-rng-device", "bus": "foo"}'),
    command('device_add', '{"driver": "virtio-rng-device", "bus": "virtio-mmio-bus.0"}'),
    command('device_del', '{"id": "foo"}'),
    command('device-list-properties', '{"typename": "nosuch"}'),
    command('query-command-line-options', '{"option": "nosuch"}'),
    command('memsave', '{"val": 0, "size": 100, "filename": "/dev/null"}'),
    command('memsave', '{"val": -1, "size": 10, "filename": "/dev/null"}'),
    command('memsave', '{"val": 2147483648, "size": 100, "filename": "/nosuch/x"}'),
    command('memsave', '{"val": 2147483648, "size": 100, "filename": "/dev/null"}'),
    command('memsave', '{"val": 2147483648, "size": 100, "filename": "/dev/null", "cpu-index": 7}'),
    command('pmemsave', '{"val": 2147483648, "size": 100, "filename": "/nosuch/x"}'),
    command('pmemsave', '{"val": 2147483648, "size": 100, "filename": "/dev/null"}'),
    command('pmemsave', '{"val": 2147483648, "size": "100"}'),
    command('dump-guest-memory', '{"paging": false, "protocol": "file:/nosuch/x"}'),
    command('dump-guest-memory', '{"paging": false, "protocol": "foo:x"}'),
    command('dump-guest-memory', '{"paging": false, "protocol": "fd:foo"}'),
    command('dump-guest-memory', '{"paging": false, "protocol": "file:/dev/null", "begin": 0}'),
    command('dump-guest-memory', '{"paging": false, "protocol": "file:/dev/null", "length": 0}'),
    command('dump-guest-memory', '{"paging": 1, "protocol": "file:/dev/null"}'),
    command(
      'dump-guest-memory',
      '{"paging": false, "protocol": "file:/dev/null", "begin": 2147483648, "length": 4096}',
    ),
  ]).map((session) => ({ ...session, unordered: true })),

  ...each('events', [
    command('stop'),
    command('cont') + command('query-status') + command('cont') + command('stop') + command('stop'),
    command('system_reset', undefined, ', "id": 7'),
  ]),
];
