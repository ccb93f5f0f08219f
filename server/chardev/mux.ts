/**
 * One client for several front ends: a terminal that is the guest's console and a monitor at once. Ctrl-A c moves what is
 * typed, the focus, to the next front end.
 *
 * The output of a serial line always shows. A monitor's waits while another has the focus; when it comes back, the line
 * that was being typed is shown again.
 */
import type { Channel } from './channel.ts';
import { type EscapeCommand, EscapeParser, escapeHelp } from './escape.ts';
import type { FrontEnd } from './front-end.ts';

/** Bytes typed ahead of a front end that does not take them. Beyond, the client has to wait, with its escapes. */
const TYPED_AHEAD_MAX = 65536;
/** Bytes of an unfinished line that are kept to be shown again. */
const LINE_BYTES_MAX = 65536;

const NEWLINE = 0x0a;
const NOTHING = Buffer.alloc(0);

export interface MuxOptions {
  /** Index of the front end that has the focus first, modulo their number. */
  readonly focus: number;
  /** Ctrl-A x. */
  exit(): void;
  /** The time of the host, for Ctrl-A t. */
  now(): Date;
}

/** Connects `client` to all of `frontEnds`. The mux ends with the client. */
export function attachMux(client: Channel, frontEnds: readonly FrontEnd[], options: MuxOptions): void {
  new Mux(client, frontEnds, options).start();
}

class Mux {
  readonly #client: Channel;
  readonly #frontEnds: readonly FrontEnd[];
  readonly #options: MuxOptions;
  readonly #ports: readonly Port[];
  readonly #escapes = new EscapeParser();
  #focus: number;
  #atLineStart = true;
  #timestamps = false;

  constructor(client: Channel, frontEnds: readonly FrontEnd[], options: MuxOptions) {
    this.#client = client;
    this.#frontEnds = frontEnds;
    this.#options = options;
    this.#focus = options.focus % frontEnds.length;
    this.#ports = frontEnds.map(({ kind }) =>
      kind === 'serial'
        ? new Port(this, (data) => this.#show(this.#timestamps ? this.#stamped(data) : data))
        : new MonitorPort(this, (data) => this.#show(data)),
    );
  }

  start(): void {
    this.#client.onDrain(() => {
      for (const port of this.#ports) port.drained();
    });
    this.#client.onClose(() => {
      for (const port of this.#ports) port.close();
    });
    this.#focused.focus();
    this.#frontEnds.forEach((frontEnd, n) => void frontEnd.attach(this.#ports[n]!));
    this.#client.onData((bytes) => {
      for (const part of this.#escapes.feed(bytes)) {
        if (typeof part === 'string') this.#obey(part);
        else this.#focused.typed(part);
      }
      this.flowControl();
    });
  }

  /** Lets the client type on, or not, depending on what is still untaken. */
  flowControl(): void {
    if (this.#ports.some((port) => port.typedAhead > TYPED_AHEAD_MAX)) this.#client.pause();
    else this.#client.resume();
  }

  get #focused(): Port {
    return this.#ports[this.#focus]!;
  }

  #show(data: Buffer): boolean {
    if (data.length > 0) this.#atLineStart = data.at(-1) === NEWLINE;
    return this.#client.write(data);
  }

  /** `data` with the time of day in front of each line. */
  #stamped(data: Buffer): Buffer {
    const stamp = `[${this.#options.now().toISOString().slice(11, 23)}] `;
    const lines = data.toString('latin1').replace(/\n(?=.)/gs, `\n${stamp}`);
    return Buffer.from(this.#atLineStart ? stamp + lines : lines, 'latin1');
  }

  #obey(command: EscapeCommand): void {
    switch (command) {
      case 'help':
        this.#show(Buffer.from(escapeHelp));
        break;
      case 'exit':
        this.#show(Buffer.from('vivarium: terminated\r\n'));
        this.#options.exit();
        break;
      case 'timestamps':
        this.#timestamps = !this.#timestamps;
        break;
      case 'switch':
        this.#focused.blur();
        if (!this.#atLineStart) this.#show(Buffer.from('\r\n'));
        this.#focus = (this.#focus + 1) % this.#ports.length;
        this.#focused.focus();
        break;
    }
  }
}

/** What one front end sees of the client. */
class Port implements Channel {
  readonly #mux: Mux;
  protected readonly show: (data: Buffer) => boolean;
  readonly #whenClosed: (() => void)[] = [];
  #receive: ((bytes: Uint8Array) => void) | undefined;
  #drained = (): void => {};
  #paused = false;
  #closed = false;
  #typed: Buffer = NOTHING;

  constructor(mux: Mux, show: (data: Buffer) => boolean) {
    this.#mux = mux;
    this.show = show;
  }

  focus(): void {}
  blur(): void {}
  drained(): void {
    this.#drained();
  }
  get typedAhead(): number {
    return this.#typed.length;
  }
  typed(bytes: Uint8Array): void {
    this.#typed = Buffer.concat([this.#typed, bytes]);
    this.#deliver();
  }

  #deliver(): void {
    if (this.#paused || this.#receive === undefined || this.#typed.length === 0) return;
    const bytes = this.#typed;
    this.#typed = NOTHING;
    this.#receive(bytes);
  }

  write(data: string | Uint8Array): boolean {
    return this.#closed || this.show(Buffer.from(data as Uint8Array));
  }
  onDrain(drained: () => void): void {
    this.#drained = drained;
  }
  onData(receive: (bytes: Uint8Array) => void): void {
    this.#receive = receive;
    this.#deliver();
  }
  pause(): void {
    this.#paused = true;
  }
  resume(): void {
    this.#paused = false;
    this.#deliver();
    this.#mux.flowControl();
  }
  /** The end of the client's input is the end of the client, for all who share it. */
  onEnd(): void {}
  onClose(closed: () => void): void {
    if (this.#closed) closed();
    else this.#whenClosed.push(closed);
  }
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const closed of this.#whenClosed) closed();
  }
  destroy(): void {
    this.close();
  }
}

/** A port whose output waits for the focus. */
class MonitorPort extends Port {
  #focused = false;
  #held: Buffer = NOTHING;
  /** What has been shown since the last line ended. */
  #line: Buffer = NOTHING;

  override focus(): void {
    this.#focused = true;
    const held = this.#held;
    this.#held = NOTHING;
    this.write(held);
  }

  override blur(): void {
    this.#focused = false;
    this.#held = this.#line;
    this.#line = NOTHING;
  }

  override write(data: string | Uint8Array): boolean {
    const bytes = Buffer.from(data as Uint8Array);
    if (!this.#focused) {
      this.#held = Buffer.concat([this.#held, bytes]);
      return true;
    }
    const end = bytes.lastIndexOf(NEWLINE);
    this.#line = end < 0 ? Buffer.concat([this.#line, bytes]) : bytes.subarray(end + 1);
    if (this.#line.length > LINE_BYTES_MAX) this.#line = NOTHING;
    return super.write(bytes);
  }
}
