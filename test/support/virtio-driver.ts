/**
 * A driver for virtio devices in the `virt` board's slots, written against the specification (virtio 1.2) and no device in
 * particular: the same tests run on our board and on that of QEMU.
 */

/** A board as a driver reaches it. `qtestBoard` makes one of QEMU's, `virtioBoard` one of ours. */
export interface DrivenBoard {
  /** @param bytes 1, 2, 4 or 8 */
  read(address: number, bytes: number): Promise<bigint>;
  write(address: number, bytes: number, value: bigint): Promise<void>;
  readMemory(address: number, bytes: number): Promise<Uint8Array>;
  writeMemory(address: number, bytes: Uint8Array): Promise<void>;
}

export const REG = {
  MagicValue: 0x00,
  Version: 0x04,
  DeviceID: 0x08,
  VendorID: 0x0c,
  DeviceFeatures: 0x10,
  DeviceFeaturesSel: 0x14,
  DriverFeatures: 0x20,
  DriverFeaturesSel: 0x24,
  QueueSel: 0x30,
  QueueNumMax: 0x34,
  QueueNum: 0x38,
  QueueReady: 0x44,
  QueueNotify: 0x50,
  InterruptStatus: 0x60,
  InterruptACK: 0x64,
  Status: 0x70,
  QueueDesc: 0x80,
  QueueDriver: 0x90,
  QueueDevice: 0xa0,
  ConfigGeneration: 0xfc,
  Config: 0x100,
} as const;
export const STATUS = {
  acknowledge: 1,
  driver: 2,
  driverOk: 4,
  featuresOk: 8,
  needsReset: 0x40,
  failed: 0x80,
} as const;
export const FEATURE = { indirect: 1n << 28n, events: 1n << 29n, version1: 1n << 32n } as const;
export const DESCRIPTOR = { next: 1, write: 2, indirect: 4 } as const;

const SLOT_0 = 0x1000_1000;
const SLOT_BYTES = 0x1000;
/** Where a driver has its memory: queues, each in a stretch of its own, and buffers behind them. */
const MEMORY = 0x8010_0000;
const QUEUE_BYTES = 0x1_0000;
const BUFFERS_OFFSET = 0x8_0000;

const u16 = (value: number): Uint8Array => Uint8Array.of(value, value >> 8);

/** A descriptor as it lies in memory. */
export function descriptor(address: number, bytes: number, flags: number, next = 0): Uint8Array {
  const buffer = Buffer.alloc(16);
  buffer.writeBigUInt64LE(BigInt(address));
  buffer.writeUInt32LE(bytes, 8);
  buffer.writeUInt16LE(flags, 12);
  buffer.writeUInt16LE(next, 14);
  return buffer;
}

export class VirtioDriver {
  readonly board: DrivenBoard;
  readonly #base: number;
  #features = 0n;
  readonly #memory: number;
  #nextBuffer = 0;

  /**
   * @param slot 0 to 7
   * @param memory physical address of the 2 MiB or so that the driver uses
   */
  constructor(board: DrivenBoard, slot: number, memory = MEMORY) {
    this.board = board;
    this.#memory = memory;
    this.#base = SLOT_0 + slot * SLOT_BYTES;
  }

