/** Network device without offloads: virtio 1.2, section 5.1. */
import type { NetworkBackend } from '../backends.ts';
import { configSpace, type VirtioDevice, type VirtioPort, type VirtioService } from './device.ts';

const DEVICE_ID = 1;
const FEATURE = { mac: 5n, status: 16n } as const;
const QUEUE = { receive: 0, transmit: 1 } as const;
/** Of the status in configuration space. */
const STATUS_OFFSET = 6;
const LINK_UP = 1;
/** In front of every frame: nothing but a count of buffers, as no offload is offered. */
const HEADER_BYTES = 12;
const BUFFERS_OFFSET = 10;
/** Longest frame: 64 KiB of payload behind the addresses. */
export const FRAME_BYTES_MAX = 14 + 0x1_0000;
/** Addresses and type: a frame that is shorter is none. */
export const FRAME_BYTES_MIN = 14;
/** mac, status, max_virtqueue_pairs, mtu. */
const CONFIG_BYTES = 12;

export interface NetOptions {
  readonly backend: NetworkBackend;
  /** 6 bytes. */
  readonly mac: Uint8Array;
}

export const virtioNet = ({ backend, mac }: NetOptions): VirtioDevice => ({
  identity: {
    name: 'virtio-net',
    deviceId: DEVICE_ID,
    features: (1n << FEATURE.mac) | (1n << FEATURE.status),
    queues: 2,
    config: configSpace(CONFIG_BYTES, (view) => {
      for (const [index, byte] of mac.entries()) view.setUint8(index, byte);
      view.setUint16(STATUS_OFFSET, LINK_UP, true);
    }),
  },
  properties: { mac: Array.from(mac, (byte) => byte.toString(16).padStart(2, '0')).join(':') },
  connect: (port) => new NetService(port, backend),
});

class NetService implements VirtioService {
  readonly #port: VirtioPort;
  readonly #backend: NetworkBackend;
  #full = false;

  constructor(port: VirtioPort, backend: NetworkBackend) {
    this.#port = port;
    this.#backend = backend;
    backend.onDrain(() => {
      this.#full = false;
      this.#transmit();
    });
    backend.onFrame((frame) => this.#receive(frame));
    backend.onLink?.((isUp) => port.configure(STATUS_OFFSET, Uint8Array.of(isUp ? LINK_UP : 0, 0)));
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
      const bytes = chain.readableBytes - HEADER_BYTES;
      if (bytes < 0) {
        this.#port.fail(`a frame to transmit has ${chain.readableBytes} bytes: too few for a header`);
        return;
      }
      if (bytes >= FRAME_BYTES_MIN && bytes <= FRAME_BYTES_MAX) {
        const frame = this.#port.read(chain, HEADER_BYTES, bytes);
        if (frame) this.#full = !this.#backend.send(frame);
      }
      this.#port.complete(chain, 0);
    }
  }

  /** False where the driver has given no buffer. */
  #receive(frame: Uint8Array): boolean {
    if (frame.length < FRAME_BYTES_MIN || frame.length > FRAME_BYTES_MAX) return true;
    const chain = this.#port.take(QUEUE.receive);
    if (!chain) return false;
    const bytes = new Uint8Array(HEADER_BYTES + frame.length);
    bytes[BUFFERS_OFFSET] = 1;
    bytes.set(frame, HEADER_BYTES);
    // A buffer that is too small comes back empty: the frame is lost, as on a wire.
    const fits = bytes.length <= chain.writableBytes;
    if (fits) this.#port.write(chain, 0, bytes);
    this.#port.complete(chain, fits ? bytes.length : 0);
    return true;
  }
}
