/**
 * The `virt` board: which device sits at which address and how they are wired. The only file that knows addresses.
 *
 * Its memory map and interrupt numbers are those of QEMU's `virt` machine for RISC-V, so that guests made for that one
 * run on this one.
 */
import { RAM_ID } from '../../schema/config.ts';
import { Lock } from '../base/lock.ts';
import { ByteRing, ringBytes } from '../base/ring.ts';
import { aclintMswi, aclintMtimer, mtime } from '../devices/aclint.ts';
import { type Attached, attach, type Device, once } from '../devices/device.ts';
import { type FlashOperations, flashCfi } from '../devices/flash-cfi.ts';
import { fwCfg, fwCfgItems } from '../devices/fw-cfg.ts';
import { type PlicState, plic } from '../devices/plic.ts';
import { rtcGoldfish } from '../devices/rtc-goldfish.ts';
import { type Finish, testSifive } from '../devices/test-sifive.ts';
import { uartNs16550a } from '../devices/uart-ns16550a.ts';
import { type VirtioOperations, type VirtioState, virtioMmio, virtioMmioEmpty } from '../devices/virtio/mmio.ts';
import { Bus, type BusTarget } from '../memory/bus.ts';
import { type PageStore, RamDma } from '../memory/dma.ts';
import { type Layout, MachineState, ROM_BYTES } from '../memory/layout.ts';
import type { MemoryRegion } from '../memory/physical.ts';
import { array, type Fields, struct, u32 } from '../memory/struct.ts';
import { INTERRUPT } from '../riscv/hart.ts';
import { Clock, ticksUntil } from './clock.ts';
import type { Equipment } from './equipment.ts';
import type { MemoryRange } from './interface.ts';

/** First address of everything on the board. */
export const ADDRESS = {
  MROM: 0x1000,
  TEST: 0x10_0000,
  RTC: 0x10_1000,
  CLINT: 0x200_0000,
  PLIC: 0xc00_0000,
  UART0: 0x1000_0000,
  /** The first of VIRTIO_SLOTS slots, VIRTIO_STRIDE apart. */
  VIRTIO: 0x1000_1000,
  FW_CFG: 0x1010_0000,
  FLASH: 0x2000_0000,
  DRAM: 0x8000_0000,
} as const;

/** Where MTIMER follows MSWI in what used to be SiFive's CLINT, and the size of both. */
const MTIMER_OFFSET = 0x4000;
export const CLINT_BYTES = 0x1_0000;

/** Interrupt sources of the PLIC. */
export const IRQ = {
  /** Of the first slot; the others follow. */
  VIRTIO: 1,
  UART0: 10,
  RTC: 11,
} as const;

export const VIRTIO_STRIDE = 0x1000;

/** Flash banks follow each other from ADDRESS.FLASH on. */
const FLASH_NAMES: readonly string[] = ['virt.flash0', 'virt.flash1'];

/** What the firmware configuration holds on every board: nothing is said about disks and their order, nor about waiting. */
const FW_CFG_FILES = [
  { name: 'bios-geometry', bytes: new Uint8Array(0) },
  { name: 'bootorder', bytes: new Uint8Array(0) },
  { name: 'etc/boot-fail-wait', bytes: new Uint8Array(4).fill(0xff) },
];

/** What the PLIC's contexts drive, two for each hart in this order, as bits of `mip`. */
export const CONTEXT_INTERRUPTS = [INTERRUPT.machineExternal, INTERRUPT.supervisorExternal] as const;
const CONTEXTS_PER_HART = CONTEXT_INTERRUPTS.length;

/** Bytes of either queue between the serial port and the host. */
const SERIAL_RING_BYTES = 4096;

