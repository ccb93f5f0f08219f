/** From an address to a link. */
import { readFileSync, statSync } from 'node:fs';
import { ConnectionError } from '../errors.ts';
import { openJsonRpc } from './json-rpc.ts';
import type { Open } from './link.ts';
import { openQmp } from './qmp.ts';

/**
 * | address                  | what it is                                              |
 * |--------------------------|---------------------------------------------------------|
 * | `ws://...`, `wss://...`  | a URL for JSON-RPC, with the token                      |
 * | `unix:PATH`              | a unix socket for QMP                                   |
 * | `tcp:HOST:PORT`          | the same over TCP                                       |
 * | a path                   | a unix socket for QMP, or a file that has such a URL    |
 *
 * A file is read each time, so that it may lead to a daemon that has been started anew.
 */
export const openLink: Open<string> = async (address, listener) => {
  if (/^wss?:/.test(address)) return openJsonRpc(urlOf(address), listener);
  const { path } = /^unix:(?<path>.*)$/s.exec(address)?.groups ?? {};
  if (path !== undefined) return openQmp({ path }, listener);
  const { host, port } = /^tcp:(?<host>.*):(?<port>\d+)$/.exec(address)?.groups ?? {};
  if (port !== undefined)
    return openQmp({ host: host!.replace(/^\[(.*)\]$/, '$1') || 'localhost', port: Number(port) }, listener);
  return isFile(address) ? openJsonRpc(urlOf(contentsOf(address)), listener) : openQmp({ path: address }, listener);
};

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

function contentsOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new ConnectionError((error as Error).message);
  }
}

function urlOf(text: string): URL {
  if (!/^wss?:/.test(text) || !URL.canParse(text)) throw new ConnectionError(`'${text}' is no URL of a WebSocket`);
  return new URL(text);
}
