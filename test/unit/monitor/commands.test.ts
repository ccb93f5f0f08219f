import { describe, expect, it } from 'vitest';
import { validate } from '../../../monitor/validate.ts';
import type { JsonSchema } from '../../../schema/build.ts';
import { FakeMachine } from '../../support/fakes/fake-machine.ts';
import { daemon, failure, lines } from './session.ts';

const { registry } = daemon().context;

const CHARDEV = '{"execute": "chardev-add", "arguments": {"id": "log", "backend": {"type": "ringbuf", "data": {}}}}';

/** What has to be so before an example can be replayed. */
const BEFORE: Readonly<Record<string, string>> = {
  'chardev-change': CHARDEV,
  'chardev-remove': CHARDEV,
  'ringbuf-write': CHARDEV,
  'ringbuf-read': `${CHARDEV}{"execute": "ringbuf-write", "arguments": {"device": "log", "data": "hello"}}`,
  'instr-unload': '{"execute": "instr-load", "arguments": {"path": "hotblocks"}}',
  'query-instr': '{"execute": "instr-load", "arguments": {"path": "hotblocks", "args": ["limit=10"]}}',
};

/** An example's reply as a pattern: `...` stands for more of the same. */
const pattern = (reply: string): RegExp =>
  new RegExp(
    `^${reply
      .split('...')
      .map((part) => part.replace(/[\\^$.*+?|()[\]{}]/g, '\\$&'))
      .join('.+')}$`,
  );

describe('the example of', () => {
  it.each([...registry.commands.values()])('$name', async ({ name, example }) => {
    const { client, connect } = daemon();
    const session = name === 'qmp_capabilities' ? connect() : await client();
    if (BEFORE[name] !== undefined) await session.ask(BEFORE[name]);
    expect(JSON.parse(example.request)).toMatchObject({ execute: name });
    const replies = lines(await session.ask(example.request)).filter((line) => !line.startsWith('{"timestamp"'));
    expect(replies).toEqual([expect.stringMatching(pattern(example.reply))]);
  });

  it.each([...registry.events.values()])('$name', ({ name, data, example }) => {
    const { timestamp, event, data: shown = {}, ...rest } = JSON.parse(example);
    expect(event).toBe(name);
    expect(Object.keys(timestamp)).toEqual(['seconds', 'microseconds']);
    expect(rest).toEqual({});
    validate(data, shown);
  });
});

it('documents every command, event and member', () => {
  /** Members without a description that are not described by their own members. */
  const bare = (at: string, { properties = {}, items }: JsonSchema): string[] => [
    ...(items === undefined ? [] : bare(at, items)),
    ...Object.entries(properties).flatMap(([name, member]) => [
      ...(member.description === undefined && member.properties === undefined ? [`${at}.${name}`] : []),
      ...bare(`${at}.${name}`, member),
    ]),
  ];
  const shapes = [
    ...[...registry.commands.values()].flatMap(({ name, doc, args, returns }) => [
      { name, doc, json: args.json },
      { name: `${name}()`, doc, json: returns.json },
    ]),
    ...[...registry.events.values()].map(({ name, doc, data }) => ({ name, doc, json: data.json })),
  ];
  expect(shapes.flatMap(({ name, json }) => bare(name, json))).toEqual([]);
  for (const { name, doc } of shapes) expect(doc, name).toMatch(/^[A-Z].*\.$/s);
});

it('returns what its schema says', async () => {
  const { context } = daemon();
  await context.machine.instrumentation.load('insn');
  for (const { name, returns, run, example } of registry.commands.values()) {
    if (!name.startsWith('query-') || example.reply.startsWith('{"error"')) continue;
    const result = await run(context, {});
    expect(
      () => validate({ json: { type: 'object', properties: { result: returns.json } } }, { result }),
      name,
    ).not.toThrow();
  }
});

describe('trace events', () => {
  it('are chosen by pattern, and stay as they were set', async () => {
    const session = await daemon().client();
    const get = async (name: string): Promise<unknown> =>
      JSON.parse(await session.ask(`{"execute": "trace-event-get-state", "arguments": {"name": "${name}"}}`)).return;
    const set = (name: string, enable: boolean): Promise<string> =>
      session.ask(`{"execute": "trace-event-set-state", "arguments": {"name": "${name}", "enable": ${enable}}}`);

    expect(await set('exec*', true)).toBe('{"return": {}}\r\n');
    expect(await set('exec_tb', false)).toBe('{"return": {}}\r\n');
    expect(await set('nosuch*', true)).toBe('{"return": {}}\r\n');
    expect(await get('*')).toEqual([
      { name: 'riscv_trap', state: 'disabled' },
      { name: 'exec_tb', state: 'disabled' },
      { name: 'exec_tb_exit', state: 'enabled' },
      { name: 'serial_write', state: 'disabled' },
    ]);
    expect(await get('EXEC*')).toEqual([]);
    expect(await get('*_w?ite')).toEqual([{ name: 'serial_write', state: 'disabled' }]);
    expect(await get('.*')).toEqual([]);
  });
});

describe('query-status', () => {
  it.each(['prelaunch', 'running', 'paused', 'shutdown', 'internal-error', 'guest-panicked'] as const)(
    '%s',
    async (runState) => {
      const session = await daemon(new FakeMachine({ runState })).client();
      const { running, status } = JSON.parse(await session.ask('{"execute": "query-status"}')).return;
      expect(status).toBe(runState);
      expect(running).toBe(runState === 'running');
    },
  );
});

it('has no name unless one was given', async () => {
  const { context } = daemon();
  const queryName = registry.commands.get('query-name');
  expect(await queryName?.run({ ...context, name: undefined }, {})).toEqual({});
});

it('hands the vCPU to the human monitor', async () => {
  const session = await daemon().client();
  const ask = (args: string): Promise<string> =>
    session.ask(`{"execute": "human-monitor-command", "arguments": {"command-line": "print/d $a0", ${args}}}`);
  expect(await ask('"cpu-index": 1')).toBe(`{"return": "${0xa01}\\r\\n"}\r\n`);
  expect(await ask('"cpu-index": 2')).toBe(`${failure("Parameter 'cpu-index' expects a CPU number")}\r\n`);
});
