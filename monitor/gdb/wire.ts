/**
 * Packets of gdb's remote protocol on a byte stream (gdb manual, appendix "Remote Protocol", section "Overview").
 *
 * The data of a packet is a string with one character for each byte, since some of it is text and some is not.
 */

/** Bytes that a packet's data has at the most, as it was before it was escaped. */
export const PACKET_BYTES_MAX = 0x1000;

const ESCAPE = '}';
const ESCAPE_MASK = 0x20;
const INTERRUPT = 0x03;
const HEX = '0123456789abcdef';

/** The other end's bytes, as they make sense. */
export interface PacketReceiver {
  packet(data: string): void;
  /** A packet has come with a wrong checksum. */
  corrupt(): void;
  /** A packet has come that has more than PACKET_BYTES_MAX bytes. */
  overlong(): void;
  /** The last packet from here has arrived with a wrong checksum. */
  refused(): void;
  /** Ctrl-C. */
  interrupt(): void;
}

const checksumOf = (data: string): number => {
  let sum = 0;
  for (let index = 0; index < data.length; index++) sum += data.charCodeAt(index);
  return sum & 0xff;
};

const withoutEscapes = (data: string): string =>
  data.replace(/\}(.)/gs, (_, escaped: string) => String.fromCharCode(escaped.charCodeAt(0) ^ ESCAPE_MASK));

/** The packet with this data, as it goes on the wire. */
export function framed(data: string): Uint8Array {
  const escaped = data.replace(
    /[#$*}]/g,
    (special) => ESCAPE + String.fromCharCode(special.charCodeAt(0) ^ ESCAPE_MASK),
  );
  return Buffer.from(`$${escaped}#${checksumOf(escaped).toString(16).padStart(2, '0')}`, 'latin1');
}

export class PacketReader {
  readonly #receiver: PacketReceiver;
  /** What has come of a packet behind its `$`; undefined between packets. */
  #data: string | undefined;
  /** Of the two digits of the checksum; undefined in front of them. */
  #digits: string | undefined;

  constructor(receiver: PacketReceiver) {
    this.#receiver = receiver;
  }

  /** Takes bytes from the other end; a packet may be cut anywhere. What belongs to none is passed over. */
  feed(bytes: Uint8Array): void {
    for (const byte of bytes) this.#take(byte);
  }

  #take(byte: number): void {
    const character = String.fromCharCode(byte);
    if (this.#digits !== undefined) {
      this.#digits += character;
      if (this.#digits.length === 2) this.#end(this.#digits);
    } else if (character === '$') {
      this.#data = '';
    } else if (this.#data === undefined) {
      if (character === '-') this.#receiver.refused();
      else if (byte === INTERRUPT) this.#receiver.interrupt();
    } else if (character === '#') {
      this.#digits = '';
    } else if (this.#data.length <= 2 * PACKET_BYTES_MAX) {
      this.#data += character;
    }
  }

  #end(digits: string): void {
    const data = this.#data!;
    this.#data = undefined;
    this.#digits = undefined;
    const plain = withoutEscapes(data);
    const [high = -1, low = -1] = Array.from(digits.toLowerCase(), (digit) => HEX.indexOf(digit));
    if (plain.length > PACKET_BYTES_MAX) this.#receiver.overlong();
    else if (high < 0 || low < 0 || high * 16 + low !== checksumOf(data)) this.#receiver.corrupt();
    else this.#receiver.packet(plain);
  }
}
