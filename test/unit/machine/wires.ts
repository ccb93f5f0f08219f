/** A board whose lines into the harts are watched, with a clock that the test moves. */

import type { Finish } from '../../../core/devices/test-sifive.ts';
import { attachDevices, type Board } from '../../../core/machine/virt.ts';
import { layoutOf } from '../../../core/memory/layout.ts';

export const RAM_BYTES = 1 << 20;

export interface WatchedBoard extends Board {
  /** `hart.bit` of each line that is high. */
  readonly high: Set<string>;
  readonly finishes: Finish[];
  readonly reports: string[];
  readonly host: { now: bigint; kicks: number };
}

/** A board after reset, its clock standing. */
export function watchedBoard(harts: number): WatchedBoard {
  const layout = layoutOf(harts, RAM_BYTES);
  const buffer = new SharedArrayBuffer(layout.devicesEnd);
  const high = new Set<string>();
  const finishes: Finish[] = [];
  const reports: string[] = [];
  const host = { now: 5_000_000_000n, kicks: 0 };
  const board = attachDevices(buffer, layout, {
    hostNow: () => host.now,
    raise: (hart, bit, level) => (level ? high.add(`${hart}.${bit}`) : high.delete(`${hart}.${bit}`)),
    finish: (finish) => finishes.push(finish),
    serialKick: () => host.kicks++,
    report: (sentence) => reports.push(sentence),
  });
  board.reset();
  return { ...board, high, finishes, reports, host };
}
