/**
 * The `virt` board: which device sits at which address and how they are wired. The only file that knows addresses.
 *
 * Its memory map and interrupt numbers are those of QEMU's `virt` machine for RISC-V, so that guests made for that one
 * run on this one.
 */
import { Lock } from '../base/lock.ts';
import { ByteRing, ringBytes } from '../base/ring.ts';
import { aclintMswi, aclintMtimer, mtime } from '../devices/aclint.ts';
import { type Attached, attach, type Device } from '../devices/device.ts';
import { plic } from '../devices/plic.ts';
import { type Finish, testSifive } from '../devices/test-sifive.ts';
import { uartNs16550a } from '../devices/uart-ns16550a.ts';
import { Bus } from '../memory/bus.ts';
import { type Layout, MachineState, ROM_BYTES } from '../memory/layout.ts';
import { array, type Fields, struct, u32 } from '../memory/struct.ts';
import { INTERRUPT } from '../riscv/hart.ts';
import { Clock } from './clock.ts';
import type { MemoryRange } from './interface.ts';

/** First address of everything on the board. */
export const ADDRESS = {
  MROM: 0x1000,
  TEST: 0x10_0000,
  /** Kept free for a clock of the day. */
  RTC: 0x10_1000,
  CLINT: 0x200_0000,
  PLIC: 0xc00_0000,
  UART0: 0x1000_0000,
  DRAM: 0x8000_0000,
} as const;

/** Where MTIMER follows MSWI in what used to be SiFive's CLINT, and the size of both. */
const MTIMER_OFFSET = 0x4000;
export const CLINT_BYTES = 0x1_0000;

/** Interrupt sources of the PLIC. */
export const IRQ = { UART0: 10 } as const;

/** What the PLIC's contexts drive, two for each hart in this order, as bits of `mip`. */
export const CONTEXT_INTERRUPTS = [INTERRUPT.machineExternal, INTERRUPT.supervisorExternal] as const;
const CONTEXTS_PER_HART = CONTEXT_INTERRUPTS.length;

/** Bytes of either queue between the serial port and the host. */
const SERIAL_RING_BYTES = 4096;

/** What the board needs of the rest of the machine. Every function may be called on the thread of any vCPU. */
export interface Wires {
  /** The host's monotonic clock in nanoseconds, the same on every thread. */
  hostNow(): bigint;
  /** Drives an interrupt line of a hart. Called for changes only. @param bit its bit in `mip` */
  raise(hart: number, bit: number, level: boolean): void;
  /** The guest asks to end or to reset the machine. Called with the device lock held: only remember it. */
  finish(finish: Finish): void;
  /** Main should look at the rings of the serial port. Called with the device lock held. */
  serialKick(): void;
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

/** The board as one thread sees it. */
export interface Board {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly serial: SerialPort;
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

  let end = layout.devices;
  const place = (bytes: number): number => {
    const start = end;
    end += Math.ceil(bytes / 8) * 8;
    if (end > layout.devicesEnd) throw new RangeError('the layout has too little room for the state of the devices');
    return start;
  };
  const ring = (): ByteRing => new ByteRing(buffer, place(ringBytes(SERIAL_RING_BYTES)), SERIAL_RING_BYTES);

  const driven = drivenBy(harts);
  const { levels } = driven.view(buffer, place(driven.size));
  const drive = (hart: number, bit: number, level: boolean): void => {
    const mask = 1 << bit;
    if (((levels[hart]! & mask) !== 0) === level) return;
    levels[hart]! ^= mask;
    wires.raise(hart, bit, level);
  };

  const connect = <F extends Fields, P, O extends object>(device: Device<F, P, O>, pins: P): Attached<F, O> =>
    attach(device, buffer, place(device.state.size), pins, wires.report);

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
  const input = ring();
  const output = ring();
  const uart = connect(uartNs16550a, { irq: source(IRQ.UART0), input, output, kick: wires.serialKick });
  const test = connect(testSifive, { finish: wires.finish });

  // The interrupt controller comes first: see its `reset`.
  const devices = [interruptController, softwareInterrupts, timer, uart, test];
  return {
    clock,
    bus: new Bus(lock, [
      { address: ADDRESS.TEST, target: test },
      { address: ADDRESS.CLINT, target: softwareInterrupts },
      { address: ADDRESS.CLINT + MTIMER_OFFSET, target: timer },
      { address: ADDRESS.PLIC, target: interruptController },
      { address: ADDRESS.UART0, target: uart },
    ]),
    serial: {
      input,
      output,
      drained: () => lock.run(uart.operations.drained),
      received: () => lock.run(uart.operations.received),
    },
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
        const ticks = timer.operations.nextDeadline();
        return clock.isRunning ? ticks : undefined;
      }),
  };
}

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
    ...bus.mappings.map(({ address, target }) => range(address, target.size, 'i/o', target.name)),
    range(ADDRESS.DRAM, ramBytes, 'ram', 'riscv_virt_board.ram'),
  ];
}
