/**
 * A character device: a backend that brings clients, and the front ends that serve them.
 *
 * Clients that arrive before a front end is there, or while a serial line serves another, wait unread, in order.
 */
import { locate, located, UsageError } from '../errors.ts';
import type { Backend } from './backend.ts';
import type { Channel } from './channel.ts';
import { fileBackend } from './file.ts';
import type { FrontEnd } from './front-end.ts';
import { attachMux, type MuxOptions } from './mux.ts';
import { ptyBackend } from './pty.ts';
import { RingBuffer } from './ring-buffer.ts';
import { socketBackend } from './socket.ts';
import { type ChardevSpec, showAddress } from './spec.ts';
import { type Stdio, stdioBackend } from './stdio.ts';

/** Milliseconds that a client has to take its last bytes when the daemon ends. */
const FLUSH_MS = 1000;

export interface ChardevEnvironment {
  readonly stdio: Stdio;
  /** Tells the person who started the daemon something, in one line. */
  report(line: string): void;
  readonly mux: MuxOptions;
}

export class Chardev {
  readonly spec: ChardevSpec;
  /** What a ring buffer is, of one. */
  readonly ring: RingBuffer | undefined;
  /** Path of a pseudo terminal, of one that is open. */
  pty: string | undefined;
  readonly #backend: Backend;
  readonly #environment: ChardevEnvironment;
  readonly #waiting: Channel[] = [];
  readonly #served = new Set<Channel>();
  readonly #frontEnds: FrontEnd[] = [];
  #started = false;
  #arrived = (): void => {};

  constructor(spec: ChardevSpec, environment: ChardevEnvironment) {
    this.spec = spec;
    this.#environment = environment;
    this.#backend = this.#backendOf(spec.backend);
    this.ring = this.#backend instanceof RingBuffer ? this.#backend : undefined;
  }

  /**
   * Opens the backend, and where the specification says so waits for the first client.
   * @throws UsageError what the host refused
   */
  async open(): Promise<void> {
    const { backend, option } = this.spec;
    const arrival = new Promise<void>((resolve) => {
      this.#arrived = resolve;
    });
    await this.#backend
      .open((client) => this.#deliver(client))
      .catch((error: unknown) => {
        throw locate(option, error);
      });
    if (backend.type === 'socket' && backend.wait) {
      this.#environment.report(
        `${option}: info: QEMU waiting for connection on: disconnected:${showAddress(backend.address, backend.telnet)},server=on`,
      );
      await arrival;
    }
  }

  /** Those that have been connected. */
  get frontEnds(): readonly FrontEnd[] {
    return this.#frontEnds;
  }

  /** Cuts every connection off, with all that has not been sent. */
  cut(): void {
    for (const client of [...this.#served, ...this.#waiting.splice(0)]) client.destroy();
  }

  /**
   * Adds a front end. With `mux=on` there may be several, else one.
   * @param option the option that wants it, for the error
   * @throws UsageError the device has one already
   */
  connect(frontEnd: FrontEnd, option: string): void {
    located(option, () => {
      if (this.#frontEnds.length > 0 && !this.spec.mux) throw new UsageError(`Device '${this.spec.id}' is in use`);
    });
    this.#frontEnds.push(frontEnd);
  }

  /** Takes a front end off, and ends the clients that it serves. To be called where there is no other one. */
  async disconnect(frontEnd: FrontEnd): Promise<void> {
    this.#frontEnds.splice(this.#frontEnds.indexOf(frontEnd), 1);
    await Promise.all([...this.#served].map(finish));
  }

  /** Whether anybody stands behind it. */
  get isUsed(): boolean {
    return this.#frontEnds.length > 0;
  }

  /** What it is, in QEMU's words: `stdio`, or of a socket its address and whether anybody is there. */
  get filename(): string {
    const { backend } = this.spec;
    if (backend.type !== 'socket') return backend.type;
    const there = this.#served.size > 0 ? '' : 'disconnected:';
    return `${there}${showAddress(backend.address, backend.telnet)}${backend.server ? ',server=on' : ''}`;
  }

  /** Begins to serve clients, once every front end has been connected. */
  start(): void {
    this.#started = true;
    this.#serve();
  }

  /** Takes no more clients, lets the ones there are receive what has been written, and ends them. */
  async close(): Promise<void> {
    this.#started = false;
    await Promise.all([...this.#served].map(finish));
    for (const client of this.#waiting) client.destroy();
    this.#backend.close();
  }

  /** The same in no time, for the end of a process that has failed. */
  abandon(): void {
    this.#backend.close();
  }

  #deliver(client: Channel): void {
    this.#waiting.push(client);
    this.#arrived();
    this.#serve();
  }

  #serve(): void {
    if (!this.#started || this.#frontEnds.length === 0) return;
    const several = this.#frontEnds.length === 1 && this.#frontEnds[0]!.kind === 'monitor';
    while (this.#waiting.length > 0 && (several || this.#served.size === 0)) {
      const client = this.#waiting.shift()!;
      this.#served.add(client);
      if (this.spec.mux) attachMux(client, this.#frontEnds, this.#environment.mux);
      else this.#frontEnds[0]!.attach(client);
      // Behind the front end's own: it is done with this client when the next one comes.
      client.onClose(() => {
        this.#served.delete(client);
        this.#serve();
      });
    }
  }

  #backendOf(backend: ChardevSpec['backend']): Backend {
    const { stdio, report } = this.#environment;
    switch (backend.type) {
      case 'null':
        return { async open() {}, close() {} };
      case 'stdio':
        return stdioBackend(stdio, backend.signal);
      case 'file':
        return fileBackend(backend.path, backend.append);
      case 'socket':
        return socketBackend(backend);
      case 'pty':
        return ptyBackend((path) => {
          this.pty = path;
          report(`char device redirected to ${path} (label ${this.spec.id})`);
        });
      case 'ringbuf':
        return new RingBuffer(backend.size);
    }
  }
}

const finish = (client: Channel): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => client.destroy(), FLUSH_MS);
    client.onClose(() => {
      clearTimeout(timer);
      resolve();
    });
    client.close();
  });
