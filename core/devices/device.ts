/**
 * What a device is, and how it becomes part of a machine.
 *
 * A device is a file of registers, plain state, and one step `settle` that brings its output pins in line with that
 * state. It is stateless code: all it remembers lies in a structure in the machine's shared memory, so that every thread
 * may have its own copy of the code bound to the same state. A device never sees a hart, a bus or an address. It knows
 * offsets within its own registers, and the world as its `pins`.
 *
 * Who calls what, and when:
 * - The bus calls `read` and `write` of an attached device for an access of the guest, on the thread of the vCPU.
 * - Whoever drives a line into the device, moves a queue that it shares with the host, or watches the time for it, calls
 *   one of its `operations`, on any thread.
 * - The machine calls `reset` while every vCPU is parked.
 * - All of them hold the machine's device lock, so a device takes none; and a pin may call an operation of another
 *   device, which is how an interrupt travels. No device may be entered while it is already being served.
 * - After each access, operation and reset `settle` runs, once. It drives every output pin to the level that the state
 *   asks for, whether that has changed or not; whoever is connected to the pin filters out what is not news.
 *
 * What the guest may do wrong is dealt with here and not in devices. A register answers to accesses of exactly its own
 * width at exactly its own offset; a register of 64 bits also to aligned accesses of 32 bits, each of which reads or
 * replaces one half. Any other access, to an offset where nothing is, of another width, a write to a register without
 * `write` or a read from one without `read`, reads as zero or is ignored, and is reported, the first time, as a sentence
 * that names device, offset and width. Where the width of an access is the device's own business, as in a configuration
 * space or in flash memory, it has a window instead of registers.
 */
import type { Fields, Struct, View } from '../memory/struct.ts';

interface Placed {
  /** Offset of the register, or of the first one of an array, in bytes. */
  readonly at: number;
  /** Number of registers in an array, and the distance from one to the next in bytes: by default one, and its width. */
  readonly count?: number;
  readonly stride?: number;
}

/** A register of up to 32 bits. Values are unsigned numbers, and what `read` returns is cut to the register's width. */
export interface NarrowRegister<S, P> extends Placed {
  /** Bytes; 4 unless given. */
  readonly width?: 1 | 2 | 4;
  /** What the guest reads, with the side effects of reading it. @param index position in the array, from 0 */
  read?(state: S, pins: P, index: number): number;
  write?(state: S, value: number, pins: P, index: number): void;
}

/** A register of 64 bits. Values are unsigned bigints. A write of one half calls `read` for the other half. */
export interface WideRegister<S, P> extends Placed {
  readonly width: 8;
  read?(state: S, pins: P, index: number): bigint;
  write?(state: S, value: bigint, pins: P, index: number): void;
}

export type Register<S, P> = NarrowRegister<S, P> | WideRegister<S, P>;

/** A stretch of offsets that takes accesses of any width, aligned or not, as long as they lie within it. */
export interface Window<S, P> {
  readonly at: number;
  /** Bytes. */
  readonly size: number;
  /** @param offset from the start of the window @param bytes 1, 2, 4 or 8 @returns the value, cut to that width */
  read?(state: S, pins: P, offset: number, bytes: number): bigint;
  /** @param value unsigned, of no more than `bytes` bytes */
  write?(state: S, value: bigint, pins: P, offset: number, bytes: number): void;
}

/**
 * A value in the device tree: a string, a list of strings, one or several cells (a number is a cell of 32 bits, a bigint
 * one of 64), bytes as they are, or `true` for a property that is only there.
 */
export type NodeValue = string | readonly string[] | number | bigint | readonly (number | bigint)[] | Uint8Array | true;

/**
 * What a device says of itself in the device tree. Where it is and how it is wired (`reg`, `interrupts`) is added by the
 * board, which alone knows.
 */
export interface DeviceNode {
  /** Generic name of the devicetree specification, such as `serial`. */
  readonly name: string;
  readonly properties: Readonly<Record<string, NodeValue>>;
}

// biome-ignore lint/suspicious/noExplicitAny: operations of a device take whatever they declare
type Operations = { [name: string]: (...args: any[]) => unknown };

/**
 * @typeParam F the fields of its state
 * @typeParam P its pins: functions and queues by which it reaches the world
 * @typeParam O its operations as they are called from outside, without state and pins
 */
