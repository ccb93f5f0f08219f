import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { instrCounters } from '../../../monitor/json-rpc/counters.ts';
import { BATCH_MAX, serveJsonRpc } from '../../../monitor/json-rpc/session.ts';
import { validate } from '../../../monitor/validate.ts';
import type { FakeMachine } from '../../support/fakes/fake-machine.ts';
import { FakeMessageStream } from '../../support/fakes/fake-message-stream.ts';
import { Random, SEED } from '../../support/random.ts';
import { daemon, lines, NOW } from './session.ts';

function client(machine?: FakeMachine) {
  const { context, events, quits } = daemon(machine);
  const stream = new FakeMessageStream();
  serveJsonRpc(stream, context, events);
  return { stream, context, quits, machine: context.machine as FakeMachine };
}

const request = (method: string, params = '{}', id = '1'): string =>
  `{"jsonrpc": "2.0", "id": ${id}, "method": "${method}", "params": ${params}}`;
const result = (value: string, id = '1'): string => `{"jsonrpc": "2.0", "id": ${id}, "result": ${value}}`;
const failure = (code: number, message: string, id = 'null', errorClass = 'GenericError'): string =>
  `{"jsonrpc": "2.0", "id": ${id}, "error": {"code": ${code}, "message": ${JSON.stringify(message)}, "data": {"class": "${errorClass}"}}}`;
const NAME = '{"name": "vivarium"}';

describe('a request', () => {
  it.each([
    [request('query-name'), result(NAME)],
    ['{"jsonrpc": "2.0", "id": "a", "method": "query-name"}', result(NAME, '"a"')],
    [request('query-name', '[]'), result(NAME)],
    [request('instr-load', '{"path": "insn"}', 'null'), result('{"id": "lib0"}', 'null')],
    [
      ' \n{"id": 18446744073709551615, "method": "query-name", "jsonrpc": "2.0"}\n',
      result(NAME, '18446744073709551615'),
    ],
    [request('query-name', '{}', '2.50'), result(NAME, '2.5')],
  ])('%s', async (message, reply) => {
    const replies = await client().stream.ask(message);
    expect(replies.filter((text) => !text.includes('"method"'))).toEqual([reply]);
  });

  it('without an id is carried out, and has no reply, not even an error', async () => {
    const { stream, machine } = client();
    expect(await stream.ask('{"jsonrpc": "2.0", "method": "stop"}')).toEqual([
      `{"jsonrpc": "2.0", "method": "STOP", "params": {${NOW}}}`,
    ]);
    expect(machine.runState).toBe('paused');
    for (const params of ['', ', "params": {"x": 1}', ', "params": [1]'])
      expect(await stream.ask(`{"jsonrpc": "2.0", "method": "query-name"${params}}`)).toEqual([]);
    expect(await stream.ask('{"jsonrpc": "2.0", "method": "nosuch"}')).toEqual([]);
  });

  it('is answered with integers of 64 bits', async () => {
    const { stream } = client();
    await stream.ask(request('instr-load', '{"path": "insn"}'));
    const [reply] = await stream.ask(request('query-instr'));
    expect(reply).toContain('"instructions": 9007199254740993');
    expect(reply).toContain('"pc": 18446744071562067968');
  });
});

