/** Where JSON-RPC is served: an HTTP server that does nothing but open WebSockets, for those who may have one. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type VerifyClientCallbackAsync, type WebSocket, WebSocketServer } from 'ws';
import type { MessageStream } from '../../monitor/stream.ts';
import { UNREAD_BYTES_MAX } from '../chardev/monitor.ts';
import { listen } from '../chardev/socket.ts';
import type { JsonRpcSpec } from '../config/json-rpc.ts';
import type { TlsCredsSpec } from '../config/objects.ts';
import { locate, located, reasonOf, UsageError } from '../errors.ts';
import { WebSocketStream } from './stream.ts';
import { tlsOptions } from './tls.ts';

/** Bytes of a message; a client that sends more is cut off. */
const MESSAGE_BYTES_MAX = 1 << 20;

const TOKEN_BYTES = 32;

export interface ListenerEnvironment {
  /** Begins a session on a stream that ends with its client. */
  serve(stream: MessageStream): void;
  /** Told when a client has been dropped because it did not read. */
  dropped(): void;
  /** Tells the person who started the daemon something, in one line. */
  report(line: string): void;
  /** Bytes that may wait for a client which does not read. */
  readonly unreadBytesMax?: number;
}

export class WebSocketListener {
  readonly #spec: JsonRpcSpec;
  readonly #environment: ListenerEnvironment;
  readonly #server: Server;
  readonly #token: string | undefined;
  readonly #secure: boolean;
  readonly #streams = new Set<WebSocketStream>();
  #urlFile: string | undefined;

  /**
   * @param creds what `spec.tlsCreds` refers to
   * @throws UsageError the credentials are of no use
   */
  constructor(spec: JsonRpcSpec, creds: TlsCredsSpec | undefined, environment: ListenerEnvironment) {
    this.#spec = spec;
    this.#environment = environment;
    this.#token = tokenOf(spec);
    this.#secure = creds !== undefined;
    const refuse = (_request: IncomingMessage, response: ServerResponse): void =>
      void response.writeHead(426, { Upgrade: 'websocket' }).end();
    this.#server = creds === undefined ? createServer(refuse) : createSecureServer(tlsOptions(creds), refuse);
    const sockets = new WebSocketServer({
      server: this.#server,
      path: '/',
      clientTracking: false,
      maxPayload: MESSAGE_BYTES_MAX,
      verifyClient: ((info, answer) => this.#verify(info.req, answer)) satisfies VerifyClientCallbackAsync,
    });
    sockets.on('connection', (socket) => this.#serve(socket));
    // Listening has an error handler of its own.
    sockets.on('error', () => {});
  }

  /**
   * Serves clients from now on.
   * @throws UsageError what the host refused
   */
  async open(): Promise<void> {
    const { option, address } = this.#spec;
    await listen(this.#server, address).catch((error: unknown) => {
      throw locate(option, error);
    });
    located(option, () => this.#tellUrl());
  }

  /** Takes no more clients, lets the ones there are receive what has been sent, and ends them. */
  async close(): Promise<void> {
    this.abandon();
    this.#server.closeIdleConnections();
    await Promise.all(Array.from(this.#streams, (stream) => stream.finish()));
    this.#server.closeAllConnections();
  }

  /** Gives back to the host what would outlive the process, in no time. */
  abandon(): void {
    // Also removes the path.
    this.#server.close();
    if (this.#urlFile !== undefined) rmSync(this.#urlFile, { force: true });
  }

  #verify({ headers, url = '/' }: IncomingMessage, answer: Parameters<VerifyClientCallbackAsync>[1]): void {
    const { origin, authorization } = headers;
    if (origin !== undefined && !this.#spec.origins.includes(origin)) {
      answer(false, 403, 'The origin is not welcome');
    } else if (
      this.#token !== undefined &&
      ![bearerOf(authorization), queryTokenOf(url)].some((text) => this.#knows(text))
    ) {
      answer(false, 401, 'The token is missing or wrong', { 'WWW-Authenticate': 'Bearer' });
    } else {
      answer(true);
    }
  }

  /** Whether `text` is the token. Takes as long for each wrong one. */
  #knows(text: string | undefined): boolean {
    return text !== undefined && timingSafeEqual(digest(text), digest(this.#token!));
  }

  #serve(socket: WebSocket): void {
    const { serve, dropped, unreadBytesMax = UNREAD_BYTES_MAX } = this.#environment;
    const stream = new WebSocketStream(socket, { dropped, unreadBytesMax });
    this.#streams.add(stream);
    stream.onClose(() => this.#streams.delete(stream));
    serve(stream);
  }

  /** @throws UsageError the file cannot be written */
  #tellUrl(): void {
    const { address, urlFile, token, option } = this.#spec;
    if ('path' in address) return;
    const url = new URL(`${this.#secure ? 'wss' : 'ws'}://${hostOf(this.#server.address() as AddressInfo)}`);
    if (this.#token !== undefined && (token === 'random' || urlFile !== undefined))
      url.searchParams.set('token', this.#token);
    if (urlFile === undefined) {
      this.#environment.report(`${option}: info: JSON-RPC is served at ${url}`);
      return;
    }
    try {
      // Made anew, so that nobody else has it open or may read it.
      rmSync(urlFile, { force: true });
      writeFileSync(urlFile, `${url}\n`, { mode: 0o600, flag: 'wx' });
    } catch (error) {
      throw new UsageError(`Could not create '${urlFile}': ${reasonOf(error)}`);
    }
    this.#urlFile = urlFile;
  }
}

function tokenOf({ token }: JsonRpcSpec): string | undefined {
  if (token === 'none') return undefined;
  return token === 'random' ? randomBytes(TOKEN_BYTES).toString('base64url') : token.text;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

const bearerOf = (authorization: string | undefined): string | undefined =>
  /^Bearer +(.*)$/i.exec(authorization ?? '')?.[1];

const queryTokenOf = (url: string): string | undefined =>
  new URLSearchParams(url.split('?')[1] ?? '').get('token') ?? undefined;

const hostOf = ({ address, family, port }: AddressInfo): string =>
  `${family === 'IPv6' ? `[${address}]` : address}:${port}`;