/** What the board needs of the rest of the machine. Every function may be called on the thread of any vCPU. */
export interface Wires {
  /** What the board is fitted with: the same on every thread. */
  readonly equipment: Equipment;
  /** The host's monotonic clock in nanoseconds, the same on every thread. */
  hostNow(): bigint;
  /** The host's time of day: nanoseconds since 1970-01-01 00:00 UTC. */
  timeOfDay(): bigint;
  /** Drives an interrupt line of a hart. Called for changes only. @param bit its bit in `mip` */
  raise(hart: number, bit: number, level: boolean): void;
  /** The guest asks to end or to reset the machine. Called with the device lock held: only remember it. */
  finish(finish: Finish): void;
  /** Main should look at the rings of the serial port. Called with the device lock held. */
  serialKick(): void;
  /** Main should ask the device in a virtio slot what has been notified. Called with the device lock held. */
  virtioKick(slot: number): void;
  /** Main should ask a flash bank what has changed. Called with the device lock held. */
  flashKick(bank: number): void;
  /** Stores into RAM on behalf of a device. Called with the device lock held. */
  readonly storeInPage: PageStore;
  /** Takes a sentence about something that the guest did wrong to a device, once for each. */
  report(sentence: string): void;
}

/** The serial port as main sees it. Main is the consumer of `output` and the producer of `input`. */
export interface SerialPort {
  readonly output: ByteRing;
  readonly input: ByteRing;
  /** To be called after taking from `output`. */
  drained(): void;
  /** To be called after adding to `input`. When not all has fitted, `serialKick` tells that there is room again. */
  received(): void;
}

/** A flash bank as main sees it. What has changed may be looked up in its contents, and written to where it belongs. */
export type FlashPort = FlashOperations;

/** A stretch of the shared memory in which a part of the board keeps its state. */
export interface StateArea {
  readonly name: string;
  /** What it consists of, in a text that is the same for equal states alone. */
  readonly form: string;
  readonly start: number;
  /** A multiple of 8. */
  readonly bytes: number;
}

/** The board as one thread sees it. */
export interface Board {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly serial: SerialPort;
  /** The devices in the virtio slots as main sees them, undefined where a slot is empty. */
  readonly virtio: readonly (VirtioOperations | undefined)[];
  readonly flash: readonly FlashPort[];
  /** For those who only look: racy samples while the guest runs. */
  readonly states: {
    readonly interruptController: Readonly<PlicState>;
    readonly virtio: readonly (Readonly<VirtioState> | undefined)[];
  };
  /** All of the board's state, but for the contents of its flash. */
  readonly areas: readonly StateArea[];
  /** Runs `body` while no device does anything, and no line changes; it may call nothing that takes the device lock. */
  whileStill<T>(body: () => T): T;
  /** What MTIME reads, and so the `time` CSR. Takes no lock. */
  time(): bigint;
  /** Raises the supervisor timer interrupt of a hart from this `time` on, until the next call; all ones: never. */
  setSupervisorTimer(hart: number, deadline: bigint): void;
  /** Devices as after power-on. Every vCPU is parked. What waits in the rings stays: it belongs to the host. */
  reset(): void;
  /** Lets guest time pass, or stand still. Every vCPU is parked. */
  setTimeRunning(running: boolean): void;
  /** Raises the timers that are due. Returns the ticks until the next one, undefined where none is awaited. */
  expireTimers(): bigint | undefined;
}

/** A stretch of a device that has a place and a name of its own on the bus. */
const part = (name: string, device: BusTarget, offset: number, size: number): BusTarget => ({
  name,
  size,
  read: (at, bytes) => device.read(offset + at, bytes),
  write: (at, bytes, value) => device.write(offset + at, bytes, value),
});

/** Levels that the board drives into the harts, as bits of `mip`. */
const drivenBy = (harts: number) => struct({ levels: array(u32, harts) });

/**
 * Binds the board's devices to their state in `buffer`, for this thread. Before anything else uses them, in a machine
 * that is new, one thread calls `reset`.
 * @throws RangeError where the states do not fit the layout's area for devices
 */
