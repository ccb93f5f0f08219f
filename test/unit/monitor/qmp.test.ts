import { describe, expect, it } from 'vitest';
import { VERSION } from '../../../monitor/version.ts';
import { FakeMachine } from '../../support/fakes/fake-machine.ts';
import { daemon, failure, lines, NOW } from './session.ts';

const NEGOTIATE = '{"execute": "qmp_capabilities"}';
const OK = '{"return": {}}';
const NAME = '{"return": {"name": "vivarium"}}';
const notFound = (desc: string): string => failure(desc, 'CommandNotFound');

describe('negotiation', () => {
  it('begins with the greeting', () => {
    expect(daemon().connect().sent).toBe(
      `{"QMP": {"version": {"qemu": {"micro": 0, "minor": 0, "major": 10}, "package": "Vivarium ${VERSION}"}, "capabilities": ["oob"]}}\r\n`,
    );
  });

  const EXPECTING = notFound("Expecting capabilities negotiation with 'qmp_capabilities'");
  it.each([
    ['{"execute": "query-name"}', EXPECTING],
    ['{"execute": "nosuch"}', EXPECTING],
    ['{}', failure("QMP input lacks member 'execute'")],
    ['{"exec-oob": "query-name"}', failure("QMP input member 'exec-oob' is unexpected")],
    [
      '{"execute": "qmp_capabilities", "arguments": {"enable": ["foo"]}}',
      failure("Parameter 'null' does not accept value 'foo'"),
    ],
    [
      '{"execute": "qmp_capabilities", "arguments": {"enable": [5]}}',
      failure("Invalid parameter type for 'enable[0]', expected: string"),
    ],
    [
      '{"execute": "qmp_capabilities", "arguments": {"enable": "oob"}}',
      failure("Invalid parameter type for 'enable', expected: array"),
    ],
    ['{"execute": "qmp_capabilities", "arguments": {"x": 1}}', failure("Parameter 'x' is unexpected")],
    ['{"execute": "qmp_capabilities", "arguments": null}', failure("QMP input member 'arguments' must be an object")],
    ['@', failure("JSON parse error, stray '@'")],
  ])('%s does not end it', async (request, reply) => {
    const client = daemon().connect();
    expect(lines(await client.ask(request))).toEqual([reply]);
    expect(lines(await client.ask('{"execute": "query-name"}'))).toEqual([EXPECTING]);
    expect(lines(await client.ask(`${NEGOTIATE}{"execute": "query-name"}`))).toEqual([OK, NAME]);
  });

  it('is done once', async () => {
    const client = await daemon().client();
    expect(lines(await client.ask(NEGOTIATE))).toEqual([
      notFound('Capabilities negotiation is already complete, command ignored'),
    ]);
  });
});

