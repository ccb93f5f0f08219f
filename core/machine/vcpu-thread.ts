/** Main's end of a vCPU's worker: starts it, sends it requests and waits for the answers, hands on what it says. */
import { Worker } from 'node:worker_threads';
import { demandAttention } from '../hart/lines.ts';
import type { Message, NumberedRequest, Request, WorkerStart } from '../hart/protocol.ts';
import { ATTENTION, VcpuState } from '../hart/state.ts';
import { type Layout, layoutOf } from '../memory/layout.ts';
import type { View } from '../memory/struct.ts';

/** What a worker says of its own accord. */
export type Announcement = Exclude<Message, { readonly type: 'answer' | 'ready' }>;

export interface VcpuThreadEvents {
  announced(vcpu: number, message: Announcement): void;
  /** The thread is gone, and has not been asked to go. @returns whether it will be replaced */
  died(vcpu: number, error: Error): boolean;
}

interface Waiting {
  readonly request: Request;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Requests that a new thread serves from the beginning if the old one was ended in them. */
const REPEATABLE: readonly Request['type'][] = ['reset', 'restored', 'exit'];

export class VcpuThread {
  readonly index: number;
  readonly #start: () => WorkerStart;
  readonly #events: VcpuThreadEvents;
  readonly #buffer: SharedArrayBuffer;
  readonly #layout: Layout;
  readonly #state: View<typeof VcpuState.fields>;
  /** Unanswered requests, in order. */
  readonly #waiting = new Map<number, Waiting>();
  readonly #gone = Promise.withResolvers<void>();
  #worker: Worker | undefined;
  #ready = Promise.withResolvers<void>();
  #number = 0;
  #exiting = false;
  /** Another thread is being put in its place: requests wait. */
  #replacing = false;
  /** Why there is no thread any more. */
  #end: Error | undefined;

  /** @param start makes what a thread is started with, each time anew */
  constructor(start: () => WorkerStart, events: VcpuThreadEvents) {
    this.#start = start;
    this.#events = events;
    const first = start();
    this.index = first.index;
    this.#buffer = first.memory.buffer;
    this.#layout = layoutOf(first.vcpus, first.ramBytes);
    this.#state = VcpuState.view(this.#buffer, this.#layout.vcpus[this.index]!.state);
    this.#launch(first);
  }

  #launch(start: WorkerStart): void {
    const worker = new Worker(new URL('../hart/worker.ts', import.meta.url), {
      workerData: start,
      transferList: [start.translator],
      name: `vCPU ${start.index}`,
    });
    this.#worker = worker;
    worker.on('message', (message: Message) => {
      if (message.type === 'ready') this.#ready.resolve();
      else if (message.type === 'answer') this.#answered(message);
      else this.#events.announced(this.index, message);
    });
    let thrown: Error | undefined;
    worker.on('error', (error: Error) => {
      thrown = error;
    });
    worker.on('exit', () => {
      if (this.#worker === worker) this.#ended(thrown ?? new Error(`the thread of vCPU ${this.index} has ended`));
    });
  }

  #ended(error: Error): void {
    if (!this.#exiting && this.#events.died(this.index, error)) return;
    this.#end = error;
    this.#ready.reject(error);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#gone.resolve();
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

  #post(number: number, request: Request): void {
    this.#worker?.postMessage({ number, request } satisfies NumberedRequest);
    demandAttention(this.#buffer, this.#layout, this.index, ATTENTION.message);
  }

  #ask(request: Request, now: boolean): Promise<unknown> {
    if (this.#end) return Promise.reject(this.#end);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const number = this.#number++;
    this.#waiting.set(number, { request, resolve, reject });
    if (now) this.#post(number, request);
    return promise;
  }

  /** Has the vCPU do something between two blocks. @throws Error what it answered, or that it is gone */
  ask(request: Request): Promise<unknown> {
    return this.#ask(request, !this.#replacing);
  }

  /**
   * Ends the thread, which is condemned to stay in a plugin (see `hart/custody`) or has ended there, and has another one
   * go on from there.
   * The request in which it was fails with `message`, or has it as the answer where a plugin is taken off.
   * @param restore gives the new thread what it is to know before it serves what has been asked for meanwhile
   */
  async replace(
    message: string,
    restore: (ask: (request: Request) => Promise<unknown>) => Promise<void>,
  ): Promise<void> {
    this.#replacing = true;
    const old = this.#worker;
    this.#worker = undefined;
    await old?.terminate();
    const serving = this.#state.serving - 1;
    this.#state.serving = 0;
    this.#ready = Promise.withResolvers();
    this.#launch({ ...this.#start(), takesOver: true });
    await this.ready;
    const ask = (request: Request): Promise<unknown> => this.#ask(request, true);
    await restore(ask);
    if (this.#state.parked === 0) await ask({ type: 'resume', start: 'run' });
    this.#replacing = false;
    for (const [number, { request, resolve, reject }] of [...this.#waiting]) {
      if (number !== serving || REPEATABLE.includes(request.type)) {
        this.#post(number, request);
        continue;
      }
      this.#waiting.delete(number);
      if (request.type === 'remove') resolve(message);
      else reject(new Error(message));
    }
  }

  /** Ends the thread. Resolves when it is gone. */
  async end(): Promise<void> {
    this.#exiting = true;
    this.ask({ type: 'exit' }).catch(() => {});
    const patience = setTimeout(() => void this.#worker?.terminate(), END_MS);
    await this.#gone.promise;
    clearTimeout(patience);
  }
}

/** Milliseconds after which a thread that does not end by itself is ended. */
const END_MS = 2000;
