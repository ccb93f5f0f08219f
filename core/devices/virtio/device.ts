/**
 * What a virtio device is apart from its transport.
 * Virtual I/O Device (VIRTIO) Version 1.2; sections and names of fields are those of that text.
 *
 * A device has two halves. Its registers, and with them the state of its queues, are shared by all threads: they are the
 * transport (`mmio`), which needs to know no more than the `VirtioIdentity`. What the driver asks for in its queues is
 * done on main, by a `VirtioService`, which reaches queues and guest memory through a `VirtioPort`. The driver's
 * notification of a queue only asks main to look; nothing that a service does makes a vCPU wait.
 */
import type { BlockBackend } from '../backends.ts';
import type { Chain } from './queue.ts';

/** What the driver is told about a device: plain data, the same on every thread. */
export interface VirtioIdentity {
  /** QEMU's name, `virtio-blk`, for reports. */
  readonly name: string;
  /** Section 5. */
  readonly deviceId: number;
  /** Feature bits of its kind that it offers, 0 to 23; those of the transport are not its business. */
  readonly features: bigint;
  readonly queues: number;
  /** Configuration space, which the driver only reads. */
  readonly config: Uint8Array;
}

/** Descriptors in a queue, at most; also in one chain. */
export const QUEUE_SIZE_MAX = 1024;

/** The device as its service reaches it, on main. Every call takes the device lock. */
export interface VirtioPort {
  readonly identity: VirtioIdentity;
  /** The next request in a queue, undefined where there is none now; then `serve` is called when there may be. */
  take(queue: number): Chain | undefined;
  /**
   * A copy of bytes of the device-readable part.
   * @param offset from its start @param bytes with `offset` no more than `readableBytes`
   * @returns undefined where the driver has reset the device since: then the chain is gone
   */
  read(chain: Chain, offset: number, bytes: number): Uint8Array | undefined;
  /** Writes to the device-writable part, within `writableBytes`. False where the driver has reset the device since. */
  write(chain: Chain, offset: number, bytes: Uint8Array): boolean;
  /**
   * Gives the buffers back, and interrupts the driver if it wants to know. No effect where it has reset the device.
   * @param written bytes of the device-writable part, from its start, that have been written
   */
  complete(chain: Chain, written: number): void;
  /** Changes configuration space, and tells the driver. @param offset with the length of `bytes` within its size */
  configure(offset: number, bytes: Uint8Array): void;
  /**
   * Gives the chain that was taken last from its queue back to the queue, to be taken again. What a service cannot finish
   * when it likes it puts back: so nothing of it is lost where the machine is saved and restored.
   * @param done bytes of the device-readable part that have been dealt with
   */
  putBack(chain: Chain, done: number): void;
  /** The driver has broken the rules: it is told that the device needs a reset, and until then nothing is served. */
  fail(sentence: string): void;
  /** Tells whoever looks after the machine something about the host's side, once. */
  report(sentence: string): void;
}

/** The half of a device that does the work, on main. */
export interface VirtioService {
  /** There may be requests in a queue, or room. */
  serve(queue: number): void;
  /** Resolves when no request is being worked on. While the machine is stopped nothing new is taken. */
  settled(): Promise<void>;
}

/** Values of properties of a device, by QEMU's names of them. */
export type DeviceProperties = Readonly<Record<string, string | number | boolean>>;

/** How whoever has plugged a device in knows it: for those who look at the machine, and nobody else. */
export interface DeviceLabel {
  /** Its name, if it was given one. */
  readonly id?: string | undefined;
  /** The number of devices that were asked for before it. */
  readonly order: number;
  /** What it is connected to. */
  readonly properties: DeviceProperties;
  /** A device that sits on this one, and its type by QEMU's name: a console on its carrier. */
  readonly carries?: DeviceLabel & { readonly type: string };
}

/** A device with its service, as the machine is given it. */
export interface VirtioDevice {
  readonly identity: VirtioIdentity;
  /** What its kind has chosen. */
  readonly properties?: DeviceProperties;
  readonly label?: DeviceLabel;
  /** What the guest keeps in it, where it is a disk. */
  readonly disk?: BlockBackend;
  connect(port: VirtioPort): VirtioService;
}

/** A configuration space of `size` bytes, filled in by `fill`. Numbers in it are little-endian. */
export function configSpace(size: number, fill: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(size);
  fill(new DataView(bytes.buffer));
  return bytes;
}
