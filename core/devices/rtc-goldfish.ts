/**
 * Goldfish real-time clock: nanoseconds since 1970 and one alarm.
 * Android's "Goldfish virtual hardware", section "Real time clock"; Linux, `drivers/rtc/rtc-goldfish.c`.
 */
import { struct, u8, u32, u64, type View } from '../memory/struct.ts';
import { device } from './device.ts';

const state = struct({
  /** The clock less that of the host, modulo 2^64: what the guest has set it forward. */
  offset: u64,
  /** What the upper half was when the lower one was read. */
  latchedHigh: u32,
  alarm: u64,
  /** 1 from an alarm that is set until it goes off or is cleared. */
  alarmRunning: u8,
  interruptEnabled: u8,
  interruptPending: u8,
});
type State = View<typeof state.fields>;

export interface RtcPins {
  irq(level: boolean): void;
  /** The host's time of day: nanoseconds since 1970-01-01 00:00 UTC. */
  timeOfDay(): bigint;
  /** The alarm may be due earlier than was last said by `nextDeadline`: ask again. */
  deadlineChanged(): void;
}

export interface RtcOperations {
  /** Time has passed: lets the alarm go off if it is due. Returns nanoseconds from now to it, undefined without one. */
  nextDeadline(): bigint | undefined;
}

const LOW = 0xffff_ffffn;
const low = (value: bigint): number => Number(value & LOW);
const high = (value: bigint): number => Number(value >> 32n);
const withLow = (value: bigint, half: number): bigint => (value & ~LOW) | BigInt(half);
const withHigh = (value: bigint, half: number): bigint => (value & LOW) | (BigInt(half) << 32n);

const now = (state: State, pins: RtcPins): bigint => BigInt.asUintN(64, pins.timeOfDay() + state.offset);

function setTime(state: State, time: bigint, pins: RtcPins): void {
  state.offset = BigInt.asUintN(64, state.offset + time - now(state, pins));
  pins.deadlineChanged();
}

export const rtcGoldfish = device<typeof state.fields, RtcPins, RtcOperations>('goldfish_rtc', {
  doc: 'Nanoseconds since 1970 and one alarm. Starts with the time of the host, and goes on while the machine is stopped.',
  size: 0x24,
  state,
  registers: {
    TIME_LOW: {
      at: 0x00,
      read: (state, pins) => {
        const time = now(state, pins);
        state.latchedHigh = high(time);
        return low(time);
      },
      write: (state, value, pins) => setTime(state, withLow(now(state, pins), value), pins),
    },
    TIME_HIGH: {
      at: 0x04,
      read: (state) => state.latchedHigh,
      write: (state, value, pins) => setTime(state, withHigh(now(state, pins), value), pins),
    },
    /** Writing the lower half sets the alarm. */
    ALARM_LOW: {
      at: 0x08,
      read: (state) => low(state.alarm),
      write: (state, value, pins) => {
        state.alarm = withLow(state.alarm, value);
        state.alarmRunning = 1;
        pins.deadlineChanged();
      },
    },
    ALARM_HIGH: {
      at: 0x0c,
      read: (state) => high(state.alarm),
      write: (state, value) => {
        state.alarm = withHigh(state.alarm, value);
      },
    },
    IRQ_ENABLED: {
      at: 0x10,
      read: (state) => state.interruptEnabled,
      write: (state, value) => {
        state.interruptEnabled = value & 1;
      },
    },
    CLEAR_ALARM: {
      at: 0x14,
      read: () => 0,
      write: (state) => {
        state.alarmRunning = 0;
      },
    },
    ALARM_STATUS: { at: 0x18, read: (state) => state.alarmRunning },
    CLEAR_INTERRUPT: {
      at: 0x1c,
      read: () => 0,
      write: (state) => {
        state.interruptPending = 0;
      },
    },
  },
  reset: (state) => {
    state.offset = 0n;
    state.latchedHigh = 0;
    state.alarm = 0n;
    state.alarmRunning = 0;
    state.interruptEnabled = 0;
    state.interruptPending = 0;
  },
  operations: {
    nextDeadline: (state, pins) => {
      ring(state, pins);
      return state.alarmRunning ? state.alarm - now(state, pins) : undefined;
    },
  },
  settle: (state, pins) => {
    ring(state, pins);
    pins.irq(state.interruptPending === 1 && state.interruptEnabled === 1);
  },
  node: { name: 'rtc', properties: { compatible: 'google,goldfish-rtc' } },
});

/** The alarm goes off once its time has come. */
function ring(state: State, pins: RtcPins): void {
  if (!state.alarmRunning || now(state, pins) < state.alarm) return;
  state.alarmRunning = 0;
  state.interruptPending = 1;
}
