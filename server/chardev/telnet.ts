/**
 * The telnet protocol (RFC 854), as far as it takes to have a telnet client send every key at once and echo nothing: the
 * server says that it will echo and never wait for the client's turn, and asks for bytes as they are (RFC 856 to 858).
 * What the client answers is read over, but for whether it sends bytes as they are.
 */

/** Commands; an IAC stands in front of each, and in front of a data byte of its own value. */
const IAC = 0xff;
const COMMAND = {
  subnegotiationEnd: 0xf0,
  subnegotiation: 0xfa,
  will: 0xfb,
  wont: 0xfc,
  do: 0xfd,
  dont: 0xfe,
} as const;
const OPTION = { binary: 0, echo: 1, suppressGoAhead: 3 } as const;

const CR = 0x0d;
const NUL = 0x00;

/** What a client is sent first. */
export const TELNET_GREETING: Uint8Array = Uint8Array.of(
  ...[IAC, COMMAND.will, OPTION.echo],
  ...[IAC, COMMAND.will, OPTION.suppressGoAhead],
  ...[IAC, COMMAND.will, OPTION.binary],
  ...[IAC, COMMAND.do, OPTION.binary],
);

/** The bytes that stand for data in the stream. */
export const telnetEscaped = (data: string | Uint8Array): Uint8Array => {
  const bytes = Buffer.from(data as Uint8Array);
  return bytes.includes(IAC)
    ? Uint8Array.from([...bytes].flatMap((byte) => (byte === IAC ? [IAC, IAC] : [byte])))
    : bytes;
};

/** Takes the data out of what one client sends. */
export class TelnetReader {
  /** What the next byte is. */
  #state: 'data' | 'afterReturn' | 'command' | 'option' | 'subnegotiation' | 'subnegotiationCommand' = 'data';
  #command = 0;
  #binary = false;

  feed(bytes: Uint8Array): Uint8Array {
    return bytes.filter((byte) => this.#isData(byte));
  }

  #isData(byte: number): boolean {
    switch (this.#state) {
      case 'command':
        if (byte >= COMMAND.will && byte !== IAC) this.#state = 'option';
        else this.#state = byte === COMMAND.subnegotiation ? 'subnegotiation' : 'data';
        this.#command = byte;
        return byte === IAC;
      case 'option':
        if (byte === OPTION.binary && this.#command === COMMAND.will) this.#binary = true;
        if (byte === OPTION.binary && this.#command === COMMAND.wont) this.#binary = false;
        this.#state = 'data';
        return false;
      case 'subnegotiation':
        if (byte === IAC) this.#state = 'subnegotiationCommand';
        return false;
      case 'subnegotiationCommand':
        this.#state = byte === COMMAND.subnegotiationEnd ? 'data' : 'subnegotiation';
        return false;
      default: {
        // A return alone is CR NUL, unless bytes are sent as they are.
        const isFiller = this.#state === 'afterReturn' && byte === NUL;
        this.#state = byte === IAC ? 'command' : byte === CR && !this.#binary ? 'afterReturn' : 'data';
        return byte !== IAC && !isFiller;
      }
    }
  }
}