export interface DeviceDefinition<F extends Fields, P, O extends object> {
  /** One or two sentences: what it is, and what is peculiar about this model of it. */
  readonly doc: string;
  /** Bytes of address space that it decodes. An access beyond them is not for it, and faults. */
  readonly size: number;
  /** Its state. All zero before the first `reset`. */
  readonly state: Struct<F>;
  /** Registers by the names of the data sheet. No two may overlap. */
  readonly registers: Readonly<Record<string, Register<View<F>, P>>>;
  /** Windows, which overlap neither registers nor each other. */
  readonly windows?: Readonly<Record<string, Window<View<F>, P>>>;
  /** Brings the state to what it is after power-on, from any other. */
  reset(state: View<F>, pins: P): void;
  /** What others than the guest may ask of it: lines driven into it, host queues that moved, questions about time. */
  readonly operations: {
    readonly [K in keyof O]: O[K] extends (...args: infer A) => infer R
      ? (state: View<F>, pins: P, ...args: A) => R
      : never;
  };
  settle(state: View<F>, pins: P): void;
  /** Absent where the board describes it together with something else. */
  readonly node?: DeviceNode;
}

export interface Device<F extends Fields, P, O extends object> extends DeviceDefinition<F, P, O> {
  /** Also its name in `info mtree` and in what is reported about it. */
  readonly name: string;
}

/**
 * Defines a device.
 * @param name QEMU's name of its memory region
 * @throws RangeError where registers or windows overlap or reach beyond `size`
 */
export function device<F extends Fields, P, O extends object = Record<never, never>>(
  name: string,
  definition: DeviceDefinition<F, P, O>,
): Device<F, P, O> {
  checkPlaces(name, definition.registers, definition.windows ?? {}, definition.size);
  return { ...definition, name };
}

/** A device bound to its state and its pins on this thread. Every call is made with the device lock held. */
export interface Attached<F extends Fields, O extends object> {
  readonly name: string;
  readonly size: number;
  /** For those who only look, without the lock: a racy sample while the guest runs. */
  readonly state: Readonly<View<F>>;
  /** Reads `bytes` (1, 2, 4 or 8) at `offset`, which with them lies within `size`. Unsigned. */
  read(offset: number, bytes: number): bigint;
  /** Writes the low `bytes` bytes of `value`, which has no others. */
  write(offset: number, bytes: number, value: bigint): void;
  reset(): void;
  readonly operations: O;
}

/** One register of an array, or the only one: what an offset stands for. */
interface Slot<R> {
  readonly register: R;
  readonly index: number;
}

const widthOf = (register: { readonly width?: number }): number => register.width ?? 4;

const placesOf = ({ at, count = 1, stride, width = 4 }: Placed & { readonly width?: number }): readonly number[] =>
  Array.from({ length: count }, (_, index) => at + index * (stride ?? width));

function checkPlaces(
  device: string,
  registers: Readonly<Record<string, Placed & { readonly width?: number }>>,
  windows: Readonly<Record<string, { readonly at: number; readonly size: number }>>,
  size: number,
): void {
  const places = [
    ...Object.entries(registers).flatMap(([name, register]) =>
      placesOf(register).map((at) => ({ name, at, end: at + widthOf(register) })),
    ),
    ...Object.entries(windows).map(([name, window]) => ({ name, at: window.at, end: window.at + window.size })),
  ].toSorted((one, other) => one.at - other.at);
  for (const [index, { name, at, end }] of places.entries()) {
    if (end > size) throw new RangeError(`${device}: ${name} at 0x${at.toString(16)} lies beyond its registers`);
    const next = places[index + 1];
    if (next && end > next.at) throw new RangeError(`${device}: ${name} and ${next.name} overlap`);
  }
}

/** The register that starts at each offset. */
const slotsOf = <R extends Placed & { readonly width?: number }>(
  registers: Readonly<Record<string, R>>,
): ReadonlyMap<number, Slot<R>> =>
  new Map(
    Object.values(registers).flatMap((register) =>
      placesOf(register).map((at, index): [number, Slot<R>] => [at, { register, index }]),
    ),
  );

/** Mistakes of the guest that are told apart for one device; beyond these it is silent. */
const REPORTS_MAX = 64;