describe('an error', () => {
  it.each([
    ['', failure(-32700, 'JSON parse error, unexpected end of text')],
    ['{', failure(-32700, 'JSON parse error, unexpected end of text')],
    [
      '{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]',
      failure(-32700, 'JSON parse error, expected separator in dict'),
    ],
    ['5 {', failure(-32700, 'JSON parse error, unexpected end of text')],
    ['{"a": ]', failure(-32700, 'JSON parse error, expecting value')],
    [`${request('query-name')}${request('query-name')}`, failure(-32700, 'JSON parse error, expected one value')],
    [`${'['.repeat(2000)}`, failure(-32700, 'JSON nesting depth limit exceeded')],
    ['5', failure(-32600, 'a request is an object')],
    ['null', failure(-32600, 'a request is an object')],
    ['[]', failure(-32600, 'a request is an object')],
    ['{"id": 1, "method": "query-name"}', failure(-32600, "a request has the member 'jsonrpc': '2.0'", '1')],
    [
      '{"jsonrpc": 2.0, "id": 1, "method": "query-name"}',
      failure(-32600, "a request has the member 'jsonrpc': '2.0'", '1'),
    ],
    ['{"jsonrpc": "2.0", "id": 1}', failure(-32600, "a request has a string for its 'method'", '1')],
    ['{"jsonrpc": "2.0", "id": 1, "method": 1}', failure(-32600, "a request has a string for its 'method'", '1')],
    ['{"jsonrpc": "2.0", "id": 1, "result": {}}', failure(-32600, "a request has a string for its 'method'", '1')],
    [request('query-name', '5'), failure(-32600, "'params' is an object", '1')],
    [request('query-name', 'null'), failure(-32600, "'params' is an object", '1')],
    [request('query-name', '{}', '{}'), failure(-32600, "'id' is a string, a number or null")],
    [request('nosuch'), failure(-32601, 'The command nosuch has not been found', '1', 'CommandNotFound')],
    [request('toString'), failure(-32601, 'The command toString has not been found', '1', 'CommandNotFound')],
    [request('STOP'), failure(-32601, 'The command STOP has not been found', '1', 'CommandNotFound')],
    [
      request('qmp_capabilities'),
      failure(-32601, 'Capabilities negotiation is already complete, command ignored', '1', 'CommandNotFound'),
    ],
    [request('query-name', '{"x": 1}'), failure(-32602, "Parameter 'x' is unexpected", '1')],
    [request('query-name', '[1]'), failure(-32602, 'Parameters are given by name: expected an object', '1')],
    [request('instr-load', '{"path": 5}'), failure(-32602, "Invalid parameter type for 'path', expected: string", '1')],
    [request('instr-unload', '{"id": "x"}'), failure(-32000, 'Unknown library ID', '1')],
    [
      request('human-monitor-command', '{"command-line": "", "cpu-index": 9}'),
      failure(-32000, "Parameter 'cpu-index' expects a CPU number", '1'),
    ],
  ])('of %s', async (message, reply) => {
    const { stream } = client();
    expect(await stream.ask(message)).toEqual([reply]);
    expect(await stream.ask(request('query-name'))).toEqual([result(NAME)]);
  });

  it('is what bytes that are no text have for an answer', async () => {
    expect(await client().stream.ask(Uint8Array.of(0xff, 0xfe))).toEqual([
      failure(-32700, "JSON parse error, stray '\ufffd'").replace('\ufffd', '\\uFFFD'),
    ]);
  });

  it('is what a result that has no end becomes', async () => {
    const { stream, machine } = client();
    const report: { self?: unknown } = {};
    report.self = report;
    machine.instrumentation.query = async () => [{ report } as never];
    const [reply] = await stream.ask(request('query-instr'));
    expect(JSON.parse(reply!)).toMatchObject({ id: 1, error: { code: -32000, data: { class: 'GenericError' } } });
  });
});

it(`answers whatever it is sent by what JSON-RPC has for an answer, SEED=${SEED}`, async () => {
  const random = new Random(SEED);
  const { stream } = client();
  const whole = Buffer.from(
    `[${request('query-status')}, ${request('instr-subscribe', '{"rate": 1, "ids": [null, -1, 1e3]}', '"x"')}]`,
  );
  for (let round = 0; round < 500; round++) {
    const bytes = Buffer.from(whole);
    for (let n = random.between(1, 4); n > 0; n--) bytes[random.below(bytes.length)] = random.below(256);
    const message = bytes.subarray(random.chance(20) ? random.below(bytes.length) : 0);
    const replies = (await stream.ask(message)).map((text) => JSON.parse(text)).filter((reply) => !('method' in reply));
    expect(replies.length, String(message)).toBeLessThanOrEqual(1);
    for (const reply of replies.flat()) {
      expect(reply.jsonrpc, String(message)).toBe('2.0');
      expect('result' in reply !== 'error' in reply && 'id' in reply, String(message)).toBe(true);
    }
  }
  stream.close();
});

