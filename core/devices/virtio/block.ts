/** Block device: virtio 1.2, section 5.2. */
import type { BlockBackend } from '../backends.ts';
import { configSpace, QUEUE_SIZE_MAX, type VirtioDevice, type VirtioPort, type VirtioService } from './device.ts';
import type { Chain } from './queue.ts';

const DEVICE_ID = 2;
const SECTOR_BYTES = 512;
const FEATURE = { segmentMax: 2n, readOnly: 5n, blockSize: 6n, flush: 9n, writeZeroes: 14n } as const;
const TYPE = { in: 0, out: 1, flush: 4, getId: 8, writeZeroes: 13 } as const;
const STATUS = { ok: 0, ioError: 1, unsupported: 2 } as const;
/** In front of every request: type, a reserved word, sector. */
const HEADER_BYTES = 16;
const CONFIG_BYTES = 60;
export const SERIAL_BYTES = 20;

/** Zeros are written like other bytes: what one request may ask for is kept short. */
const WRITE_ZEROES_SECTORS_MAX = 0x1_0000;
const WRITE_ZEROES_BYTES = 16;
const WRITE_ZEROES_UNMAP = 1;

/** Bytes that a request holds on the host at a time, and requests that are worked on at once. */
const PIECE_BYTES = 1 << 20;
const REQUESTS_MAX = 16;

export interface BlockOptions {
  readonly backend: BlockBackend;
  /** Up to SERIAL_BYTES characters of ASCII, by which a guest tells disks apart. */
  readonly serial?: string | undefined;
}

export function virtioBlock({ backend, serial = '' }: BlockOptions): VirtioDevice {
  const { segmentMax, readOnly, blockSize, flush, writeZeroes } = FEATURE;
  const features = [segmentMax, blockSize, flush, backend.readOnly ? readOnly : writeZeroes];
  return {
    identity: {
      name: 'virtio-blk',
      deviceId: DEVICE_ID,
      features: features.reduce((bits, bit) => bits | (1n << bit), 0n),
      queues: 1,
      config: configSpace(CONFIG_BYTES, (view) => {
        view.setBigUint64(0, BigInt(backend.bytes / SECTOR_BYTES), true);
        // A request has two descriptors besides: header and status.
        view.setUint32(12, QUEUE_SIZE_MAX - 2, true);
        view.setUint32(20, SECTOR_BYTES, true);
        if (backend.readOnly) return;
        view.setUint32(48, WRITE_ZEROES_SECTORS_MAX, true);
        view.setUint32(52, 1, true);
      }),
    },
    properties: { serial, 'queue-size': QUEUE_SIZE_MAX, 'write-zeroes': !backend.readOnly },
    disk: backend,
    connect: (port) => new BlockService(port, backend, serial),
  };
}

/** Thrown where the driver has reset the device while a request was worked on: nobody waits for the rest. */
class Abandoned extends Error {
  override readonly name = 'Abandoned';
}

class BlockService implements VirtioService {
  readonly #port: VirtioPort;
  readonly #backend: BlockBackend;
  readonly #serial: string;
  readonly #working = new Set<Promise<void>>();

  constructor(port: VirtioPort, backend: BlockBackend, serial: string) {
    this.#port = port;
    this.#backend = backend;
    this.#serial = serial;
  }

