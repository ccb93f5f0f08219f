/** The form of requests. */
import { JSONRPC, type JSONRPCID, type JSONRPCRequest } from 'json-rpc-2.0';
import { ParameterError } from '../command.ts';
import { isJsonObject, JsonNumber, type JsonObject, type JsonValue } from '../json/value.ts';
import { RequestError } from './errors.ts';

/** Ids come back as they are: also those that are numbers only here, bigints and JsonNumbers. */
const isId = (value: JsonValue): boolean =>
  value === null || ['string', 'number', 'bigint'].includes(typeof value) || value instanceof JsonNumber;

/** What a reply to `request` has for an id, whatever else is wrong with it. */
export const idOf = (request: JsonValue): JSONRPCID =>
  isJsonObject(request) && request.id !== undefined && isId(request.id) ? (request.id as JSONRPCID) : null;

/** @throws RequestError what keeps this value from being a request */
export function checkForm(request: JsonValue): JSONRPCRequest {
  if (!isJsonObject(request)) throw new RequestError('a request is an object');
  const { jsonrpc, method, params, id } = request;
  if (jsonrpc !== JSONRPC) throw new RequestError(`a request has the member 'jsonrpc': '${JSONRPC}'`);
  if (typeof method !== 'string') throw new RequestError("a request has a string for its 'method'");
  if (params !== undefined && !isJsonObject(params) && !Array.isArray(params))
    throw new RequestError("'params' is an object");
  if (id !== undefined && !isId(id)) throw new RequestError("'id' is a string, a number or null");
  return { jsonrpc, method, params, ...(id === undefined ? {} : { id: id as JSONRPCID }) };
}

/**
 * Parameters by name.
 * @param params of a request whose form has been checked
 * @throws ParameterError they are given by position
 */
export function namedParameters(params: JsonObject | readonly JsonValue[] | undefined): JsonObject {
  if (params === undefined || (Array.isArray(params) && params.length === 0)) return {};
  if (Array.isArray(params)) throw new ParameterError('Parameters are given by name: expected an object');
  return params as JsonObject;
}
