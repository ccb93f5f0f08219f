/**
 * The stream that a guest is sent on a TCP connection, from our SYN to our FIN: kept until it is acknowledged, and sent
 * again from where it is not.
 */
import { ByteQueue } from './byte-queue.ts';
import { add, after, FLAG, type Segment } from './tcp-segment.ts';

/** Milliseconds without an acknowledgement before anything is sent again; twice as long each time. */
const RETRANSMIT_MS = 300;
const RETRANSMIT_MS_MAX = 30_000;
/** Times that something is sent again before the connection is given up. */
const RETRANSMISSIONS_MAX = 8;
/** Acknowledgements of the same place that mean that something behind it has been lost (RFC 5681, section 3.2). */
const DUPLICATES_LOST = 3;
/** What is assumed of a guest that does not say (RFC 9293, section 3.7.1). */
const SEGMENT_BYTES_DEFAULT = 536;
const NOTHING = new Uint8Array(0);

export interface SenderEnds {
  /** Takes a segment to the guest. @param sequence its place in our stream */
  transmit(flags: number, sequence: number, data: Uint8Array): void;
  /** The guest does not answer. */
  giveUp(): void;
}

export class TcpSender {
  readonly #ends: SenderEnds;
  readonly #segmentBytesMax: number;
  /** The first place that is not acknowledged, the next to be sent, and the one behind all that has ever been sent. */
  #unacknowledged: number;
  #next: number;
  #furthest: number;
  /** Our SYN has been acknowledged: `#outgoing` begins at the first place that is not. */
  #open = false;
  readonly #outgoing = new ByteQueue();
  #ended = false;
  #endAcknowledged = false;
  /** What the guest has room for behind the first place that is not acknowledged. */
  #window = 0;
  #segmentBytes = SEGMENT_BYTES_DEFAULT;
  #duplicates = 0;
  #retransmissions = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param initial where the stream begins @param segmentBytesMax bytes of data that fit into a segment */
  constructor(ends: SenderEnds, initial: number, segmentBytesMax: number) {
    this.#ends = ends;
    this.#segmentBytesMax = segmentBytesMax;
    this.#unacknowledged = initial;
    this.#next = initial;
    this.#furthest = initial;
  }

  /** The place that comes next, for segments that carry nothing. */
  get next(): number {
    return this.#next;
  }

  /** Bytes that are kept. */
  get buffered(): number {
    return this.#outgoing.length;
  }

  /** The guest has acknowledged all that there will ever be. */
  get done(): boolean {
    return this.#endAcknowledged;
  }

  /** Sends our SYN. */
  start(): void {
    this.#ends.transmit(FLAG.syn, this.#unacknowledged, NOTHING);
    this.#next = this.#unacknowledged;
    this.#advance(1);
    this.#wait();
  }

  /** Takes the guest's SYN, which says how large segments may be. */
  greet({ segmentSize = SEGMENT_BYTES_DEFAULT }: Segment): void {
    this.#segmentBytes = Math.max(1, Math.min(segmentSize, this.#segmentBytesMax));
  }

  push(bytes: Uint8Array): void {
    this.#outgoing.push(bytes);
    this.#pump();
  }

  /** There will be no more. */
  end(): void {
    this.#ended = true;
    this.#pump();
  }

  /** Forgets everything. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#open = false;
  }

  /** Whether a segment acknowledges our SYN, or has done so before. */
  acknowledgesStart({ flags, acknowledgement }: Segment): boolean {
    return this.#open || ((flags & FLAG.acknowledge) !== 0 && acknowledgement === this.#furthest);
  }

  /** Takes what a segment acknowledges. False where it acknowledges what has not been sent. */
  acknowledge({ acknowledgement, window, data, flags }: Segment): boolean {
    if (after(acknowledgement, this.#furthest) > 0) return false;
    const acknowledged = after(acknowledgement, this.#unacknowledged);
    if (acknowledged < 0) return true;
    // What has been sent to a guest without room was dropped.
    const opened = this.#open && this.#window === 0 && window > 0;
    const plain = data.length === 0 && (flags & FLAG.fin) === 0;
    const repeats = plain && acknowledged === 0 && window === this.#window && this.#next !== acknowledgement;
    this.#window = window;
    this.#duplicates = repeats ? this.#duplicates + 1 : 0;
    if (acknowledged > 0) this.#forget(acknowledgement, acknowledged);
    else if (opened || this.#duplicates === DUPLICATES_LOST) this.#next = acknowledgement;
    if (acknowledged > 0 || opened) this.#progress();
    this.#pump();
    return true;
  }

  #forget(acknowledgement: number, places: number): void {
    if (this.#open) {
      // Behind all data lies the place of our FIN.
      this.#endAcknowledged ||= places > this.#outgoing.length;
      this.#outgoing.drop(Math.min(places, this.#outgoing.length));
    }
    this.#open = true;
    this.#unacknowledged = acknowledgement;
    if (after(this.#next, acknowledgement) < 0) this.#next = acknowledgement;
  }

  /** Sends what the guest has room for, and the end behind it. */
  #pump(): void {
    if (!this.#open) return;
    let sent = after(this.#next, this.#unacknowledged);
    while (sent < Math.min(this.#outgoing.length, this.#window)) {
      const bytes = Math.min(this.#outgoing.length - sent, this.#segmentBytes, this.#window - sent);
      this.#sendData(sent, bytes);
      sent += bytes;
    }
    if (this.#ended && !this.#endAcknowledged && sent === this.#outgoing.length) {
      this.#ends.transmit(FLAG.fin | FLAG.acknowledge, this.#next, NOTHING);
      this.#advance(1);
    }
    if (this.#owes()) this.#wait();
  }

  /** @param offset from the first place that is not acknowledged */
  #sendData(offset: number, bytes: number): void {
    const last = offset + bytes === this.#outgoing.length;
    this.#ends.transmit(FLAG.acknowledge | (last ? FLAG.push : 0), this.#next, this.#outgoing.peek(offset, bytes));
    this.#advance(bytes);
  }

  #advance(places: number): void {
    this.#next = add(this.#next, places);
    if (after(this.#next, this.#furthest) > 0) this.#furthest = this.#next;
  }

  /** Something has not been acknowledged, or waits for the guest to have room. */
  #owes(): boolean {
    return this.#furthest !== this.#unacknowledged || this.#outgoing.length > 0;
  }

  #wait(): void {
    const milliseconds = Math.min(RETRANSMIT_MS * 2 ** this.#retransmissions, RETRANSMIT_MS_MAX);
    this.#timer ??= setTimeout(() => this.#timedOut(), milliseconds);
  }

  /** The guest is there: the time runs anew. */
  #progress(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#retransmissions = 0;
    if (this.#owes()) this.#wait();
  }

  #timedOut(): void {
    this.#timer = undefined;
    if (!this.#owes()) return;
    // A guest that has no room answers all the same, and may take its time.
    const probes = this.#open && this.#window === 0 && this.#outgoing.length > 0;
    if (this.#retransmissions === RETRANSMISSIONS_MAX && !probes) {
      this.#ends.giveUp();
      return;
    }
    this.#retransmissions = Math.min(this.#retransmissions + 1, RETRANSMISSIONS_MAX);
    this.#next = this.#unacknowledged;
    if (!this.#open) this.start();
    else if (probes) this.#sendData(0, 1);
    else this.#pump();
    this.#wait();
  }
}
