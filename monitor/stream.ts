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

/**
 * The same for protocols that speak in messages, such as those over a WebSocket: each arrives whole, or not at all.
 */
export interface MessageStream {
  /** Sends a text as one message, in order. Never blocks; what is sent after the end is lost. */
  send(text: string): void;
  /** True while the client has not read what was sent before: what will be outdated soon had better be left out. */
  readonly isBehind: boolean;
  /**
   * Sets the one receiver of messages, as bytes. What it returns resolves when the message has been answered; while many
   * have not been, the client is not read from.
   */
  onMessage(receive: (bytes: Uint8Array) => Promise<void>): void;
  /** Calls back once, when the connection has ended from either side. At once where it has already. */
  onClose(closed: () => void): void;
  /** Ends the connection after everything sent has arrived. */
  close(): void;
}
