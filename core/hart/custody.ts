/**
 * Plugins that do not return. JavaScript cannot be interrupted, but a thread can be ended; and all of the guest is in the
 * shared memory. So main looks now and then whether plugin code is still at what it was at; ends the thread if it has
 * been there for too long; and has another one go on behind the call.
 *
 * A thread must not be ended at any other place: it may hold a lock. So main first *condemns* it: from then on the thread
 * goes no further than out of the plugin. Then main looks once more whether it is still in there.
 */
import type { Layout } from '../memory/layout.ts';
import type { Watch } from '../plugin/watch.ts';
import { PENDING_MAX } from './outbox.ts';
import { VcpuState } from './state.ts';

/** Milliseconds after which a store of another thread has certainly been seen. */
const SETTLE_MS = 50;

interface Words {
  /** Number of the plugin whose code runs on the vCPU; 0 where none does. */
  readonly running: Int32Array;
  /** Counts the calls of plugins. */
  readonly calls: Int32Array;
  /** 1 from when the thread is condemned. */
  readonly condemned: Int32Array;
  /** Characters of text on their way to main. */
  readonly pending: Int32Array;
}

function wordsOf(buffer: SharedArrayBuffer, layout: Layout, vcpu: number): Words {
  const { state } = layout.vcpus[vcpu]!;
  const word = (name: 'pluginRunning' | 'pluginCalls' | 'condemned' | 'textPending'): Int32Array =>
    new Int32Array(buffer, state + VcpuState.offset[name], 1);
  return {
    running: word('pluginRunning'),
    calls: word('pluginCalls'),
    condemned: word('condemned'),
    pending: word('textPending'),
  };
}

/** The vCPU's side. */
export class PluginWatch implements Watch {
  readonly #words: Words;

  /** For a thread that begins. */
  constructor(buffer: SharedArrayBuffer, layout: Layout, vcpu: number) {
    this.#words = wordsOf(buffer, layout, vcpu);
    this.#words.running[0] = 0;
    this.#words.condemned[0] = 0;
  }

  enter(plugin: number): void {
    this.#words.calls[0]!++;
    this.#words.running[0] = plugin;
  }

  leave(): void {
    const { running, condemned } = this.#words;
    running[0] = 0;
    if (condemned[0] !== 0) Atomics.wait(condemned, 0, 1);
  }
}

/** Main's side, for one vCPU. */
export class Custody {
  readonly #words: Words;
  #calls = 0;
  #looks = 0;
  /** The thread is condemned, and no other one has taken its place yet. */
  #condemned = false;

  constructor(buffer: SharedArrayBuffer, layout: Layout, vcpu: number) {
    this.#words = wordsOf(buffer, layout, vcpu);
  }

  /** Number of the plugin that runs now; 0 where none does. */
  get running(): number {
    return Atomics.load(this.#words.running, 0);
  }

  /** To be called at regular intervals. @returns how many calls in a row have found the same call of a plugin */
  look(): number {
    const calls = Atomics.load(this.#words.calls, 0);
    const { running } = this;
    const same = running !== 0 && calls === this.#calls;
    if (!same) this.#condemned = false;
    // A plugin that writes more than main can take waits for main.
    const waits = Atomics.load(this.#words.pending, 0) > PENDING_MAX;
    this.#looks = same && !waits && !this.#condemned ? this.#looks + 1 : 0;
    this.#calls = calls;
    return this.#looks;
  }

  /**
   * Has the thread go no further than out of the call that `look` has found.
   * @returns false where it has come back meanwhile: it goes on
   */
  async condemn(): Promise<boolean> {
    const { calls, condemned } = this.#words;
    this.#condemned = true;
    Atomics.store(condemned, 0, 1);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    if (this.running !== 0 && Atomics.load(calls, 0) === this.#calls) return true;
    this.#condemned = false;
    Atomics.store(condemned, 0, 0);
    Atomics.notify(condemned, 0);
    return false;
  }
}
