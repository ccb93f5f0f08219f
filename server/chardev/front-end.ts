/** What stands behind a character device: the guest's serial line, a monitor, or the machine for a debugger. */
import type { Channel } from './channel.ts';

export interface FrontEnd {
  /**
   * `monitor`: each client gets a session of its own, and several may be served at once; in a mux, its output waits
   * until it has the focus. `serial`: one client at a time; in a mux, its output always shows. `debugger`: one client at
   * a time, and in no mux.
   */
  readonly kind: 'serial' | 'monitor' | 'debugger';
  /** A client has arrived. Bytes flow from here on. */
  attach(channel: Channel): void;
}
