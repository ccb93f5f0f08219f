/**
 * Advanced core local interruptor: software and timer interrupts between harts, in the places where SiFive's CLINT had
 * them.
 * RISC-V Advanced Core Local Interruptor Specification 1.0-rc4, chapters "MTIMER" and "MSWI"; for the supervisor timers,
 * RISC-V "stimecmp / vstimecmp" Extension 1.0.
 */
import { array, struct, u32, u64, type View } from '../memory/struct.ts';
import { device } from './device.ts';

export interface MswiPins {
  /** The machine software interrupt line of a hart. */
  software(hart: number, level: boolean): void;
}

/** Software interrupts of the harts 0 to `harts` - 1. */
export function aclintMswi(harts: number) {
  const state = struct({ MSIP: array(u32, harts) });

  return device<typeof state.fields, MswiPins>('riscv.aclint.swi', {
    doc: 'A word for each hart, whose lowest bit is the level of its machine software interrupt.',
    size: 0x4000,
    state,
    registers: {
      MSIP: {
        at: 0,
        count: harts,
        read: (state, _, hart) => state.MSIP[hart]!,
        write: (state, value, _, hart) => {
          state.MSIP[hart] = value & 1;
        },
      },
    },
    reset: (state) => {
      state.MSIP.fill(0);
    },
    operations: {},
    settle: (state, pins) => {
      for (let hart = 0; hart < harts; hart++) pins.software(hart, state.MSIP[hart] === 1);
    },
  });
}

const NEVER = 0xffff_ffff_ffff_ffffn;

export interface MtimerPins {
  /** The machine timer interrupt line of a hart. */
  timer(hart: number, level: boolean): void;
  /** The supervisor timer interrupt line of a hart. */
  supervisorTimer(hart: number, level: boolean): void;
  /** The clock, in ticks of MTIME. Does not go back. */
  now(): bigint;
  /** A timer may be due earlier than was last said by `nextDeadline`: ask again. */
  deadlineChanged(): void;
}

export interface MtimerOperations {
  /**
   * Time has passed: raises the timers that are due. Returns the ticks from now to the next one, undefined where there
   * is none; the caller will watch for it.
   */
  nextDeadline(): bigint | undefined;
  /** MTIME from which on the supervisor timer interrupt of a hart is pending: `stimecmp`; all ones: never. */
  setSupervisorTimer(hart: number, deadline: bigint): void;
}

/** What MTIME reads when the clock that it counts by shows `now`. */
export const mtime = ({ offset }: { readonly offset: bigint }, now: bigint): bigint => BigInt.asUintN(64, now + offset);

/** The timer of the harts 0 to `harts` - 1. */
export function aclintMtimer(harts: number) {
  const state = struct({
    MTIMECMP: array(u64, harts),
    /** The same for supervisor timer interrupts. Harts set it by a CSR and not through registers of this device. */
    stimecmp: array(u64, harts),
    /** MTIME less the clock that it counts by, modulo 2^64. */
    offset: u64,
    /** MTIME for which whoever watches the clock has promised to look in; NEVER where there is no such promise. */
    watched: u64,
  });
  type State = View<typeof state.fields>;
  const setDeadline = (
    state: State,
    deadlines: 'MTIMECMP' | 'stimecmp',
    hart: number,
    value: bigint,
    pins: MtimerPins,
  ) => {
    state[deadlines][hart] = value;
    if (value < state.watched) pins.deadlineChanged();
  };

  return device<typeof state.fields, MtimerPins, MtimerOperations>('riscv.aclint.mtimer', {
    doc: 'One clock for all harts, and for each hart the times from which its timer interrupts are pending.',
    size: 0x8000,
    state,
    registers: {
      MTIMECMP: {
        at: 0,
        count: harts,
        width: 8,
        read: (state, _, hart) => state.MTIMECMP[hart] as bigint,
        write: (state, value, pins, hart) => setDeadline(state, 'MTIMECMP', hart, value, pins),
      },
      MTIME: {
        at: 0x7ff8,
        width: 8,
        read: (state, pins) => mtime(state, pins.now()),
        write: (state, value, pins) => {
          state.offset = BigInt.asUintN(64, value - pins.now());
          pins.deadlineChanged();
        },
      },
    },
    reset: (state, pins) => {
      state.MTIMECMP.fill(NEVER);
      state.stimecmp.fill(NEVER);
      state.offset = BigInt.asUintN(64, -pins.now());
      state.watched = NEVER;
    },
    operations: {
      nextDeadline: (state, pins) => {
        const now = mtime(state, pins.now());
        state.watched = NEVER;
        for (const deadlines of [state.MTIMECMP, state.stimecmp])
          for (const deadline of deadlines) if (deadline > now && deadline < state.watched) state.watched = deadline;
        return state.watched === NEVER ? undefined : state.watched - now;
      },
      setSupervisorTimer: (state, pins, hart, deadline) => setDeadline(state, 'stimecmp', hart, deadline, pins),
    },
    settle: (state, pins) => {
      const now = mtime(state, pins.now());
      for (let hart = 0; hart < harts; hart++) {
        pins.timer(hart, now >= (state.MTIMECMP[hart] as bigint));
        pins.supervisorTimer(hart, now >= (state.stimecmp[hart] as bigint));
      }
    },
  });
}
