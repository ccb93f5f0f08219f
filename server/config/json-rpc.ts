/** `-jsonrpc`: where JSON-RPC is served, and to whom. */
import { type InetAddress, parseSocket } from '../chardev/spec.ts';
import { UsageError } from '../errors.ts';

export interface JsonRpcSpec {
  readonly address: { readonly path: string } | InetAddress;
  /** What a client has to know: a text, one that is made up at the start, or nothing. */
  readonly token: { readonly text: string } | 'random' | 'none';
  /** The values of `Origin` that are welcome; clients that send none always are. */
  readonly origins: readonly string[];
  /** File for the URL, with the token in it. */
  readonly urlFile: string | undefined;
  /** Id of the credentials for TLS. */
  readonly tlsCreds: string | undefined;
  /** The option that asked for it, for messages: without what is behind the address, which may be secret. */
  readonly option: string;
}

/**
 * The argument of `-jsonrpc`. Who can open a socket's path is its owner, so that no token is needed there.
 * @throws UsageError
 */
export function parseJsonRpc(argument: string): JsonRpcSpec {
  const { address, values } = parseSocket(argument);
  const text = values.take('token');
  const origins = values.takeAll('origin');
  const urlFile = values.take('url-file');
  const tlsCreds = values.take('tls-creds');
  values.end();
  if ('fd' in address) throw new UsageError("Invalid parameter 'fd'");
  if ('path' in address && urlFile !== undefined)
    throw new UsageError("'url-file' is for TCP: who can open the path needs no URL");
  if (text === '') throw new UsageError("Parameter 'token' expects a text that is not empty");
  const unasked = 'path' in address ? 'none' : 'random';
  return {
    address,
    token: text === undefined ? unasked : { text },
    origins,
    urlFile,
    tlsCreds,
    option: `-jsonrpc ${argument.split(',')[0]}`,
  };
}
