/** A monitor as a front end: a session for each client, and no client that can do harm by not reading. */
import type { ByteStream } from '../../monitor/stream.ts';
import type { Channel } from './channel.ts';
import type { FrontEnd } from './front-end.ts';

/**
 * A client that ends its side, as `printf ... | socat - UNIX:...` does at once, still gets the answers to what it has
 * sent: its connection is closed when nothing has been written to it for so long.
 */
const LINGER_MS = 1000;

/** Bytes that may wait for a client which does not read. */
export const UNREAD_BYTES_MAX = 64 << 20;

/**
 * @param serve begins a session on a stream that ends with its client
 * @param dropped told when a client has been dropped because it did not read
 */
export const monitorFrontEnd = (serve: (stream: ByteStream) => void, dropped: () => void): FrontEnd => ({
  kind: 'monitor',
  attach: (channel) => serve(guarded(channel, dropped)),
});

/** `channel` with a limit: no more commands are read while replies wait, and events do not pile up for ever. */
function guarded(channel: Channel, dropped: () => void): ByteStream {
  let unread = 0;
  let linger: NodeJS.Timeout | undefined;
  let ended = false;

  function restartLinger(): void {
    clearTimeout(linger);
    if (ended) linger = setTimeout(() => channel.close(), LINGER_MS);
  }

  channel.onDrain(() => {
    unread = 0;
    channel.resume();
  });
  channel.onEnd(() => {
    ended = true;
    restartLinger();
  });
  channel.onClose(() => clearTimeout(linger));

  return {
    write(data) {
      restartLinger();
      unread += data.length;
      if (channel.write(data)) {
        unread = 0;
      } else if (unread > UNREAD_BYTES_MAX) {
        dropped();
        channel.destroy();
      } else {
        channel.pause();
      }
    },
    onData: (receive) => channel.onData(receive),
    onClose: (closed) => channel.onClose(closed),
    close: () => channel.close(),
  };
}
