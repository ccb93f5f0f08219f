/** Entropy device: virtio 1.2, section 5.4. */
import type { RandomBackend } from '../backends.ts';
import type { VirtioDevice, VirtioPort, VirtioService } from './device.ts';
import type { Chain } from './queue.ts';

const DEVICE_ID = 4;
/** A larger buffer is filled in part, as it may be. */
const REQUEST_BYTES_MAX = 0x1_0000;

export const virtioRng = (backend: RandomBackend): VirtioDevice => ({
  identity: { name: 'virtio-rng', deviceId: DEVICE_ID, features: 0n, queues: 1, config: new Uint8Array(0) },
  connect: (port) => new RngService(port, backend),
});

/** Serves one request after the other. */
class RngService implements VirtioService {
  readonly #port: VirtioPort;
  readonly #backend: RandomBackend;
  #working: Promise<void> | undefined;

  constructor(port: VirtioPort, backend: RandomBackend) {
    this.#port = port;
    this.#backend = backend;
  }

  serve(): void {
    this.#working ??= this.#serveAll().finally(() => {
      this.#working = undefined;
    });
  }

  async settled(): Promise<void> {
    await this.#working;
  }

  async #serveAll(): Promise<void> {
    for (let chain = this.#port.take(0); chain; chain = this.#port.take(0)) await this.#fill(chain);
  }

  async #fill(chain: Chain): Promise<void> {
    const { writableBytes } = chain;
    if (writableBytes === 0) {
      this.#port.fail('a request has no buffer to be filled');
      return;
    }
    try {
      const bytes = await this.#backend.take(Math.min(writableBytes, REQUEST_BYTES_MAX));
      this.#port.write(chain, 0, bytes);
      this.#port.complete(chain, bytes.length);
    } catch (error) {
      this.#port.report(`randomness: ${(error as Error).message}`);
      this.#port.complete(chain, 0);
    }
  }
}
