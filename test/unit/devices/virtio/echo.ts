/** A device that answers each request with the bytes it was sent, for tests of the transport. */
import type { VirtioDevice, VirtioPort, VirtioService } from '../../../../core/devices/virtio/device.ts';

export const ECHO_QUEUES = 2;

class EchoService implements VirtioService {
  readonly #port: VirtioPort;

  constructor(port: VirtioPort) {
    this.#port = port;
  }

  serve(queue: number): void {
    for (let chain = this.#port.take(queue); chain; chain = this.#port.take(queue)) {
      const bytes = this.#port.read(chain, 0, Math.min(chain.readableBytes, chain.writableBytes));
      if (bytes) this.#port.write(chain, 0, bytes);
      this.#port.complete(chain, bytes?.length ?? 0);
    }
  }

  async settled(): Promise<void> {}
}

export const echo: VirtioDevice = {
  identity: {
    name: 'echo',
    deviceId: 42,
    features: 0b101n,
    queues: ECHO_QUEUES,
    config: Uint8Array.of(1, 2, 3, 4, 5, 6),
  },
  connect: (port) => new EchoService(port),
};