describe('a batch', () => {
  it('is answered by one list, in order', async () => {
    const { stream } = client();
    const [stop, replies] = await stream.ask(
      `[${request('stop')}, ${request('query-status', '{}', '2')}, {"jsonrpc": "2.0", "method": "query-name"}, 5, ${request('nosuch', '{}', '"x"')}]`,
    );
    expect(stop).toContain('"method": "STOP"');
    expect(replies).toBe(
      `[${[
        result('{}'),
        result('{"running": false, "status": "paused"}', '2'),
        failure(-32600, 'a request is an object'),
        failure(-32601, 'The command nosuch has not been found', '"x"', 'CommandNotFound'),
      ].join(', ')}]`,
    );
  });

  it('of one has a list of one for its reply', async () => {
    expect(await client().stream.ask(`[${request('query-name')}]`)).toEqual([`[${result(NAME)}]`]);
  });

  it('of notifications has no reply', async () => {
    expect(await client().stream.ask('[{"jsonrpc": "2.0", "method": "query-name"}]')).toEqual([]);
  });

  it('has its limits, beyond which nothing is carried out', async () => {
    const { stream, machine } = client();
    const stops = (count: number): string => `[${Array(count).fill('{"jsonrpc": "2.0", "method": "stop"}').join()}]`;
    expect(await stream.ask(stops(BATCH_MAX + 1))).toEqual([
      failure(-32600, `a batch of ${BATCH_MAX + 1} requests: expected at most ${BATCH_MAX}`),
    ]);
    expect(machine.runState).toBe('running');
    await stream.ask(stops(BATCH_MAX));
    expect(machine.runState).toBe('paused');
  });
});

describe('order', () => {
  it('is that of the messages, whatever takes how long', async () => {
    const { stream } = client();
    const methods = ['stop', 'query-status', 'cont', 'query-status'];
    await Promise.all(methods.map((method, id) => stream.ask(request(method, '{}', String(id)))));
    const replies = stream.sent.map((text) => JSON.parse(text)).filter(({ id }) => id !== undefined);
    expect(replies.map(({ id, result: { status } }) => [id, status])).toEqual([
      [0, undefined],
      [1, 'paused'],
      [2, undefined],
      [3, 'running'],
    ]);
  });

  it('ends with the connection: what has not begun is dropped', async () => {
    const { stream, machine } = client();
    const first = stream.ask(request('query-instr'));
    const second = stream.ask(`[${request('stop')}]`);
    stream.close();
    await Promise.all([first, second]);
    expect(machine.runState).toBe('running');
    expect(machine.listeners).toBe(1);
  });
});

it('tells every client of every event, with its data', async () => {
  const { context, events } = daemon();
  const streams = [new FakeMessageStream(), new FakeMessageStream()];
  for (const stream of streams) serveJsonRpc(stream, context, events);
  await streams[0]!.ask(request('instr-load', '{"path": "insn", "id": "x"}'));
  const notification = `{"jsonrpc": "2.0", "method": "INSTR_LOADED", "params": {${NOW}, "data": {"id": "x", "path": "insn"}}}`;
  expect(streams.map(({ sent }) => sent)).toEqual([[notification, result('{"id": "x"}')], [notification]]);
});

it('answers the example of every command as QMP does', async () => {
  const { registry } = daemon().context;
  for (const { name, example } of registry.commands.values()) {
    const { arguments: params = {} } = JSON.parse(example.request);
    const replies = await client().stream.ask(JSON.stringify({ jsonrpc: '2.0', id: 1, method: name, params }));
    // Events may come behind the reply.
    const { result: returned, error } = replies.map((text) => JSON.parse(text)).find(({ id }) => id === 1);
    const session = await daemon().client();
    const messages = lines(await session.ask(example.request)).map((text) => JSON.parse(text));
    const qmp = messages.find((message) => 'return' in message || 'error' in message);
    expect({ returned, error: error?.message }, name).toEqual({ returned: qmp.return, error: qmp.error?.desc });
  }
});

