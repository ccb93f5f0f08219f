/**
 * Who makes regions for a vCPU: the translator's thread, or the vCPU's own where there is no other, as in tests.
 */
import type { MessagePort } from 'node:worker_threads';
import { receiveMessageOnPort } from 'node:worker_threads';
import type { Blueprint } from './blueprint.ts';
import type { RegionCompiler, TranslatedRegion } from './compiler.ts';

export interface TranslatorRequest {
  readonly number: number;
  readonly blueprint: Blueprint;
}

export interface TranslatorAnswer {
  readonly number: number;
  /** Undefined where no code could be made: a defect, which the translator has reported. */
  readonly region: TranslatedRegion | undefined;
  /** What it took. */
  readonly microseconds: number;
}

export interface Translator {
  /** Asks for a region. @returns undefined where nothing more can be taken now */
  request(blueprint: Blueprint): number | undefined;
  /** Regions that have been made since the last call. */
  take(): readonly TranslatorAnswer[];
}

/** Makes regions at once, on this thread. */
export class LocalTranslator implements Translator {
  readonly #compiler: RegionCompiler;
  #number = 0;
  #answers: TranslatorAnswer[] = [];

  constructor(compiler: RegionCompiler) {
    this.#compiler = compiler;
  }

  request(blueprint: Blueprint): number {
    const started = performance.now();
    const region = this.#compiler.compile(blueprint);
    const number = this.#number++;
    this.#answers.push({ number, region, microseconds: (performance.now() - started) * 1000 });
    return number;
  }

  take(): readonly TranslatorAnswer[] {
    return this.#answers.splice(0);
  }
}

/** Requests that may wait for a translator; more would only be out of date when their turn comes. */
const WAITING_MAX = 32;

/** Has regions made on the thread at the other end of a port, which says by attention that there is an answer. */
export class RemoteTranslator implements Translator {
  readonly #port: MessagePort;
  #number = 0;
  #waiting = 0;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  request(blueprint: Blueprint): number | undefined {
    if (this.#waiting === WAITING_MAX) return undefined;
    this.#waiting++;
    const number = this.#number++;
    this.#port.postMessage({ number, blueprint } satisfies TranslatorRequest);
    return number;
  }

  take(): readonly TranslatorAnswer[] {
    const answers: TranslatorAnswer[] = [];
    for (let next = receiveMessageOnPort(this.#port); next; next = receiveMessageOnPort(this.#port))
      answers.push(next.message as TranslatorAnswer);
    this.#waiting -= answers.length;
    return answers;
  }
}
