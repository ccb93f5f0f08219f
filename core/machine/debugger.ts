/**
 * Main's side of a debugger. Points are told to the vCPUs when the machine runs on, and only if they have changed: a
 * debugger that takes all away at each stop, and sets the same again before it goes on, costs nothing by that.
 *
 * Several vCPUs may find a reason to stop before all have been stopped. One is told; of the others, accesses that were
 * watched are told when the machine is to go on, and breakpoints show again by themselves.
 */
import type { DebugPoints, Start } from '../hart/debugger.ts';
import type { Request } from '../hart/protocol.ts';
import type { Debugging, DebugStop, Pace } from './interface.ts';

export interface DebuggerHost {
  /** Asks every vCPU, all at once. */
  askAll(request: Request): Promise<unknown>;
  ask(vcpu: number, request: Request): Promise<unknown>;
  isRunning(): boolean;
  resume(paces: readonly Pace[]): Promise<void>;
  pc(vcpu: number): bigint;
}

const NO_POINTS: DebugPoints = { breakpoints: [], watchpoints: [] };

const keyOf = ({ breakpoints, watchpoints }: DebugPoints): string =>
  [
    ...breakpoints.toSorted(),
    '',
    ...watchpoints.map(({ kind, address, bytes }) => `${kind} ${address} ${bytes}`).sort(),
  ].join();

export class Debugger implements Debugging {
  readonly #host: DebuggerHost;
  #points = NO_POINTS;
  /** What the vCPUs know of. */
  #told = NO_POINTS;
  /** Stops that nobody has been told of yet. */
  #arrived: DebugStop[] = [];
  #stop: { readonly stop: DebugStop; readonly pc: bigint } | undefined;

  constructor(host: DebuggerHost) {
    this.#host = host;
  }

  get stop(): DebugStop | undefined {
    return this.#host.isRunning() ? undefined : this.#stop?.stop;
  }

  async setPoints(points: DebugPoints): Promise<void> {
    this.#points = points;
    if (this.#host.isRunning()) await this.inform();
  }

  resume(paces: readonly Pace[]): Promise<void> {
    return this.#host.resume(paces);
  }

  async writeRegister(vcpu: number, name: string, value: bigint): Promise<boolean> {
    return (await this.#host.ask(vcpu, { type: 'write-register', name, value })) as boolean;
  }

  /** Tells the vCPUs of points that they do not know of. */
  async inform(): Promise<void> {
    const points = this.#points;
    if (keyOf(points) === keyOf(this.#told)) return;
    this.#told = points;
    await this.#host.askAll({ type: 'set-points', points });
  }

  /** Tells a vCPU that knows of nothing. */
  async restore(ask: (request: Request) => Promise<unknown>): Promise<void> {
    if (this.#told !== NO_POINTS) await ask({ type: 'set-points', points: this.#told });
  }

  /** Starts every vCPU at its pace. */
  async start(paces: readonly Pace[]): Promise<void> {
    const starts = paces.map((pace, vcpu): Start | 'stay' =>
      pace === 'run' && this.#standsAtBreakpoint(vcpu) ? 'pass' : pace,
    );
    this.forgetStops();
    await Promise.all(
      starts.map((start, vcpu) => (start === 'stay' ? undefined : this.#host.ask(vcpu, { type: 'resume', start }))),
    );
  }

  /** The machine has been stopped by a breakpoint at which the vCPU still is. */
  #standsAtBreakpoint(vcpu: number): boolean {
    if (this.#stop === undefined) return false;
    const { stop, pc } = this.#stop;
    return stop.reason === 'breakpoint' && stop.vcpu === vcpu && this.#host.pc(vcpu) === pc;
  }

  /** A vCPU has stopped. */
  arrived(stop: DebugStop): void {
    this.#arrived.push(stop);
  }

  /** Something has stopped a vCPU that nobody has been told of yet. */
  get hasArrived(): boolean {
    return this.#arrived.length > 0;
  }

  /** There is something to tell before any vCPU goes on. */
  get isDue(): boolean {
    const { watchpoints } = this.#points;
    this.#arrived = this.#arrived.filter(
      (stop) =>
        stop.reason === 'watchpoint' &&
        watchpoints.some(
          ({ kind, address, bytes }) =>
            kind === stop.watchpoint.kind && address === stop.watchpoint.address && bytes === stop.watchpoint.bytes,
        ),
    );
    return this.#arrived.length > 0;
  }

  /** Makes the first stop that has arrived the one to tell. @returns false where there is none */
  takeStop(): boolean {
    const stop = this.#arrived.shift();
    if (stop) this.#stop = { stop, pc: this.#host.pc(stop.vcpu) };
    return stop !== undefined;
  }

  forgetStops(): void {
    this.#arrived = [];
    this.#stop = undefined;
  }
}
