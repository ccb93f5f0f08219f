/** Console device with one port: virtio 1.2, section 5.3. */
import type { CharacterBackend } from '../backends.ts';
import type { VirtioDevice, VirtioPort, VirtioService } from './device.ts';

const DEVICE_ID = 3;
const QUEUE = { receive: 0, transmit: 1 } as const;
/** Bytes that are passed to the host at a time. */
const PIECE_BYTES = 4096;
/** cols, rows, max_nr_ports, emerg_wr: all belong to features that are not offered. */
const CONFIG_BYTES = 12;

export const virtioConsole = (backend: CharacterBackend): VirtioDevice => ({
  identity: {
    name: 'virtio-serial',
    deviceId: DEVICE_ID,
    features: 0n,
    queues: 2,
    config: new Uint8Array(CONFIG_BYTES),
  },
  connect: (port) => new ConsoleService(port, backend),
});

class ConsoleService implements VirtioService {
  readonly #port: VirtioPort;
  readonly #backend: CharacterBackend;
  #full = false;

  constructor(port: VirtioPort, backend: CharacterBackend) {
    this.#port = port;
    this.#backend = backend;
    backend.onDrain(() => {
      this.#full = false;
      this.#transmit();
    });
    backend.onData((bytes) => this.#receive(bytes));
  }

  serve(queue: number): void {
    if (queue === QUEUE.receive) this.#backend.resume();
    else this.#transmit();
  }

  async settled(): Promise<void> {}

  #transmit(): void {
    while (!this.#full) {
      const chain = this.#port.take(QUEUE.transmit);
      if (!chain) return;
      let sent = chain.done;
      while (!this.#full && sent < chain.readableBytes) {
        const bytes = this.#port.read(chain, sent, Math.min(PIECE_BYTES, chain.readableBytes - sent));
        // The driver has reset the device, and takes nothing back.
        if (!bytes) break;
        this.#full = !this.#backend.write(bytes);
        sent += bytes.length;
      }
      if (sent < chain.readableBytes) this.#port.putBack(chain, sent);
      else this.#port.complete(chain, 0);
    }
  }

  /** Returns how many of `bytes` have found a buffer. */
  #receive(bytes: Uint8Array): number {
    let taken = 0;
    while (taken < bytes.length) {
      const chain = this.#port.take(QUEUE.receive);
      if (!chain) break;
      const part = bytes.subarray(taken, taken + chain.writableBytes);
      if (part.length === 0) {
        this.#port.fail('a buffer to receive has no bytes to be written');
        break;
      }
      this.#port.write(chain, 0, part);
      this.#port.complete(chain, part.length);
      taken += part.length;
    }
    return taken;
  }
}