describe('errors', () => {
  it.each([
    ['[]', 'QMP input must be a JSON object'],
    ['5 ', 'QMP input must be a JSON object'],
    ['"s"', 'QMP input must be a JSON object'],
    ['null ', 'QMP input must be a JSON object'],
    ['1.5 ', 'QMP input must be a JSON object'],
    ['{}', "QMP input lacks member 'execute'"],
    ['{"arguments": {}}', "QMP input lacks member 'execute'"],
    ['{"execute": 5}', "QMP input member 'execute' must be a string"],
    ['{"execute": null, "foo": 1}', "QMP input member 'execute' must be a string"],
    ['{"execute": "query-name", "foo": 1}', "QMP input member 'foo' is unexpected"],
    ['{"execute": "query-name", "arguments": null}', "QMP input member 'arguments' must be an object"],
    ['{"execute": "nosuch", "arguments": []}', "QMP input member 'arguments' must be an object"],
    ['{"execute": "nosuch", "arguments": 1.0}', "QMP input member 'arguments' must be an object"],
    ['{"exec-oob": "query-name"}', "QMP input member 'exec-oob' is unexpected"],
    ['{"execute": "query-name", "exec-oob": "x"}', "QMP input member 'exec-oob' is unexpected"],
    ['{"execute": "query-name", "arguments": {"foo": 1}}', "Parameter 'foo' is unexpected"],
    ['{"execute": "human-monitor-command"}', "Parameter 'command-line' is missing"],
    ['{"execute": "human-monitor-command", "arguments": {"foo": 1}}', "Parameter 'command-line' is missing"],
    [
      '{"execute": "human-monitor-command", "arguments": {"command-line": "", "cpu-index": "0"}}',
      "Invalid parameter type for 'cpu-index', expected: integer",
    ],
    [
      '{"execute": "human-monitor-command", "arguments": {"command-line": "", "cpu-index": 1.0}}',
      "Invalid parameter type for 'cpu-index', expected: integer",
    ],
    [
      '{"execute": "human-monitor-command", "arguments": {"command-line": "", "cpu-index": 99999999999999999999}}',
      "Invalid parameter type for 'cpu-index', expected: integer",
    ],
    [
      '{"execute": "human-monitor-command", "arguments": {"command-line": "", "cpu-index": 9}}',
      "Parameter 'cpu-index' expects a CPU number",
    ],
    [
      '{"execute": "human-monitor-command", "arguments": {"command-line": "", "cpu-index": -1}}',
      "Parameter 'cpu-index' expects a CPU number",
    ],
    ['{"execute": "trace-event-get-state", "arguments": {"name": "nosuch"}}', 'unknown event "nosuch"'],
    ['{"execute": "trace-event-get-state", "arguments": {"name": "exec_t?"}}', 'unknown event "exec_t?"'],
    ['{"execute": "trace-event-set-state", "arguments": {"name": "x", "enable": true}}', 'unknown event "x"'],
    [
      '{"execute": "trace-event-get-state", "arguments": {"name": "exec_tb", "vcpu": 0}}',
      "Parameter 'vcpu' is unexpected",
    ],
    ['{"execute": "instr-unload", "arguments": {"id": "nosuch"}}', 'Unknown library ID'],
    ['{"execute": "instr-load", "arguments": {"path": "nosuch.ts"}}', 'Error loading library: nosuch.ts: no such file'],
    [
      '{"execute": "instr-load", "arguments": {"path": "insn", "args": ["fail"]}}',
      'Library initialization returned non-zero: asked to fail',
    ],
    [
      '{"execute": "instr-load", "arguments": {"path": "insn", "args": ["a", 1]}}',
      "Invalid parameter type for 'args[1]', expected: string",
    ],
  ])('%s', async (request, desc) => {
    const client = await daemon().client();
    expect(lines(await client.ask(request))).toEqual([failure(desc)]);
  });

  it('has a class of its own for what does not exist', async () => {
    const client = await daemon().client();
    expect(lines(await client.ask('{"execute": "nosuch"}'))).toEqual([
      notFound('The command nosuch has not been found'),
    ]);
    expect(lines(await client.ask('{"execute": "toString"}'))).toEqual([
      notFound('The command toString has not been found'),
    ]);
  });

  it('turns what a machine throws into a GenericError', async () => {
    const client = await daemon(new FakeMachine({ runState: 'shutdown' })).client();
    expect(lines(await client.ask('{"execute": "cont"}'))).toEqual([failure('the machine has shut down')]);
  });

  it('survives a result that has no end', async () => {
    const { machine, client } = daemon();
    const report: { self?: unknown } = {};
    report.self = report;
    machine.instrumentation.query = async () => [{ report } as never];
    const session = await client();
    expect(lines(await session.ask('{"execute": "query-instr"}{"execute": "query-name"}'))).toEqual([
      expect.stringContaining('"class": "GenericError"'),
      NAME,
    ]);
  });
});

