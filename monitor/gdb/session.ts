/** One debugger: what it has chosen, and what it is owed. */
import type { Machine, Vcpu } from '../../core/machine/interface.ts';
import type { Context } from '../command.ts';
import { Points } from './points.ts';
import { formatThread, parseThread } from './values.ts';

/** What `qqemu.sstep` chooses: whether steps mask interrupts, and whether timers stand still meanwhile. */
export const STEP_FLAGS = { ENABLE: 1, NOIRQ: 2, NOTIMER: 4 } as const;
const ALL_STEP_FLAGS = STEP_FLAGS.ENABLE | STEP_FLAGS.NOIRQ | STEP_FLAGS.NOTIMER;

/** Numbers of signals as gdb has them. */
const SIGNAL = { interrupt: 2, trap: 5, abort: 6 } as const;

/**
 * What a packet asks for.
 * @param rest what stands behind the packet's name
 * @returns the reply; undefined where there is none, or one comes later
 * @throws GdbError what to reply instead
 */
export type Handler = (session: Session, rest: string) => string | undefined | Promise<string | undefined>;

export class Session {
  readonly context: Context;
  readonly send: (data: string) => void;
  readonly points = new Points();
  /** The other end knows of processes: thread ids name theirs. */
  multiprocess = false;
  /** Packets are acknowledged, and sent again where they have not arrived. */
  acknowledges = true;
  /** The vCPU whose registers and memory are asked for, and the one that is to step. */
  vcpu = 0;
  stepped = 0;
  /** Addresses of memory are physical. */
  physical = false;
  /** Bits of STEP_FLAGS. */
  stepFlags: number = ALL_STEP_FLAGS;
  /** The guest runs, as far as the debugger knows: it is to be told when it stops. */
  resumed = false;

  /** @param send sends a packet with this data */
  constructor(context: Context, send: (data: string) => void) {
    this.context = context;
    this.send = send;
  }

  get machine(): Machine {
    return this.context.machine;
  }

  /** The vCPU whose registers are asked for. */
  get current(): Vcpu {
    return this.machine.vcpus[this.vcpu]!;
  }

  /** See `parseThread`. */
  thread(text: string): number | 'all' | 'any' {
    return parseThread(text, this.machine.vcpus.length);
  }

  showThread(vcpu: number): string {
    return formatThread(vcpu, this.multiprocess);
  }

  /** Lets the machine know of the points. */
  applyPoints(): Promise<void> {
    return this.machine.debug.setPoints(this.points.all);
  }

  async clearPoints(): Promise<void> {
    this.points.clear();
    await this.applyPoints();
  }

  /** Why the machine stands. From here on the debugger looks at the vCPU that has stopped it. */
  stopReply(): string {
    const { runState, debug } = this.machine;
    const { stop } = debug;
    if (stop) this.vcpu = stop.vcpu;
    this.stepped = this.vcpu;
    const signal =
      runState === 'paused' ? SIGNAL.interrupt : runState === 'internal-error' ? SIGNAL.abort : SIGNAL.trap;
    if (stop?.reason !== 'watchpoint') return this.#signalled(signal);
    const kind = { write: 'watch', read: 'rwatch', access: 'awatch' }[stop.watchpoint.kind];
    return `${this.#signalled(signal)}${kind}:${stop.address.toString(16)};`;
  }

  /** That the machine stands, to who asks. */
  haltReply(): string {
    return this.machine.runState === 'shutdown' ? this.exitReply(0) : this.#signalled(SIGNAL.trap);
  }

  #signalled(signal: number): string {
    return `T${signal.toString(16).padStart(2, '0')}thread:${this.showThread(this.vcpu)};`;
  }

  /** The machine has ended. */
  exitReply(exitCode: number): string {
    const code = (exitCode & 0xff).toString(16).padStart(2, '0');
    return `W${code}${this.multiprocess ? ';process:1' : ''}`;
  }
}
