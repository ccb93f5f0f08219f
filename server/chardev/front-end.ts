/** What stands behind a character device: the guest's serial line, or a monitor. */
import type { Channel } from './channel.ts';

export interface FrontEnd {
  /**
   * `monitor`: each client gets a session of its own, and several may be served at once; in a mux, its output waits
   * until it has the focus. `serial`: one client at a time; in a mux, its output always shows.
   */
  readonly kind: 'serial' | 'monitor';
  /** A client has arrived. Bytes flow from here on. */
  attach(channel: Channel): void;
}