export function attachDevices(buffer: SharedArrayBuffer, layout: Layout, wires: Wires): Board {
  const harts = layout.vcpus.length;
  const lock = new Lock(buffer, layout.machine + MachineState.offset.deviceLock);
  const clock = new Clock(buffer, layout, wires.hostNow);
  const dma = new RamDma(buffer, layout, ADDRESS.DRAM, wires.storeInPage);
  const { equipment } = wires;

  const areas: StateArea[] = [];
  let end = layout.devices;
  const place = (name: string, form: string, size: number): number => {
    const start = end;
    const bytes = Math.ceil(size / 8) * 8;
    end += bytes;
    if (end > layout.devicesEnd) throw new RangeError('the layout has too little room for the state of the devices');
    areas.push({ name, form, start, bytes });
    return start;
  };
  const ring = (name: string): ByteRing =>
    new ByteRing(buffer, place(name, 'ring', ringBytes(SERIAL_RING_BYTES)), SERIAL_RING_BYTES);

  const driven = drivenBy(harts);
  const { levels } = driven.view(buffer, place('interrupt lines', driven.form, driven.size));
  const drive = (hart: number, bit: number, level: boolean): void => {
    const mask = 1 << bit;
    if (((levels[hart]! & mask) !== 0) === level) return;
    levels[hart]! ^= mask;
    wires.raise(hart, bit, level);
  };

  const connect = <F extends Fields, P, O extends object>(device: Device<F, P, O>, pins: P): Attached<F, O> =>
    attach(device, buffer, place(device.name, device.state.form, device.state.size), pins, wires.report);

  /** The operations of a device for those who do not hold the lock. */
  const locked = <O extends object>(operations: O): O =>
    Object.fromEntries(
      Object.entries(operations as Record<string, (...args: unknown[]) => unknown>).map(([name, operation]) => [
        name,
        (...args: unknown[]) => lock.run(() => operation(...args)),
      ]),
    ) as O;

  const interruptController = connect(plic(harts * CONTEXTS_PER_HART), {
    external: (context, level) =>
      drive(Math.floor(context / CONTEXTS_PER_HART), CONTEXT_INTERRUPTS[context % CONTEXTS_PER_HART]!, level),
  });
  const source = (number: number) => (level: boolean) => interruptController.operations.source(number, level);

  const softwareInterrupts = connect(aclintMswi(harts), {
    software: (hart, level) => drive(hart, INTERRUPT.machineSoftware, level),
  });
  const timer = connect(aclintMtimer(harts), {
    timer: (hart, level) => drive(hart, INTERRUPT.machineTimer, level),
    supervisorTimer: (hart, level) => drive(hart, INTERRUPT.supervisorTimer, level),
    now: () => clock.ticks(),
    deadlineChanged: () => clock.changed(),
  });
  const input = ring('serial input');
  const output = ring('serial output');
  const uart = connect(uartNs16550a, { irq: source(IRQ.UART0), input, output, kick: wires.serialKick });
  const test = connect(testSifive, { finish: wires.finish });
  const rtc = connect(rtcGoldfish, {
    irq: source(IRQ.RTC),
    timeOfDay: wires.timeOfDay,
    deadlineChanged: () => clock.changed(),
  });
  const firmwareConfig = connect(fwCfg(fwCfgItems(harts, [...FW_CFG_FILES, ...equipment.fwCfgFiles])), { dma });
  const flash = equipment.flash.map(({ contents, readOnly }, bank) =>
    connect(flashCfi(FLASH_NAMES[bank]!, readOnly), {
      contents: new Uint8Array(contents),
      changed: () => wires.flashKick(bank),
    }),
  );
  const report = once(wires.report);
  const virtio = equipment.virtio.map((identity, slot) => {
    if (!identity) return { target: connect(virtioMmioEmpty, {}), operations: undefined, state: undefined };
    const attached = connect(virtioMmio(identity), {
      irq: source(IRQ.VIRTIO + slot),
      kick: () => wires.virtioKick(slot),
      dma,
      report,
    });
    return { target: attached, operations: locked(attached.operations), state: attached.state };
  });
  const slots = virtio.map(({ target }) => target);

  // The interrupt controller comes first: see its `reset`.
  const devices = [interruptController, softwareInterrupts, timer, uart, test, rtc, firmwareConfig, ...flash, ...slots];
  return {
    clock,
    bus: new Bus(lock, [
      { address: ADDRESS.TEST, target: test },
      { address: ADDRESS.CLINT, target: softwareInterrupts },
      { address: ADDRESS.CLINT + MTIMER_OFFSET, target: timer },
      { address: ADDRESS.PLIC, target: interruptController },
      { address: ADDRESS.UART0, target: uart },
      { address: ADDRESS.RTC, target: rtc },
      { address: ADDRESS.FW_CFG, target: part('fwcfg.data', firmwareConfig, 0x00, 8) },
      { address: ADDRESS.FW_CFG + 0x08, target: part('fwcfg.ctl', firmwareConfig, 0x08, 2) },
      { address: ADDRESS.FW_CFG + 0x10, target: part('fwcfg.dma', firmwareConfig, 0x10, 8) },
      ...slots.map((target, slot) => ({ address: ADDRESS.VIRTIO + slot * VIRTIO_STRIDE, target })),
      ...flash.map((target, bank) => ({ address: ADDRESS.FLASH + bank * target.size, target })),
    ]),
    serial: { input, output, ...locked(uart.operations) },
    virtio: virtio.map(({ operations }) => operations),
    flash: flash.map(({ operations }) => locked(operations)),
    states: { interruptController: interruptController.state, virtio: virtio.map(({ state }) => state) },
    areas,
    whileStill: (body) => lock.run(body),
    time: () => mtime(timer.state, clock.ticks()),
    setSupervisorTimer: (hart, deadline) => lock.run(() => timer.operations.setSupervisorTimer(hart, deadline)),
    reset: () =>
      lock.run(() => {
        for (const device of devices) device.reset();
        clock.changed();
      }),
    setTimeRunning: (running) => lock.run(() => (running ? clock.start() : clock.stop())),
    expireTimers: () =>
      lock.run(() => {
        const timerDue = timer.operations.nextDeadline();
        const alarmDue = ticksUntil(rtc.operations.nextDeadline());
        if (!clock.isRunning) return undefined;
        return alarmDue === undefined || (timerDue !== undefined && timerDue < alarmDue) ? timerDue : alarmDue;
      }),
  };
}

/** What generated code may reach by itself, RAM first. */
export const memoryRegions = ({ rom, ram, ramBytes }: Layout): readonly MemoryRegion[] => [
  { address: ADDRESS.DRAM, bytes: ramBytes, host: ram, writable: true },
  { address: ADDRESS.MROM, bytes: ROM_BYTES, host: rom, writable: false },
];

const kindOf = ({ name }: BusTarget): MemoryRange['kind'] => (FLASH_NAMES.includes(name) ? 'romd' : 'i/o');

/** The physical address map as `info mtree` shows it, in ascending order, with QEMU's names of the regions. */
export function memoryRanges(bus: Bus, ramBytes: number): readonly MemoryRange[] {
  const range = (address: number, bytes: number, kind: MemoryRange['kind'], name: string): MemoryRange => ({
    start: BigInt(address),
    end: BigInt(address + bytes - 1),
    kind,
    name,
  });
  return [
    range(ADDRESS.MROM, ROM_BYTES, 'rom', 'riscv_virt_board.mrom'),
    ...bus.mappings.map(({ address, target }) => range(address, target.size, kindOf(target), target.name)),
    range(ADDRESS.DRAM, ramBytes, 'ram', RAM_ID),
  ];
}
