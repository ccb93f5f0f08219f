/** The examples of the page on JSON-RPC are what a session says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { EventFeed } from '../../monitor/events.ts';
import { serveJsonRpc } from '../../monitor/json-rpc/session.ts';
import { FakeMachine } from '../support/fakes/fake-machine.ts';
import { FakeMessageStream } from '../support/fakes/fake-message-stream.ts';
import { daemon } from '../unit/monitor/session.ts';
import { FOLDER } from './reference.ts';
import { blocksOf } from './transcript.ts';

const NOW = { seconds: 1795418975, microseconds: 392451 };

const examples = blocksOf(readFileSync(join(FOLDER, 'json-rpc.md'), 'utf8')).map(({ text }) => text);

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

it.each(examples)('%s', async (example) => {
  const machine = new FakeMachine();
  const events = new EventFeed(machine, () => NOW.seconds * 1000 + (NOW.microseconds + 0.5) / 1000);
  const stream = new FakeMessageStream();
  serveJsonRpc(stream, daemon(machine).context, events);
  await machine.instrumentation.load('hotblocks');
  if (!example.includes('"instr-subscribe"'))
    await stream.ask('{"jsonrpc": "2.0", "method": "instr-subscribe", "params": {"rate": 1, "ids": ["lib0"]}}');

  const lines = example.split('\n');
  const request = lines[0]!.startsWith('-> ') ? lines.shift()! : undefined;
  const before = stream.sent.length;
  if (request !== undefined) await stream.ask(request.slice('-> '.length));
  else vi.advanceTimersByTime(1000);
  expect(stream.sent.slice(before).map((text) => `<- ${text}`)).toEqual(lines);
});
