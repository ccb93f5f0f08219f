/** The translator's thread: compiles the regions that vCPUs ask for, off their time. It touches no guest state. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { demandAttention } from '../../hart/lines.ts';
import { ATTENTION } from '../../hart/state.ts';
import { layoutOf } from '../../memory/layout.ts';
import type { MemoryRegion } from '../../memory/physical.ts';
import { createGuestInterpreter } from '../handlers.ts';
import { RegionCompiler } from './compiler.ts';
import type { TranslatorAnswer, TranslatorRequest } from './translator.ts';

/** What the worker is started with. */
export interface TranslatorWorkerData {
  readonly buffer: SharedArrayBuffer;
  readonly vcpus: number;
  readonly ramBytes: number;
  /** Guest RAM. */
  readonly ram: MemoryRegion;
}

/** What main sends: a vCPU's thread is at the other end of the port. */
export interface TranslatorClient {
  readonly vcpu: number;
  readonly port: MessagePort;
}

const { buffer, vcpus, ramBytes, ram } = workerData as TranslatorWorkerData;
const layout = layoutOf(vcpus, ramBytes);
const compiler = new RegionCompiler(layout, createGuestInterpreter(layout.wasmPages).floats, ram);

function answer({ number, blueprint }: TranslatorRequest): TranslatorAnswer {
  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) * 1000;
  try {
    return { number, region: compiler.compile(blueprint), microseconds: elapsed() };
  } catch (error) {
    parentPort!.postMessage(error);
    return { number, region: undefined, microseconds: elapsed() };
  }
}

parentPort!.on('message', ({ vcpu, port }: TranslatorClient) => {
  port.on('message', (request: TranslatorRequest) => {
    port.postMessage(answer(request));
    demandAttention(buffer, layout, vcpu, ATTENTION.translated);
  });
});
