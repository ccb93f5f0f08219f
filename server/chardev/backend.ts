/** The host's side of a character device. */
import type { Channel } from './channel.ts';

export interface Backend {
  /**
   * Opens files and sockets. Clients are handed over as they arrive, at once or later; until somebody takes their bytes
   * they are not read from.
   * @throws UsageError what the host refused
   */
  open(deliver: (client: Channel) => void): Promise<void>;
  /** Takes no more clients and gives the host back what it lent. Channels are not its business. May be called always. */
  close(): void;
}
