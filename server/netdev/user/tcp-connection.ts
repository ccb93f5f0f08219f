/**
 * One TCP connection of a guest (RFC 9293), of which the other end is a socket of the host.
 *
 * The guest is answered only when the host's socket is connected, so that it learns when nobody is there. The end of
 * either stream is passed on by itself; an error on either side resets the other.
 */
import type { Socket } from 'node:net';
import { MTU } from './packet.ts';
import { TcpReceiver } from './tcp-receiver.ts';
import { after, FLAG, type Segment } from './tcp-segment.ts';
import { TcpSender } from './tcp-sender.ts';

/** Headers of IPv4 and TCP without options. */
const HEADERS_BYTES = 40;
export const SEGMENT_BYTES_MAX = MTU - HEADERS_BYTES;
const WINDOW_MAX = 0xffff;
/** Bytes from the host that are kept for the guest before the host is asked to wait. */
const BUFFERED_MAX = 0x4_0000;
/** How long a connection that both sides have closed is remembered, for a guest that has missed that. */
const LINGER_MS = 2000;
const NOTHING = new Uint8Array(0);

export interface ConnectionEnds {
  readonly socket: Socket;
  /** Takes a segment to the guest; ports are filled in. */
  send(segment: Omit<Segment, 'sourcePort' | 'destinationPort'>): void;
  /** It is over: nothing more is to be delivered. */
  closed(): void;
}

export class TcpConnection {
  readonly #ends: ConnectionEnds;
  readonly #sender: TcpSender;
  /** Once the guest has sent its SYN. */
  #receiver: TcpReceiver | undefined;
  /**
   * `connecting`: the socket is not yet connected, and the guest has not been answered. `opening`: our SYN has not been
   * acknowledged. `open`: data may flow; either side may have ended its stream. `closed`: it is over.
   */
  #state: 'connecting' | 'opening' | 'open' | 'closed' = 'connecting';
  #hostEnded = false;
  /** The last window that the guest was told of. */
  #toldWindow = 0;
  #acknowledging: NodeJS.Immediate | undefined;
  #lingering: NodeJS.Timeout | undefined;

  /**
   * @param initial where our stream begins
   * @param syn the SYN by which the guest opens the connection; undefined where the host does, and the guest is asked
   */
  constructor(ends: ConnectionEnds, initial: number, syn: Segment | undefined) {
    this.#ends = ends;
    this.#sender = new TcpSender(
      {
        transmit: (flags, sequence, data) =>
          this.#say(this.#receiver ? flags | FLAG.acknowledge : flags, sequence, data),
        giveUp: () => this.reset(),
      },
      initial,
      SEGMENT_BYTES_MAX,
    );
    const { socket } = ends;
    socket.pause();
    socket.on('data', (bytes) => this.#fromHost(bytes as Uint8Array));
    socket.on('end', () => {
      this.#hostEnded = true;
      this.#sender.end();
    });
    socket.on('error', () => this.reset());
    socket.on('close', () => this.#hostClosed());
    if (syn) {
      this.#greet(syn);
      socket.once('connect', () => this.#open());
    } else this.#open();
  }

  /** A segment from the guest that belongs to this connection. */
  receive(segment: Segment): void {
    if (this.#state === 'opening') this.#takeAnswer(segment);
    else if (this.#state === 'open') this.#take(segment);
  }

  /** Ends the connection on both sides, at once. */
  reset(): void {
    this.#say(FLAG.reset | FLAG.acknowledge, this.#sender.next);
    this.#abandon();
  }

  /** Ends the host's side, so that it learns that this was no orderly end. */
  #abandon(): void {
    const { socket } = this.#ends;
    this.#finish();
    if (socket.connecting || socket.destroyed) socket.destroy();
    else socket.resetAndDestroy();
  }

  #open(): void {
    if (this.#state === 'closed') return;
    this.#state = 'opening';
    this.#sender.start();
  }

  #greet(syn: Segment): void {
    this.#sender.greet(syn);
    this.#receiver = new TcpReceiver((syn.sequence + 1) >>> 0, (bytes) => {
      this.#ends.socket.write(bytes, () => this.#roomAgain());
    });
  }

