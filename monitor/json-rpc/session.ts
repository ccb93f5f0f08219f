/**
 * One JSON-RPC 2.0 client: every command of QMP is a method of the same name, and every event a notification. There is
 * nothing to negotiate; events come from the start.
 *
 * A message is a request, or a batch of them. Requests are carried out one after the other, those of a batch as well, and
 * replies leave in that order. Messages are read and written by the code that QMP's are, so that integers keep 64 bits.
 */
import { createJSONRPCNotification, type JSONRPCRequest, JSONRPCServer } from 'json-rpc-2.0';
import type { Context } from '../command.ts';
import type { EventFeed, EventMessage } from '../events.ts';
import { commandNotFound, execute } from '../execute.ts';
import { parseJson } from '../json/parse.ts';
import type { JsonValue } from '../json/value.ts';
import { writeJson } from '../json/writer.ts';
import type { MessageStream } from '../stream.ts';
import { validate } from '../validate.ts';
import { CounterSubscriptions, instrCounters, sessionMethods } from './counters.ts';
import { errorResponse, RequestError } from './errors.ts';
import { checkForm, idOf, namedParameters } from './request.ts';

/** Requests of one batch, whose replies are kept until the last one is there. */
export const BATCH_MAX = 100;

/**
 * Serves one client until its stream closes. Requests that have not begun by then are dropped.
 * @param events the feed of `context.machine`, shared by all sessions
 */
export function serveJsonRpc(stream: MessageStream, context: Context, events: EventFeed): void {
  let closed = false;
  /** Settles when everything received so far has been answered. Never rejects. */
  let answered = Promise.resolve();

  const notify = ({ event, ...params }: EventMessage): void =>
    stream.send(writeJson(createJSONRPCNotification(event, params)));

  const subscriptions = new CounterSubscriptions(context.machine.instrumentation, (data) => {
    if (!stream.isBehind) notify({ event: instrCounters.name, timestamp: events.timestamp(), data });
  });
  const server = serverFor(context, subscriptions);

  /** The reply to a request, undefined where it wants none. */
  async function reply(request: JsonValue): Promise<string | undefined> {
    if (closed) return undefined;
    try {
      const response = await server.receive(checkForm(request));
      return response === null ? undefined : writeJson(response);
    } catch (error) {
      return writeJson(errorResponse(idOf(request), error));
    }
  }

  async function replyToAll(requests: readonly JsonValue[]): Promise<string | undefined> {
    if (requests.length > BATCH_MAX)
      throw new RequestError(`a batch of ${requests.length} requests: expected at most ${BATCH_MAX}`);
    const replies: string[] = [];
    for (const request of requests) {
      const text = await reply(request);
      if (text !== undefined) replies.push(text);
    }
    return replies.length === 0 ? undefined : `[${replies.join(', ')}]`;
  }

  async function answer(message: Uint8Array): Promise<void> {
    let text: string | undefined;
    try {
      const input = parseJson(message);
      text = await (Array.isArray(input) && input.length > 0 ? replyToAll(input) : reply(input));
    } catch (error) {
      text = writeJson(errorResponse(null, error));
    }
    if (text !== undefined) stream.send(text);
  }

  stream.onMessage((message) => {
    answered = answered.then(() => answer(message));
    return answered;
  });
  const unsubscribe = events.subscribe(notify);
  stream.onClose(() => {
    closed = true;
    unsubscribe();
    subscriptions.clear();
  });
}

function serverFor(context: Context, subscriptions: CounterSubscriptions): JSONRPCServer {
  // What a command throws is an answer, not news.
  const server = new JSONRPCServer({ errorListener: () => {} });
  server.mapErrorToJSONRPCErrorResponse = errorResponse;
  server.handleMethodNotFound = async ({ method }: JSONRPCRequest) => {
    throw commandNotFound(method);
  };
  for (const name of context.registry.commands.keys()) {
    server.addMethod(name, async (params) => execute(context, name, namedParameters(params)));
  }
  for (const { name, args, run } of sessionMethods) {
    server.addMethod(name, async (params) => run(subscriptions, validate(args, namedParameters(params))));
  }
  return server;
}