describe('ids', () => {
  it.each([
    ['1.0', '1'],
    ['1e2', '100'],
    ['-0', '0'],
    ['2.50', '2.5'],
    ['0.1', '0.10000000000000001'],
    ['18446744073709551615', '18446744073709551615'],
    ['12345678901234567890123', '1.2345678901234568e+22'],
    ['1e400', '1e+999'],
    ['"\\u00e9"', '"\\u00E9"'],
    ['null', 'null'],
    ['{"a": [1, {"b": false}]}', '{"a": [1, {"b": false}]}'],
  ])('%s comes back as %s', async (id, echo) => {
    const client = await daemon().client();
    expect(lines(await client.ask(`{"execute": "query-name", "id": ${id}}`))).toEqual([
      `{"return": {"name": "vivarium"}, "id": ${echo}}`,
    ]);
    expect(lines(await client.ask(`{"execute": "nosuch", "id": ${id}}`))).toEqual([
      failure('The command nosuch has not been found', 'CommandNotFound', `"id": ${echo}, `),
    ]);
    expect(lines(await client.ask(`{"id": ${id}}`))).toEqual([
      failure("QMP input lacks member 'execute'", 'GenericError', `"id": ${echo}, `),
    ]);
  });
});

describe('order', () => {
  it('answers what arrives at once in order, errors included, slow or fast', async () => {
    const client = await daemon().client();
    const requests = Array.from({ length: 12 }, (_, n) =>
      n % 2 === 0
        ? `{"execute": "instr-load", "arguments": {"path": "insn"}, "id": ${n}}`
        : `{"execute": "stop", "id": ${n}}`,
    );
    const replies = lines(await client.ask(`${requests.join('')}@\n{"execute": "query-name"}`));
    expect(replies.filter((line) => !line.startsWith('{"timestamp"'))).toEqual([
      ...requests.map((_, n) =>
        n % 2 === 0 ? `{"return": {"id": "lib${n / 2}"}, "id": ${n}}` : `{"return": {}, "id": ${n}}`,
      ),
      failure("JSON parse error, stray '@'"),
      NAME,
    ]);
  });

  it('starts a command when the one before it has been answered', async () => {
    const { machine, client } = daemon();
    const session = await client();
    await session.ask('{"execute": "stop"}{"execute": "query-status"}{"execute": "cont"}');
    expect(lines(session.sent).slice(2)).toEqual([
      `{${NOW}, "event": "STOP"}`,
      OK,
      '{"return": {"running": false, "status": "paused"}}',
      `{${NOW}, "event": "RESUME"}`,
      OK,
    ]);
    expect(machine.runState).toBe('running');
  });

  it('does not matter where packets end', async () => {
    const text = `{"execute": "query-name", "id": "é"}@\n{"execute": "instr-unload", "arguments": {"id": "x"}}`;
    const bytes = new TextEncoder().encode(text);
    const whole = await (await daemon().client()).ask(bytes);
    expect(lines(whole)).toHaveLength(3);
    const { client } = daemon();
    for (let cut = 0; cut <= bytes.length; cut++) {
      const session = await client();
      session.type(bytes.subarray(0, cut));
      expect(await session.ask(bytes.subarray(cut)).then(() => lines(session.sent).slice(2))).toEqual(lines(whole));
      session.close();
    }
  });
});

describe('out-of-band execution', () => {
  const enable = '{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}}';

  it('overtakes, where the command may', async () => {
    const client = daemon().connect();
    await client.ask(enable);
    expect(lines(await client.ask('{"execute": "stop", "id": 1}{"exec-oob": "query-yank", "id": 2}'))).toEqual([
      '{"return": [], "id": 2}',
      `{${NOW}, "event": "STOP"}`,
      '{"return": {}, "id": 1}',
    ]);
  });

  it('is refused by every other command, at once', async () => {
    const client = daemon().connect();
    await client.ask(enable);
    expect(lines(await client.ask('{"execute": "stop", "id": 1}{"exec-oob": "query-status", "id": 2}'))).toEqual([
      failure('The command query-status does not support OOB', 'GenericError', '"id": 2, '),
      `{${NOW}, "event": "STOP"}`,
      '{"return": {}, "id": 1}',
    ]);
  });

  it.each([
    ['{"exec-oob": "nosuch"}', notFound('The command nosuch has not been found')],
    ['{"exec-oob": 5}', failure("QMP input member 'exec-oob' must be a string")],
    ['{"execute": "stop", "exec-oob": "stop"}', failure("QMP input member 'execute' clashes with 'exec-oob'")],
    ['{"exec-oob": "stop", "execute": "stop"}', failure("QMP input member 'execute' clashes with 'exec-oob'")],
  ])('%s', async (request, reply) => {
    const client = daemon().connect();
    expect(lines(await client.ask(enable + request)).slice(1)).toEqual([reply]);
  });
});