  async get(offset: number, bytes = 4): Promise<number> {
    return Number(await this.board.read(this.#base + offset, bytes));
  }
  set(offset: number, value: number, bytes = 4): Promise<void> {
    return this.board.write(this.#base + offset, bytes, BigInt(value));
  }

  async config(bytes: number): Promise<Buffer> {
    const found: number[] = [];
    for (let index = 0; index < bytes; index++) found.push(await this.get(REG.Config + index, 1));
    return Buffer.from(found);
  }

  async offered(): Promise<bigint> {
    await this.set(REG.DeviceFeaturesSel, 1);
    const high = BigInt(await this.get(REG.DeviceFeatures));
    await this.set(REG.DeviceFeaturesSel, 0);
    return (high << 32n) | BigInt(await this.get(REG.DeviceFeatures));
  }

  /** Resets the device and agrees on features: of those it offers, those in `wanted`. */
  async negotiate(wanted: bigint): Promise<void> {
    await this.set(REG.Status, 0);
    await this.set(REG.Status, STATUS.acknowledge);
    await this.set(REG.Status, STATUS.acknowledge | STATUS.driver);
    this.#features = wanted & (await this.offered());
    await this.set(REG.DriverFeaturesSel, 0);
    await this.set(REG.DriverFeatures, Number(this.#features & 0xffff_ffffn));
    await this.set(REG.DriverFeaturesSel, 1);
    await this.set(REG.DriverFeatures, Number(this.#features >> 32n));
    await this.set(REG.Status, STATUS.acknowledge | STATUS.driver | STATUS.featuresOk);
    if (((await this.get(REG.Status)) & STATUS.featuresOk) === 0) throw new Error('the features were not accepted');
  }

  /** Sets up queue `index`. @param size a power of two */
  async queue(index: number, size: number): Promise<DriverQueue> {
    const at = this.#memory + index * QUEUE_BYTES;
    await this.board.writeMemory(at, new Uint8Array(QUEUE_BYTES));
    await this.set(REG.QueueSel, index);
    if ((await this.get(REG.QueueNumMax)) < size) throw new Error(`queue ${index} does not take ${size} descriptors`);
    await this.set(REG.QueueNum, size);
    const queue = new DriverQueue(this, index, size, at, this.#features);
    for (const [register, address] of [
      [REG.QueueDesc, at],
      [REG.QueueDriver, queue.available],
      [REG.QueueDevice, queue.used],
    ] as const) {
      await this.set(register, address);
      await this.set(register + 4, 0);
    }
    await this.set(REG.QueueReady, 1);
    return queue;
  }

  async run(): Promise<void> {
    await this.set(REG.Status, (await this.get(REG.Status)) | STATUS.driverOk);
  }

  /** Everything up to a running device with queues of `size` descriptors. */
  async start(queues: number, size = 16, wanted = ~0n): Promise<readonly DriverQueue[]> {
    await this.negotiate(wanted);
    const ready: DriverQueue[] = [];
    for (let index = 0; index < queues; index++) ready.push(await this.queue(index, size));
    await this.run();
    return ready;
  }

  /** Everything that has been allocated may be used again: no request is on its way. */
  release(): void {
    this.#nextBuffer = 0;
  }

  /** Room for a buffer in RAM, until `release`. */
  allocate(bytes: number): number {
    const at = this.#memory + BUFFERS_OFFSET + this.#nextBuffer;
    this.#nextBuffer += Math.ceil(bytes / 16) * 16;
    return at;
  }
}

/** A part of a request: bytes for the device to read, or the size of a buffer for it to write. */
export type Part = Uint8Array | number;

/** What has become of a request. */
export interface Answer {
  /** Bytes that the device says it has written. */
  readonly written: number;
  /** All buffers for the device to write, one after the other. */
  readonly bytes: Buffer;
}

export class DriverQueue {
  readonly index: number;
  readonly size: number;
  readonly descriptors: number;
  readonly available: number;
  readonly used: number;
  /** Notifications sent so far. */
  notifications = 0;
  readonly #driver: VirtioDriver;
  readonly #indirect: boolean;
  readonly #events: boolean;
  readonly #requests = new Map<
    number,
    { readonly entries: readonly number[]; readonly writable: [number, number][] }
  >();
  readonly #free: number[];
  readonly #returned = new Map<number, number>();
  #added = 0;
  #notified = 0;
  #seen = 0;

  constructor(driver: VirtioDriver, index: number, size: number, at: number, features: bigint) {
    this.#driver = driver;
    this.index = index;
    this.size = size;
    this.descriptors = at;
    this.available = at + size * 16;
    this.used = at + 0x8000;
    this.#indirect = (features & FEATURE.indirect) !== 0n;
    this.#events = (features & FEATURE.events) !== 0n;
    this.#free = Array.from({ length: size }, (_, entry) => entry);
  }

  /** Adds a request without telling the device. Returns its head. */
  async add(parts: readonly Part[]): Promise<number> {
    const { board } = this.#driver;
    const writable: [number, number][] = [];
    const pieces: { readonly address: number; readonly bytes: number; readonly flags: number }[] = [];
    for (const part of parts) {
      const bytes = typeof part === 'number' ? part : part.length;
      const address = this.#driver.allocate(bytes);
      await board.writeMemory(address, typeof part === 'number' ? new Uint8Array(bytes) : part);
      if (typeof part === 'number') writable.push([address, bytes]);
      pieces.push({ address, bytes, flags: typeof part === 'number' ? DESCRIPTOR.write : 0 });
    }
    const table = (entries: readonly number[]): Uint8Array[] =>
      pieces.map(({ address, bytes, flags }, n) =>
        descriptor(address, bytes, flags | (n + 1 < pieces.length ? DESCRIPTOR.next : 0), entries[n + 1]),
      );
    const entries = this.#free.splice(0, this.#indirect ? 1 : pieces.length);
    if (this.#indirect) {
      const bytes = Buffer.concat(table(pieces.map((_, n) => n)));
      const address = this.#driver.allocate(bytes.length);
      await board.writeMemory(address, bytes);
      await board.writeMemory(
        this.descriptors + entries[0]! * 16,
        descriptor(address, bytes.length, DESCRIPTOR.indirect),
      );
    } else {
      for (const [n, bytes] of table(entries).entries())
        await board.writeMemory(this.descriptors + entries[n]! * 16, bytes);
    }
    const head = entries[0]!;
    this.#requests.set(head, { entries, writable });
    await this.offer(head);
    return head;
  }

  /** Puts a head into the available ring, whatever it is. */
  async offer(head: number): Promise<void> {
    const { board } = this.#driver;
    await board.writeMemory(this.available + 4 + 2 * (this.#added % this.size), u16(head));
    this.#added = (this.#added + 1) & 0xffff;
    await board.writeMemory(this.available + 2, u16(this.#added));
  }

  /** Notifies the device of what has been added, if it wants to know. */
  async notify(): Promise<void> {
    const word = async (address: number): Promise<number> =>
      Buffer.from(await this.#driver.board.readMemory(address, 2)).readUInt16LE();
    const wanted = this.#events
      ? ((this.#added - (await word(this.used + 4 + 8 * this.size)) - 1) & 0xffff) <
        ((this.#added - this.#notified) & 0xffff)
      : ((await word(this.used)) & 1) === 0;
    this.#notified = this.#added;
    if (!wanted) return;
    this.notifications++;
    await this.#driver.set(REG.QueueNotify, this.index);
  }

  /** The driver wants to be interrupted for the request after the next `count`; without event indices always or never. */
  async interruptAfter(count: number | 'never'): Promise<void> {
    const { board } = this.#driver;
    if (this.#events)
      await board.writeMemory(
        this.available + 4 + 2 * this.size,
        u16((this.#seen + (count === 'never' ? 0x8000 : count)) & 0xffff),
      );
    else await board.writeMemory(this.available, u16(count === 'never' ? 1 : 0));
  }

  /** Waits until the device has returned the request `head`. */
  async answer(head: number): Promise<Answer> {
    const { board } = this.#driver;
    while (!this.#returned.has(head)) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      await this.#collect();
    }
    const written = this.#returned.get(head)!;
    this.#returned.delete(head);
    const { entries, writable } = this.#requests.get(head)!;
    this.#requests.delete(head);
    this.#free.push(...entries);
    const bytes: Uint8Array[] = [];
    for (const [address, length] of writable) bytes.push(await board.readMemory(address, length));
    return { written, bytes: Buffer.concat(bytes) };
  }

  /** Heads that have been returned and not been waited for. */
  async returned(): Promise<readonly number[]> {
    await this.#collect();
    return [...this.#returned.keys()];
  }

  async #collect(): Promise<void> {
    const { board } = this.#driver;
    const index = Buffer.from(await board.readMemory(this.used + 2, 2)).readUInt16LE();
    for (; this.#seen !== index; this.#seen = (this.#seen + 1) & 0xffff) {
      const element = Buffer.from(await board.readMemory(this.used + 4 + 8 * (this.#seen % this.size), 8));
      this.#returned.set(element.readUInt32LE(0), element.readUInt32LE(4));
    }
  }

  /** One request from beginning to end. */
  async request(parts: readonly Part[]): Promise<Answer> {
    const head = await this.add(parts);
    await this.notify();
    return this.answer(head);
  }
}
