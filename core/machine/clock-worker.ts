/** The clock worker's thread: sleeps until the next guest timer is due and raises it, until the clock is ended. */
import { workerData } from 'node:worker_threads';
import { setInterruptLine } from '../hart/lines.ts';
import { layoutOf } from '../memory/layout.ts';
import { timeOfDay } from './clock.ts';
import type { Equipment } from './equipment.ts';
import { attachDevices } from './virt.ts';

/** What the worker is started with. */
export interface ClockWorkerData {
  readonly buffer: SharedArrayBuffer;
  readonly vcpus: number;
  readonly ramBytes: number;
  readonly equipment: Equipment;
}

const { buffer, vcpus, ramBytes, equipment } = workerData as ClockWorkerData;
const layout = layoutOf(vcpus, ramBytes);
const board = attachDevices(buffer, layout, {
  equipment,
  hostNow: process.hrtime.bigint,
  timeOfDay,
  raise: (hart, bit, level) => setInterruptLine(buffer, layout, hart, bit, level),
  // What a timer sets in motion ends at a hart.
  finish: () => {},
  serialKick: () => {},
  virtioKick: () => {},
  flashKick: () => {},
  storeInPage: (_, store) => store(),
  report: () => {},
});
board.clock.watch(board.expireTimers);
