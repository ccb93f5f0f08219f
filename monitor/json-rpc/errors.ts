/** Errors as JSON-RPC 2.0 shows them: by number, with QMP's class in `data`. */
import { createJSONRPCErrorResponse, JSONRPCErrorCode, type JSONRPCErrorResponse, type JSONRPCID } from 'json-rpc-2.0';
import { ParameterError } from '../command.ts';
import { asCommandError } from '../execute.ts';
import { JsonError } from '../json/value.ts';

/** What is no request, with the reason. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
}

/** The kinds of errors. All numbers but the last are the specification's, which leaves that one to servers. */
export const ERRORS = {
  parse: { code: JSONRPCErrorCode.ParseError, doc: 'The message is not JSON. Nothing of it is carried out.' },
  request: { code: JSONRPCErrorCode.InvalidRequest, doc: 'It is no request, or a batch that is too long.' },
  method: { code: JSONRPCErrorCode.MethodNotFound, doc: 'There is no such method.' },
  parameters: { code: JSONRPCErrorCode.InvalidParams, doc: 'The parameters are not what the method takes.' },
  command: { code: -32000, doc: 'The command has failed.' },
} as const;

function kindOf(error: unknown): keyof typeof ERRORS {
  if (error instanceof JsonError) return 'parse';
  if (error instanceof RequestError) return 'request';
  if (error instanceof ParameterError) return 'parameters';
  return asCommandError(error).errorClass === 'CommandNotFound' ? 'method' : 'command';
}

/** @param id of the request; null where it has none that is known */
export function errorResponse(id: JSONRPCID, error: unknown): JSONRPCErrorResponse {
  const { message, errorClass } = asCommandError(error);
  return createJSONRPCErrorResponse(id, ERRORS[kindOf(error)].code, message, { class: errorClass });
}
