/** Main's end of a vCPU's worker: starts it, sends it requests and waits for the answers, hands on what it says. */
import { Worker } from 'node:worker_threads';
import { demandAttention } from '../hart/lines.ts';
import type { Message, NumberedRequest, Request, WorkerStart } from '../hart/protocol.ts';
import { ATTENTION } from '../hart/state.ts';
import { type Layout, layoutOf } from '../memory/layout.ts';

/** What a worker says of its own accord. */
export type Announcement = Exclude<Message, { readonly type: 'answer' | 'ready' }>;

export interface VcpuThreadEvents {
  announced(vcpu: number, message: Announcement): void;
  /** The thread is gone, and has not been asked to go. */
  died(vcpu: number, error: Error): void;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export class VcpuThread {
  readonly index: number;
  readonly #worker: Worker;
  readonly #buffer: SharedArrayBuffer;
  readonly #layout: Layout;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ready = Promise.withResolvers<void>();
  readonly #gone = Promise.withResolvers<void>();
  #number = 0;
  #exiting = false;
  /** Why there is no thread any more. */
  #end: Error | undefined;

  constructor(start: WorkerStart, events: VcpuThreadEvents) {
    this.index = start.index;
    this.#buffer = start.memory.buffer;
    this.#layout = layoutOf(start.vcpus, start.ramBytes);
    this.#worker = new Worker(new URL('../hart/worker.ts', import.meta.url), {
      workerData: start,
      transferList: [start.translator],
      name: `vCPU ${start.index}`,
    });
    this.#worker.on('message', (message: Message) => {
      if (message.type === 'ready') this.#ready.resolve();
      else if (message.type === 'answer') this.#answered(message);
      else events.announced(this.index, message);
    });
    let thrown: Error | undefined;
    this.#worker.on('error', (error: Error) => {
      thrown = error;
    });
    this.#worker.on('exit', () => {
      const error = thrown ?? new Error(`the thread of vCPU ${this.index} has ended`);
      this.#end = error;
      this.#ready.reject(error);
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
      this.#gone.resolve();
      if (!this.#exiting) events.died(this.index, error);
    });
  }

  /** Resolves when the worker serves requests. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  #answered({ number, value, error }: Extract<Message, { readonly type: 'answer' }>): void {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(error));
  }

  /** Has the vCPU do something between two blocks. @throws Error what it answered, or that it is gone */
  ask(request: Request): Promise<unknown> {
    if (this.#end) return Promise.reject(this.#end);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const number = this.#number++;
    this.#waiting.set(number, { resolve, reject });
    this.#worker.postMessage({ number, request } satisfies NumberedRequest);
    demandAttention(this.#buffer, this.#layout, this.index, ATTENTION.message);
    return promise;
  }

  /** Ends the thread. Resolves when it is gone. */
  async end(): Promise<void> {
    this.#exiting = true;
    this.ask({ type: 'exit' }).catch(() => {});
    const patience = setTimeout(() => void this.#worker.terminate(), END_MS);
    await this.#gone.promise;
    clearTimeout(patience);
  }
}

/** Milliseconds after which a thread that does not end by itself is ended. */
const END_MS = 2000;
