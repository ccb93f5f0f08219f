/**
 * The virtio transport over registers in memory: virtio 1.2, section 4.2, version 2 of its layout.
 *
 * The state of the queues is kept here too, so that every thread agrees on it. A notification by the driver is remembered
 * as a bit and main is asked to look; main then works on the queues by operations, each of which is one step to all other
 * threads. Whatever the driver does wrong ends in DEVICE_NEEDS_RESET: until it resets the device, nothing is served.
 */
import { array, struct, u8, u32, u64, type View } from '../../memory/struct.ts';
import { device } from '../device.ts';
import type { Dma } from '../dma.ts';
import { QUEUE_SIZE_MAX, type VirtioIdentity } from './device.ts';
import {
  type Chain,
  DriverError,
  locateRings,
  nextHead,
  type Rings,
  readBytes,
  readChain,
  returnChain,
  writeBytes,
} from './queue.ts';

const MAGIC = 0x7472_6976;
const VERSION = 2;
/** "QEMU". */
const VENDOR = 0x554d_4551;
const SIZE = 0x200;
const CONFIG_OFFSET = 0x100;

/** Bits of Status (section 2.1). */
const STATUS = { driverOk: 4, featuresOk: 8, deviceNeedsReset: 0x40, writable: 0x8f } as const;
/** Bits of InterruptStatus. */
const INTERRUPT = { usedBuffer: 1, configurationChange: 2 } as const;
/** Features of the transport (section 6). */
const FEATURE = { indirectDescriptors: 1n << 28n, eventIndex: 1n << 29n, version1: 1n << 32n } as const;
const TRANSPORT_FEATURES = FEATURE.indirectDescriptors | FEATURE.eventIndex | FEATURE.version1;
/** What the registers of shared memory regions read: there are none. */
const NO_REGION = 0xffff_ffff_ffff_ffffn;

/** @param configBytes of configuration space */
const stateOf = (queues: number, configBytes: number) =>
  struct({
    DeviceFeaturesSel: u32,
    DriverFeaturesSel: u32,
    driverFeatures: u64,
    QueueSel: u32,
    Status: u32,
    InterruptStatus: u32,
    /** Bit n: the driver has notified queue n since main last asked. */
    notified: u32,
    // By queue:
    QueueNum: array(u32, queues),
    QueueReady: array(u32, queues),
    QueueDesc: array(u64, queues),
    QueueDriver: array(u64, queues),
    QueueDevice: array(u64, queues),
    /** Changes whenever chains that have been taken are no longer the device's. */
    generation: array(u32, queues),
    /** Chains taken and returned since the queue became ready. */
    taken: array(u32, queues),
    returned: array(u32, queues),
    /** What is different in configuration space from what it was in the beginning: bits that have changed. */
    configChanged: array(u8, configBytes),
    ConfigGeneration: u32,
    /** Bytes of the next chain that have been dealt with: it was put back. */
    done: array(u32, queues),
  });
type Fields = ReturnType<typeof stateOf>['fields'];
type State = View<Fields>;
export type VirtioState = State;

export interface VirtioPins {
  irq(level: boolean): void;
  /** Main should ask which queues have been notified. */
  kick(): void;
  readonly dma: Dma;
  /** Takes a sentence about something that the driver did wrong. */
  report(sentence: string): void;
}

/** For main, on behalf of the service; see VirtioPort. */
export interface VirtioOperations {
  /** Queues that the driver has notified since the last call, as bits. */
  takeNotified(): number;
  take(queue: number): Chain | undefined;
  read(chain: Chain, offset: number, bytes: number): Uint8Array | undefined;
  write(chain: Chain, offset: number, bytes: Uint8Array): boolean;
  complete(chain: Chain, written: number): void;
  configure(offset: number, bytes: Uint8Array): void;
  putBack(chain: Chain, done: number): void;
  fail(sentence: string): void;
}

const identification = (deviceId: number) =>
  ({
    MagicValue: { at: 0x000, read: () => MAGIC },
    Version: { at: 0x004, read: () => VERSION },
    DeviceID: { at: 0x008, read: () => deviceId },
    VendorID: { at: 0x00c, read: () => VENDOR },
  }) as const;

const node = { name: 'virtio_mmio', properties: { compatible: 'virtio,mmio' } } as const;

const noState = struct({});

/** A slot that nothing is plugged into. */
export const virtioMmioEmpty = device<typeof noState.fields, object>('virtio-mmio', {
  doc: 'An empty slot for a virtio device: its DeviceID is 0, and that is all there is to it.',
  size: SIZE,
  state: noState,
  registers: identification(0),
  reset: () => {},
  operations: {},
  settle: () => {},
  node,
});

/** What a device and its transport offer together. */
export const offeredFeatures = ({ features }: VirtioIdentity): bigint => features | TRANSPORT_FEATURES;

