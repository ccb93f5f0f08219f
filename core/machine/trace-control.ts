/** Switches trace events on every vCPU. */
import type { Request } from '../hart/protocol.ts';
import { TRACE_EVENTS } from '../plugin/trace-events.ts';
import type { TraceEvent, TraceEvents } from './interface.ts';

export class TraceControl implements TraceEvents {
  readonly #askAll: (request: Request) => Promise<unknown>;
  readonly #enabled = new Set<string>();

  constructor(askAll: (request: Request) => Promise<unknown>) {
    this.#askAll = askAll;
  }

  get all(): readonly TraceEvent[] {
    return TRACE_EVENTS.map(({ name, doc }) => ({ name, doc, enabled: this.#enabled.has(name) }));
  }

  /** Switches what is on in a vCPU that does not know. */
  async restore(ask: (request: Request) => Promise<unknown>): Promise<void> {
    if (this.#enabled.size > 0) await ask({ type: 'trace', names: [...this.#enabled], enabled: true });
  }

  async set(names: readonly string[], enabled: boolean): Promise<void> {
    for (const name of names) {
      if (enabled) this.#enabled.add(name);
      else this.#enabled.delete(name);
    }
    if (names.length > 0) await this.#askAll({ type: 'trace', names, enabled });
  }
}