  serve(): void {
    while (this.#working.size < REQUESTS_MAX) {
      const chain = this.#port.take(0);
      if (!chain) return;
      const work = this.#perform(chain).then(() => {
        this.#working.delete(work);
        this.serve();
      });
      this.#working.add(work);
    }
  }

  async settled(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working);
  }

  async #perform(chain: Chain): Promise<void> {
    const { readableBytes, writableBytes } = chain;
    if (readableBytes < HEADER_BYTES || writableBytes < 1) {
      this.#port.fail(
        `a request has ${readableBytes} bytes to read and ${writableBytes} to write: too few for a header`,
      );
      return;
    }
    try {
      const status = await this.#status(chain);
      this.#port.write(chain, writableBytes - 1, Uint8Array.of(status));
      this.#port.complete(chain, writableBytes);
    } catch (error) {
      if (!(error instanceof Abandoned)) throw error;
    }
  }

  /** Does what a request asks for. An error of the host's is one of the device's to the driver. */
  async #status(chain: Chain): Promise<number> {
    try {
      return await this.#execute(chain);
    } catch (error) {
      if (error instanceof Abandoned) throw error;
      this.#port.report(`disk: ${(error as Error).message}`);
      return STATUS.ioError;
    }
  }

  #execute(chain: Chain): Promise<number> {
    const header = this.#read(chain, 0, HEADER_BYTES);
    const sector = Number(header.getBigUint64(8, true));
    switch (header.getUint32(0, true)) {
      case TYPE.in:
        return this.#in(chain, sector);
      case TYPE.out:
        return this.#out(chain, sector);
      case TYPE.flush:
        return this.#backend.flush().then(() => STATUS.ok);
      case TYPE.getId:
        return this.#getId(chain);
      case TYPE.writeZeroes:
        return this.#writeZeroes(chain);
      default:
        return Promise.resolve(STATUS.unsupported);
    }
  }

  async #in(chain: Chain, sector: number): Promise<number> {
    const bytes = chain.writableBytes - 1;
    if (!this.#isOnDisk(sector, bytes)) return STATUS.ioError;
    for (let done = 0; done < bytes; done += PIECE_BYTES) {
      const piece = await this.#backend.read(sector * SECTOR_BYTES + done, Math.min(PIECE_BYTES, bytes - done));
      this.#write(chain, done, piece);
    }
    return STATUS.ok;
  }

  async #out(chain: Chain, sector: number): Promise<number> {
    const bytes = chain.readableBytes - HEADER_BYTES;
    if (this.#backend.readOnly || !this.#isOnDisk(sector, bytes)) return STATUS.ioError;
    for (let done = 0; done < bytes; done += PIECE_BYTES) {
      const { buffer } = this.#read(chain, HEADER_BYTES + done, Math.min(PIECE_BYTES, bytes - done));
      await this.#backend.write(sector * SECTOR_BYTES + done, new Uint8Array(buffer));
    }
    return STATUS.ok;
  }

  async #getId(chain: Chain): Promise<number> {
    const id = Uint8Array.from({ length: SERIAL_BYTES }, (_, index) => this.#serial.charCodeAt(index) || 0);
    this.#write(chain, 0, id.subarray(0, Math.min(SERIAL_BYTES, chain.writableBytes - 1)));
    return STATUS.ok;
  }

  async #writeZeroes(chain: Chain): Promise<number> {
    if (this.#backend.readOnly || chain.readableBytes !== HEADER_BYTES + WRITE_ZEROES_BYTES) return STATUS.unsupported;
    const segment = this.#read(chain, HEADER_BYTES, WRITE_ZEROES_BYTES);
    const sector = Number(segment.getBigUint64(0, true));
    const sectors = segment.getUint32(8, true);
    if (segment.getUint32(12, true) & ~WRITE_ZEROES_UNMAP) return STATUS.unsupported;
    const bytes = sectors * SECTOR_BYTES;
    if (sectors > WRITE_ZEROES_SECTORS_MAX || !this.#isOnDisk(sector, bytes)) return STATUS.ioError;
    for (let done = 0; done < bytes; done += PIECE_BYTES)
      await this.#backend.write(sector * SECTOR_BYTES + done, new Uint8Array(Math.min(PIECE_BYTES, bytes - done)));
    return STATUS.ok;
  }

  #isOnDisk(sector: number, bytes: number): boolean {
    return bytes % SECTOR_BYTES === 0 && sector * SECTOR_BYTES + bytes <= this.#backend.bytes;
  }

  #read(chain: Chain, offset: number, bytes: number): DataView<ArrayBuffer> {
    const found = this.#port.read(chain, offset, bytes);
    if (!found) throw new Abandoned();
    return new DataView(found.buffer as ArrayBuffer);
  }

  #write(chain: Chain, offset: number, bytes: Uint8Array): void {
    if (!this.#port.write(chain, offset, bytes)) throw new Abandoned();
  }
}
