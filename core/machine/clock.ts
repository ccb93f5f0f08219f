/**
 * Guest time: nanoseconds that pass while the machine runs and stand still while it is stopped, counted from its first
 * start. It lies in the shared memory as an offset to the host's monotonic clock, so every thread reads it by itself.
 */
import type { Layout } from '../memory/layout.ts';
import { MachineState } from '../memory/layout.ts';
import type { View } from '../memory/struct.ts';

/** Nanoseconds between two ticks of `mtime`, which the board makes 10 MHz. */
const TICK_NANOSECONDS = 100n;
export const TIMEBASE_HZ = 10_000_000;

/** The host's time of day as the board asks for it: nanoseconds since 1970-01-01 00:00 UTC, to the millisecond. */
export const timeOfDay = (): bigint => BigInt(Date.now()) * 1_000_000n;

/** Ticks from now after which `nanoseconds` have passed, where there are any. */
export const ticksUntil = (nanoseconds: bigint | undefined): bigint | undefined =>
  nanoseconds === undefined ? undefined : (nanoseconds + TICK_NANOSECONDS - 1n) / TICK_NANOSECONDS;

export class Clock {
  readonly #state: View<typeof MachineState.fields>;
  readonly #changed: Int32Array;
  readonly #hostNow: () => bigint;

  /** @param hostNow a clock in nanoseconds that never goes back and is the same for all threads */
  constructor(buffer: SharedArrayBuffer, layout: Layout, hostNow: () => bigint) {
    this.#state = MachineState.view(buffer, layout.machine);
    this.#changed = new Int32Array(buffer, layout.machine + MachineState.offset.clockChanged, 1);
    this.#hostNow = hostNow;
  }

  get isRunning(): boolean {
    return this.#state.clockRunning === 1;
  }

  nanoseconds(): bigint {
    const state = this.#state;
    return state.clockRunning === 1 ? this.#hostNow() - state.clockOffset : state.clockStoppedAt;
  }

  /** Ticks of 10 MHz. */
  ticks(): bigint {
    return this.nanoseconds() / TICK_NANOSECONDS;
  }

  /** Lets time pass. No effect while it does. Called with the device lock held and every vCPU parked, as `stop` is. */
  start(): void {
    const state = this.#state;
    if (state.clockRunning === 1) return;
    state.clockOffset = BigInt.asUintN(64, this.#hostNow() - state.clockStoppedAt);
    state.clockRunning = 1;
    this.changed();
  }

  /** Stops time where it is. No effect while it stands. */
  stop(): void {
    const state = this.#state;
    if (state.clockRunning === 0) return;
    state.clockStoppedAt = this.nanoseconds();
    state.clockRunning = 0;
    this.changed();
  }

  /** Makes the clock worker look at the next deadline again. */
  changed(): void {
    Atomics.add(this.#changed, 0, 1);
    Atomics.notify(this.#changed, 0);
  }

  /** Asks the clock worker to leave, for good. */
  end(): void {
    this.#state.clockEnded = 1;
    this.changed();
  }

  /**
   * Sleeps on this thread from deadline to deadline, until `end`.
   * @param expire does what is due, and returns the ticks until something will be; undefined where nothing is awaited
   */
  watch(expire: () => bigint | undefined): void {
    for (;;) {
      const seen = Atomics.load(this.#changed, 0);
      if (this.#state.clockEnded === 1) return;
      const ticks = expire();
      const milliseconds = ticks === undefined ? Infinity : Number(ticks * TICK_NANOSECONDS) / 1e6;
      Atomics.wait(this.#changed, 0, seen, milliseconds);
    }
  }
}
