/**
 * The connection between a monitor and one client: a byte stream of the host, such as a socket or standard input and
 * output. The server's character devices implement it; QMP and HMP sessions know nothing else of the outside.
 *
 * The owner makes a session for each client that arrives and drops both when the client has gone.
 */
export interface ByteStream {
  /** Sends text as UTF-8, or bytes as they are, in order. Never blocks; what is written after the end is lost. */
  write(data: string | Uint8Array): void;
  /** Sets the one receiver of bytes from the client. A chunk may end anywhere; it belongs to the receiver. */
  onData(receive: (bytes: Uint8Array) => void): void;
  /** Calls back once, when the connection has ended from either side. At once where it has already. */
  onClose(closed: () => void): void;
  /** Ends the connection after everything written has been sent. */
  close(): void;
}