  /** While our SYN is on its way. */
  #takeAnswer(segment: Segment): void {
    const { flags } = segment;
    const acknowledges = this.#sender.acknowledgesStart(segment);
    if (flags & FLAG.reset) {
      if (acknowledges || this.#receiver) this.#abandon();
      return;
    }
    if (flags & FLAG.syn) {
      // A guest that has opened the connection itself has missed our answer; the other kind has to acknowledge.
      if (this.#receiver) this.#sender.start();
      if (this.#receiver || !acknowledges) return;
      this.#greet(segment);
    }
    if (!acknowledges) return;
    this.#state = 'open';
    this.#ends.socket.resume();
    this.#take({ ...segment, flags: flags & ~FLAG.syn, sequence: this.#receiver!.expected });
    if (flags & FLAG.syn) this.#acknowledgeNow();
  }

  #take(segment: Segment): void {
    const receiver = this.#receiver!;
    const { flags, sequence } = segment;
    if (flags & FLAG.reset) {
      const ahead = after(sequence, receiver.expected);
      if (ahead >= 0 && ahead <= WINDOW_MAX) this.#abandon();
      return;
    }
    // A SYN is one that it has sent before: it has missed our answer.
    if (flags & FLAG.syn) this.#acknowledgeNow();
    if (flags & FLAG.syn || (flags & FLAG.acknowledge) === 0) return;
    if (!this.#sender.acknowledge(segment)) this.#acknowledgeSoon();
    if (!this.#hostEnded && this.#sender.buffered < BUFFERED_MAX / 2) this.#ends.socket.resume();

    const hadEnded = receiver.ended;
    const acknowledge = receiver.take(segment, this.#window());
    if (receiver.ended && !hadEnded) this.#ends.socket.end();
    if (acknowledge === 'now') this.#acknowledgeNow();
    if (acknowledge === 'soon') this.#acknowledgeSoon();
    if (receiver.ended && this.#sender.done) this.#lingering ??= setTimeout(() => this.#finish(), LINGER_MS);
  }

  #fromHost(bytes: Uint8Array): void {
    this.#sender.push(bytes);
    if (this.#sender.buffered >= BUFFERED_MAX) this.#ends.socket.pause();
  }

  #hostClosed(): void {
    // Both streams have ended in order, or the guest is told that they will not.
    if (!this.#hostEnded || !this.#receiver?.ended) this.reset();
  }

  /** What the host has room for. */
  #window(): number {
    return Math.max(0, WINDOW_MAX - this.#ends.socket.writableLength);
  }

  /** The host has taken what it was given; a guest that was told to wait must hear of it. */
  #roomAgain(): void {
    if (this.#state === 'open' && this.#toldWindow < SEGMENT_BYTES_MAX) this.#acknowledgeNow();
  }

  /** Acknowledges what has come, once for all that comes together. */
  #acknowledgeSoon(): void {
    this.#acknowledging ??= setImmediate(() => this.#acknowledgeNow());
  }

  #acknowledgeNow(): void {
    this.#say(FLAG.acknowledge, this.#sender.next);
  }

  #say(flags: number, sequence: number, data: Uint8Array = NOTHING): void {
    if (this.#state === 'closed') return;
    const acknowledges = (flags & FLAG.acknowledge) !== 0;
    if (acknowledges) {
      clearImmediate(this.#acknowledging);
      this.#acknowledging = undefined;
      this.#toldWindow = this.#window();
    }
    this.#ends.send({
      flags,
      sequence,
      acknowledgement: acknowledges ? (this.#receiver?.expected ?? 0) : 0,
      window: this.#window(),
      segmentSize: flags & FLAG.syn ? SEGMENT_BYTES_MAX : undefined,
      data,
    });
  }

  #finish(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#sender.stop();
    clearTimeout(this.#lingering);
    clearImmediate(this.#acknowledging);
    this.#ends.closed();
  }
}