/** Passes on each sentence once, and no more than REPORTS_MAX of them. */
export function once(report: (sentence: string) => void): (sentence: string) => void {
  const reported = new Set<string>();
  return (sentence) => {
    if (reported.has(sentence) || reported.size >= REPORTS_MAX) return;
    reported.add(sentence);
    report(sentence);
  };
}

/**
 * Binds a device to its state.
 * @param base where its state starts in `buffer`, a multiple of 8
 * @param report takes a sentence about an access that no register answers to
 */
export function attach<F extends Fields, P, O extends object>(
  device: Device<F, P, O>,
  buffer: SharedArrayBuffer,
  base: number,
  pins: P,
  report: (sentence: string) => void,
): Attached<F, O> {
  const state = device.state.view(buffer, base);
  const slots = slotsOf(device.registers);
  const windows = Object.values(device.windows ?? {});
  const complain = once(report);

  const refuse = (access: 'read' | 'write', offset: number, bytes: number): void =>
    complain(`${device.name}: no register for a ${access} of size ${bytes} at offset 0x${offset.toString(16)}`);

  const windowAt = (offset: number, bytes: number): Window<View<F>, P> | undefined =>
    windows.find(({ at, size }) => offset >= at && offset + bytes <= at + size);

  /** The 64-bit register of which the 4 bytes at `offset` are a half. */
  function halfAt(offset: number): (Slot<WideRegister<View<F>, P>> & { readonly shift: bigint }) | undefined {
    for (const shift of [0n, 32n]) {
      const slot = slots.get(offset - Number(shift / 8n));
      if (slot?.register.width === 8) return { register: slot.register, index: slot.index, shift };
    }
    return undefined;
  }

  function readRegister(offset: number, bytes: number): bigint | undefined {
    const window = windowAt(offset, bytes);
    if (window) {
      const value = window.read?.(state, pins, offset - window.at, bytes);
      return value === undefined ? undefined : BigInt.asUintN(bytes * 8, value);
    }
    const slot = slots.get(offset);
    if (slot && widthOf(slot.register) === bytes) {
      const value = slot.register.read?.(state, pins, slot.index);
      return value === undefined ? undefined : BigInt.asUintN(bytes * 8, BigInt(value));
    }
    const half = bytes === 4 ? halfAt(offset) : undefined;
    const value = half?.register.read?.(state, pins, half.index);
    return half && value !== undefined ? BigInt.asUintN(32, value >> half.shift) : undefined;
  }

  function writeRegister(offset: number, bytes: number, value: bigint): boolean {
    const window = windowAt(offset, bytes);
    if (window) {
      window.write?.(state, value, pins, offset - window.at, bytes);
      return window.write !== undefined;
    }
    const slot = slots.get(offset);
    if (slot && widthOf(slot.register) === bytes) {
      const { register, index } = slot;
      if (!register.write) return false;
      if (register.width === 8) register.write(state, value, pins, index);
      else register.write(state, Number(value), pins, index);
      return true;
    }
    const half = bytes === 4 ? halfAt(offset) : undefined;
    if (!half?.register.write) return false;
    const { register, index, shift } = half;
    const kept = (register.read?.(state, pins, index) ?? 0n) & ~(0xffff_ffffn << shift);
    register.write?.(state, BigInt.asUintN(64, kept | (value << shift)), pins, index);
    return true;
  }

  const settled =
    (operation: (state: View<F>, pins: P, ...args: unknown[]) => unknown) =>
    (...args: unknown[]): unknown => {
      const result = operation(state, pins, ...args);
      device.settle(state, pins);
      return result;
    };

  return {
    name: device.name,
    size: device.size,
    state,
    read(offset, bytes) {
      const value = readRegister(offset, bytes);
      if (value === undefined) refuse('read', offset, bytes);
      device.settle(state, pins);
      return value ?? 0n;
    },
    write(offset, bytes, value) {
      if (!writeRegister(offset, bytes, value)) refuse('write', offset, bytes);
      device.settle(state, pins);
    },
    reset: settled(device.reset) as () => void,
    operations: Object.fromEntries(
      Object.entries(device.operations as Operations).map(([name, operation]) => [name, settled(operation)]),
    ) as O,
  };
}
