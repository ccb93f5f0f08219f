/** The stream that a guest sends on a TCP connection: put in order, and delivered as far as there is room. */
import { add, after, FLAG, type Segment } from './tcp-segment.ts';

/** Segments that have come too early and are kept until what is missing has come. */
const EARLY_MAX = 64;

/** When to acknowledge: at once, so that the guest learns of a loss; with others that come together; or not at all. */
export type Acknowledge = 'now' | 'soon' | 'no';

export class TcpReceiver {
  readonly #deliver: (bytes: Uint8Array) => void;
  #expected: number;
  #ended = false;
  #early: Segment[] = [];

  /** @param first place of the stream @param deliver takes what has come, in order */
  constructor(first: number, deliver: (bytes: Uint8Array) => void) {
    this.#expected = first;
    this.#deliver = deliver;
  }

  /** The next place: everything before it has been delivered. */
  get expected(): number {
    return this.#expected;
  }

  /** The guest has sent all that it will. */
  get ended(): boolean {
    return this.#ended;
  }

  /** @param window bytes that there is room for */
  take(segment: Segment, window: number): Acknowledge {
    const { sequence, data, flags } = segment;
    const carries = data.length > 0 || (flags & FLAG.fin) !== 0;
    const distance = after(sequence, this.#expected);
    // Without anything in it, a guest may ask whether we are there.
    if (!carries) return distance === 0 ? 'no' : 'soon';
    if (this.#ended) return 'soon';
    if (distance > 0) {
      if (distance <= window && this.#early.length < EARLY_MAX) this.#early.push(segment);
      return 'now';
    }
    const delivered = this.#append(segment, window);
    return this.#appendEarly(window - delivered) ? 'now' : 'soon';
  }

  /** Takes of a segment what is new and fits. Returns how many bytes that is. */
  #append({ sequence, data, flags }: Segment, window: number): number {
    const known = after(this.#expected, sequence);
    if (known > data.length) return 0;
    const fresh = data.subarray(known);
    const taken = fresh.subarray(0, Math.max(0, window));
    if (taken.length > 0) this.#deliver(Uint8Array.from(taken));
    this.#expected = add(this.#expected, taken.length);
    if (flags & FLAG.fin && taken.length === fresh.length) {
      this.#expected = add(this.#expected, 1);
      this.#ended = true;
    }
    return taken.length;
  }

  /** Takes what has come too early and is now next. Whether there was any. */
  #appendEarly(window: number): boolean {
    if (this.#early.length === 0) return false;
    let left = window;
    this.#early.sort((one, other) => after(one.sequence, other.sequence));
    for (let next = this.#early[0]; next && !this.#ended; next = this.#early[0]) {
      if (after(next.sequence, this.#expected) > 0) break;
      left -= this.#append(next, left);
      this.#early.shift();
    }
    if (this.#ended) this.#early = [];
    return true;
  }
}
