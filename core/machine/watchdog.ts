/** Looks now and then whether a plugin's code has been at the same call for too long: see `hart/custody`. */
import { Custody } from '../hart/custody.ts';
import type { Layout } from '../memory/layout.ts';

/** Times that code of a plugin is looked at before patience is at an end. */
const LOOKS = 5;

export class Watchdog {
  readonly #custodies: readonly Custody[];
  readonly #timer: NodeJS.Timeout;

  /**
   * @param patienceMs milliseconds for which code of a plugin may run
   * @param replace has another thread go on for that of a vCPU, which stays in plugin number `plugin`
   */
  constructor(
    buffer: SharedArrayBuffer,
    layout: Layout,
    patienceMs: number,
    replace: (vcpu: number, plugin: number, message: string) => Promise<void>,
  ) {
    this.#custodies = layout.vcpus.map((_, index) => new Custody(buffer, layout, index));
    const message = `it has not returned within ${patienceMs / 1000} seconds`;
    const end = async (vcpu: number, custody: Custody): Promise<void> => {
      const { running } = custody;
      if (await custody.condemn()) await replace(vcpu, running, message);
    };
    this.#timer = setInterval(() => {
      // Where no other thread can be started, the machine has been told that the vCPU is dead.
      for (const [vcpu, custody] of this.#custodies.entries())
        if (custody.look() > LOOKS) end(vcpu, custody).catch(() => {});
    }, patienceMs / LOOKS).unref();
  }

  /** Number of the plugin whose code runs on a vCPU now; 0 where none does. */
  running(vcpu: number): number {
    return this.#custodies[vcpu]!.running;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