describe('counters', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
  afterEach(() => void vi.useRealTimers());

  const counters = (stream: FakeMessageStream) =>
    stream.sent
      .map((text) => JSON.parse(text))
      .filter(({ method }) => method === instrCounters.name)
      .map(({ params }) => params.data);

  async function loaded() {
    const made = client();
    for (const id of ['lib0', 'lib1']) await made.stream.ask(request('instr-load', `{"path": "insn", "id": "${id}"}`));
    return made;
  }

  it('come in the shape that the schema says', async () => {
    const { stream } = await loaded();
    await stream.ask(request('instr-subscribe', '{"rate": 1, "ids": ["lib0"]}'));
    vi.advanceTimersByTime(1000);
    expect(() => validate(instrCounters.data, counters(stream)[0])).not.toThrow();
  });

  it.each([
    [1, 1],
    [10, 10],
    [50, 50],
    [60, 58],
  ])('at a rate of %i come %i times a second', async (rate, times) => {
    const { stream } = await loaded();
    await stream.ask(request('instr-subscribe', `{"rate": ${rate}}`));
    expect(counters(stream)).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(counters(stream)).toHaveLength(times);
    expect(Object.keys(counters(stream)[0].counters)).toEqual(['lib0', 'lib1']);
  });

  it.each(['0', '61', '-1', '9007199254740993'])('do not come at a rate of %s', async (rate) => {
    const { stream } = client();
    expect(await stream.ask(request('instr-subscribe', `{"rate": ${rate}}`))).toEqual([
      failure(-32602, "Parameter 'rate' expects a value from 1 to 60", '1'),
    ]);
  });

  it('come for each subscription on its own, until it is ended', async () => {
    const { stream, machine } = await loaded();
    await stream.ask(request('instr-subscribe', '{"rate": 1}'));
    await stream.ask(request('instr-subscribe', '{"rate": 2, "ids": ["lib1", "later"]}'));
    vi.advanceTimersByTime(1000);
    expect(
      counters(stream).map(({ subscription, counters: { lib0, lib1 } }) => [subscription, !!lib0, !!lib1]),
    ).toEqual([
      ['counters1', false, true],
      ['counters0', true, true],
      ['counters1', false, true],
    ]);
    await stream.ask(request('instr-unsubscribe', '{"subscription": "counters0"}'));
    expect(await stream.ask(request('instr-unsubscribe', '{"subscription": "counters0"}'))).toEqual([
      failure(-32000, "Unknown subscription 'counters0'", '1'),
    ]);
    await machine.instrumentation.load('insn', { id: 'later' });
    const before = counters(stream).length;
    vi.advanceTimersByTime(500);
    expect(counters(stream).slice(before)).toMatchObject([
      { subscription: 'counters1', counters: { lib1: {}, later: {} } },
    ]);
  });

  it('are left out while the client does not read', async () => {
    const { stream } = await loaded();
    await stream.ask(request('instr-subscribe', '{"rate": 60}'));
    stream.isBehind = true;
    vi.advanceTimersByTime(10_000);
    expect(counters(stream)).toEqual([]);
    stream.isBehind = false;
    vi.advanceTimersByTime(17);
    expect(counters(stream)).toHaveLength(1);
  });

  it('are of limited number, and end with the connection', async () => {
    const { stream } = client();
    for (let count = 0; count < 16; count++) await stream.ask(request('instr-subscribe', '{"rate": 1}'));
    expect(await stream.ask(request('instr-subscribe', '{"rate": 1}'))).toEqual([
      failure(-32000, '16 subscriptions are all that a client may have', '1'),
    ]);
    expect(vi.getTimerCount()).toBe(16);
    stream.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