describe('events', () => {
  it('precede the reply of the command that caused them', async () => {
    const { client, quits } = daemon();
    const session = await client();
    expect(lines(await session.ask('{"execute": "stop"}{"execute": "stop"}'))).toEqual([
      `{${NOW}, "event": "STOP"}`,
      OK,
      OK,
    ]);
    expect(lines(await session.ask('{"execute": "system_reset"}'))).toEqual([
      `{${NOW}, "event": "RESET", "data": {"guest": false, "reason": "host-qmp-system-reset"}}`,
      OK,
    ]);
    expect(lines(await session.ask('{"execute": "quit"}'))).toEqual([
      `{${NOW}, "event": "SHUTDOWN", "data": {"guest": false, "reason": "host-qmp-quit"}}`,
      OK,
    ]);
    expect(quits).toEqual(['quit']);
  });

  it('tell of the guest and of plugins', async () => {
    const { machine, client } = daemon();
    const session = await client();
    machine.emit({ name: 'SHUTDOWN', guest: true, reason: 'guest-shutdown', exitCode: 3 });
    machine.emit({ name: 'INSTR_ERROR', id: 'lib0', vcpu: 1, message: 'wörks not' });
    expect(lines(session.sent).slice(2)).toEqual([
      `{${NOW}, "event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}}`,
      `{${NOW}, "event": "INSTR_ERROR", "data": {"id": "lib0", "vcpu": 1, "message": "w\\u00F6rks not"}}`,
    ]);
  });

  it('reach every session that has negotiated, and no other', async () => {
    const { machine, client, connect } = daemon();
    const [first, second, silent] = [await client(), await client(), connect()];
    const before = silent.sent;
    expect(lines(await first.ask('{"execute": "stop", "id": 1}'))).toEqual([
      `{${NOW}, "event": "STOP"}`,
      '{"return": {}, "id": 1}',
    ]);
    expect(lines(second.sent).slice(2)).toEqual([`{${NOW}, "event": "STOP"}`]);
    expect(silent.sent).toBe(before);
    expect(machine.listeners).toBe(1);
  });

  it('end with the session', async () => {
    const { machine, events, client, connect } = daemon();
    const gone = await client();
    gone.close();
    const early = connect();
    early.type(NEGOTIATE);
    early.close();
    await early.answer();
    let sent = 0;
    for (const stream of [gone, early]) stream.write = () => sent++;
    machine.emit({ name: 'STOP' });
    expect(sent).toBe(0);
    events.close();
    expect(machine.listeners).toBe(0);
  });
});

describe('a session', () => {
  it('drops what it has not begun when it closes', async () => {
    const { machine, client } = daemon();
    const session = await client();
    session.type('{"execute": "system_reset"}{"execute": "stop"}');
    session.close();
    await session.answer();
    expect(machine.runState).toBe('running');
  });

  it('knows nothing of its neighbours', async () => {
    const { client, connect } = daemon();
    const [first, second] = [await client(), connect()];
    first.type('{"execute": "query-');
    second.type(NEGOTIATE);
    expect(lines(await second.ask('{"execute": "query-target"}'))).toEqual([OK, '{"return": {"arch": "riscv64"}}']);
    expect(lines(await first.ask('name"}'))).toEqual([NAME]);
  });

  it('can be pretty', async () => {
    const client = await daemon().client({ pretty: true });
    expect(await client.ask('{"execute": "query-target"}')).toBe(
      '{\r\n    "return": {\r\n        "arch": "riscv64"\r\n    }\r\n}\r\n',
    );
  });
});