/** A slot with a device. */
export function virtioMmio(identity: VirtioIdentity) {
  const { queues, config } = identity;
  const offered = offeredFeatures(identity);
  const allQueues = 2 ** queues - 1;

  const isLive = (state: State): boolean =>
    (state.Status & (STATUS.driverOk | STATUS.deviceNeedsReset)) === STATUS.driverOk;
  const negotiated = (state: State, feature: bigint): boolean => (state.driverFeatures & feature) !== 0n;
  const isCurrent = (state: State, { queue, generation }: Chain): boolean =>
    isLive(state) && state.generation[queue] === generation;

  function fail(state: State, pins: VirtioPins, sentence: string): void {
    pins.report(`${identity.name}: ${sentence}`);
    state.Status |= STATUS.deviceNeedsReset;
    // Section 2.1.2.
    if (state.Status & STATUS.driverOk) state.InterruptStatus |= INTERRUPT.configurationChange;
  }

  /** Runs `body`; where it finds that the driver has broken a rule about `queue`, the device fails. */
  function guarded<T>(state: State, pins: VirtioPins, queue: number, body: () => T): T | undefined {
    try {
      return body();
    } catch (error) {
      if (!(error instanceof DriverError)) throw error;
      fail(state, pins, `queue ${queue}: ${error.message}`);
      return undefined;
    }
  }

  /** @throws DriverError */
  const ringsOf = (state: State, { dma }: VirtioPins, queue: number): Rings =>
    locateRings(
      dma,
      state.QueueNum[queue]!,
      Number(state.QueueDesc[queue]),
      Number(state.QueueDriver[queue]),
      Number(state.QueueDevice[queue]),
    );

  function emptyQueue(state: State, queue: number): void {
    state.QueueReady[queue] = 0;
    state.generation[queue]!++;
    state.taken[queue] = 0;
    state.returned[queue] = 0;
    state.done[queue] = 0;
  }

  function reset(state: State): void {
    state.DeviceFeaturesSel = 0;
    state.DriverFeaturesSel = 0;
    state.driverFeatures = 0n;
    state.QueueSel = 0;
    state.Status = 0;
    state.InterruptStatus = 0;
    state.notified = 0;
    state.QueueNum.fill(0);
    state.QueueDesc.fill(0n);
    state.QueueDriver.fill(0n);
    state.QueueDevice.fill(0n);
    for (let queue = 0; queue < queues; queue++) emptyQueue(state, queue);
  }

  function notify(state: State, pins: VirtioPins, bits: number): void {
    const before = state.notified;
    state.notified |= bits;
    if (before === 0 && state.notified !== 0) pins.kick();
  }

  function writeStatus(state: State, value: number, pins: VirtioPins): void {
    if (value === 0) {
      reset(state);
      return;
    }
    const added = value & ~state.Status;
    state.Status = (value & STATUS.writable) | (state.Status & STATUS.deviceNeedsReset);
    const acceptable = negotiated(state, FEATURE.version1) && (state.driverFeatures & ~offered) === 0n;
    if (added & STATUS.featuresOk && !acceptable) state.Status &= ~STATUS.featuresOk;
    // Buffers that are there already may have been notified of too early to be looked at.
    if (added & STATUS.driverOk) notify(state, pins, allQueues);
  }

  function writeReady(state: State, value: number, pins: VirtioPins): void {
    const queue = state.QueueSel;
    if (queue >= queues) return;
    if ((value & 1) === 0) emptyQueue(state, queue);
    else if (guarded(state, pins, queue, () => ringsOf(state, pins, queue))) state.QueueReady[queue] = 1;
  }

  /** Runs `set` for the selected queue, which must not be in use. */
  function setUp(state: State, pins: VirtioPins, set: (queue: number) => void): void {
    const queue = state.QueueSel;
    if (queue >= queues) return;
    if (state.QueueReady[queue]) fail(state, pins, `queue ${queue}: it is set up while it is ready`);
    else set(queue);
  }

  const address = (at: number, field: 'QueueDesc' | 'QueueDriver' | 'QueueDevice') =>
    ({
      at,
      width: 8,
      read: (state: State) => (state[field] as BigUint64Array)[state.QueueSel] ?? 0n,
      write: (state: State, value: bigint, pins: VirtioPins) =>
        setUp(state, pins, (queue) => {
          state[field][queue] = value;
        }),
    }) as const;

  return device<Fields, VirtioPins, VirtioOperations>('virtio-mmio', {
    doc: 'Transport of a virtio device: features, status, configuration, and split queues in guest memory.',
    size: SIZE,
    state: stateOf(queues, config.length),
    registers: {
      ...identification(identity.deviceId),
      DeviceFeatures: {
        at: 0x010,
        read: (state) =>
          state.DeviceFeaturesSel > 1 ? 0 : Number((offered >> BigInt(32 * state.DeviceFeaturesSel)) & 0xffff_ffffn),
      },
      DeviceFeaturesSel: {
        at: 0x014,
        write: (state, value) => {
          state.DeviceFeaturesSel = value;
        },
      },
      DriverFeatures: {
        at: 0x020,
        write: (state, value) => {
          if (state.Status & STATUS.featuresOk || state.DriverFeaturesSel > 1) return;
          const shift = BigInt(32 * state.DriverFeaturesSel);
          state.driverFeatures = (state.driverFeatures & ~(0xffff_ffffn << shift)) | (BigInt(value) << shift);
        },
      },
      DriverFeaturesSel: {
        at: 0x024,
        write: (state, value) => {
          state.DriverFeaturesSel = value;
        },
      },
      QueueSel: {
        at: 0x030,
        write: (state, value) => {
          state.QueueSel = value;
        },
      },
      QueueNumMax: { at: 0x034, read: (state) => (state.QueueSel < queues ? QUEUE_SIZE_MAX : 0) },
      QueueNum: {
        at: 0x038,
        write: (state, value, pins) =>
          setUp(state, pins, (queue) => {
            state.QueueNum[queue] = value;
          }),
      },
      QueueReady: { at: 0x044, read: (state) => state.QueueReady[state.QueueSel] ?? 0, write: writeReady },
      QueueNotify: {
        at: 0x050,
        write: (state, queue, pins) => {
          if (queue >= queues) pins.report(`${identity.name}: there is no queue ${queue} to notify`);
          else if (isLive(state)) notify(state, pins, 1 << queue);
          else pins.report(`${identity.name}: queue ${queue} is notified while the device is not in operation`);
        },
      },
      InterruptStatus: { at: 0x060, read: (state) => state.InterruptStatus },
      InterruptACK: {
        at: 0x064,
        write: (state, value) => {
          state.InterruptStatus &= ~value;
        },
      },
      Status: { at: 0x070, read: (state) => state.Status, write: writeStatus },
      QueueDesc: address(0x080, 'QueueDesc'),
      QueueDriver: address(0x090, 'QueueDriver'),
      QueueDevice: address(0x0a0, 'QueueDevice'),
      SHMSel: { at: 0x0ac, write: () => {} },
      SHMLen: { at: 0x0b0, width: 8, read: () => NO_REGION },
      SHMBase: { at: 0x0b8, width: 8, read: () => NO_REGION },
      ConfigGeneration: { at: 0x0fc, read: (state) => state.ConfigGeneration },
    },
    windows: {
      Config: {
        at: CONFIG_OFFSET,
        size: SIZE - CONFIG_OFFSET,
        read: ({ configChanged }, _, offset, bytes) => {
          let value = 0n;
          for (let at = offset + bytes - 1; at >= offset; at--)
            value = (value << 8n) | BigInt(at < config.length ? config[at]! ^ Number(configChanged[at]) : 0xff);
          return value;
        },
        write: () => {},
      },
    },
    reset,
    operations: {
      takeNotified: (state) => {
        const bits = state.notified;
        state.notified = 0;
        return bits;
      },
      take: (state, pins, queue) => {
        if (!isLive(state) || !state.QueueReady[queue]) return undefined;
        return guarded(state, pins, queue, () => {
          const { dma } = pins;
          const rings = ringsOf(state, pins, queue);
          const head = nextHead(dma, rings, state.taken[queue]! & 0xffff, negotiated(state, FEATURE.eventIndex));
          if (head === undefined) return undefined;
          const parts = readChain(dma, rings, head, negotiated(state, FEATURE.indirectDescriptors));
          // Meanwhile the driver may have made it shorter.
          const done = Math.min(state.done[queue]!, parts.readableBytes);
          state.done[queue] = 0;
          state.taken[queue]!++;
          return { queue, generation: state.generation[queue]!, head, done, ...parts };
        });
      },
      read: (state, { dma }, chain, offset, bytes) =>
        isCurrent(state, chain) ? readBytes(dma, chain, offset, bytes) : undefined,
      write: (state, { dma }, chain, offset, bytes) => {
        if (!isCurrent(state, chain)) return false;
        writeBytes(dma, chain, offset, bytes);
        return true;
      },
      complete: (state, pins, chain, written) => {
        if (!isCurrent(state, chain)) return;
        const { queue } = chain;
        const rings = ringsOf(state, pins, queue);
        const events = negotiated(state, FEATURE.eventIndex);
        if (returnChain(pins.dma, rings, chain, written, state.returned[queue]! & 0xffff, events))
          state.InterruptStatus |= INTERRUPT.usedBuffer;
        state.returned[queue]!++;
      },
      configure: (state, _, offset, bytes) => {
        for (const [index, byte] of bytes.entries())
          state.configChanged[offset + index] = byte ^ config[offset + index]!;
        state.ConfigGeneration++;
        if (state.Status & STATUS.driverOk) state.InterruptStatus |= INTERRUPT.configurationChange;
      },
      putBack: (state, _, chain, done) => {
        if (!isCurrent(state, chain)) return;
        state.taken[chain.queue]!--;
        state.done[chain.queue] = done;
      },
      fail,
    },
    settle: (state, pins) => pins.irq(state.InterruptStatus !== 0),
    node,
  });
}
