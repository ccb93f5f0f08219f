/** A debugger that says what the test wants it to: packets of gdb's remote protocol over a socket. */
import { connect, type Socket } from 'node:net';
import { framed, PacketReader } from '../../monitor/gdb/wire.ts';

const PATIENCE_MS = 20_000;
const RETRY_MS = 20;

export class GdbClient {
  readonly #socket: Socket;
  readonly #packets: string[] = [];
  readonly #waiting: ((packet: string) => void)[] = [];
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const reader = new PacketReader({
      packet: (data) => {
        socket.write('+');
        const waiting = this.#waiting.shift();
        if (waiting) waiting(data);
        else this.#packets.push(data);
      },
      corrupt: () => void socket.write('-'),
      overlong: () => void socket.write('+'),
      refused: () => {},
      interrupt: () => {},
    });
    socket.on('data', (bytes: Buffer) => reader.feed(bytes));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#closed = true;
      for (const settle of this.#waiting.splice(0)) settle('(closed)');
    });
  }

  /** Waits for a server at the path. */
  static async connect(path: string): Promise<GdbClient> {
    for (const deadline = performance.now() + PATIENCE_MS; ; ) {
      const socket = connect({ path });
      const error = await new Promise<Error | undefined>((resolve) =>
        socket.once('connect', () => resolve(undefined)).once('error', resolve),
      );
      if (!error) return new GdbClient(socket);
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  /** The next packet that comes, `(closed)` where none does any more. */
  next(): Promise<string> {
    const packet = this.#packets.shift() ?? (this.#closed ? '(closed)' : undefined);
    return packet === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(packet);
  }

  send(data: string): void {
    this.#socket.write(framed(data));
  }

  /** Sends bytes as they are. */
  sendRaw(bytes: string): void {
    this.#socket.write(Buffer.from(bytes, 'latin1'));
  }

  /** The reply to a packet. */
  ask(data: string): Promise<string> {
    this.send(data);
    return this.next();
  }

  close(): void {
    this.#socket.destroy();
  }
}
