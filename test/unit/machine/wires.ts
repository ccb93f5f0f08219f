/** A board whose lines into the harts are watched, with a clock that the test moves. */

import type { Finish } from '../../../core/devices/test-sifive.ts';
import { type Equipment, equip } from '../../../core/machine/equipment.ts';
import { attachDevices, type Board } from '../../../core/machine/virt.ts';
import { type Layout, layoutOf } from '../../../core/memory/layout.ts';

export const RAM_BYTES = 4 << 20;

/** A board without anything that has to be asked for. */
export const bare: Equipment = await equip({});

export interface WatchedBoard extends Board {
  /** `hart.bit` of each line that is high. */
  readonly high: Set<string>;
  readonly finishes: Finish[];
  readonly reports: string[];
  readonly host: {
    now: bigint;
    timeOfDay: bigint;
    kicks: number;
    flashKicks: number[];
    virtioKick: (slot: number) => void;
  };
  readonly ram: Uint8Array;
  /** All of the shared memory. */
  readonly memory: Uint8Array;
  readonly layout: Layout;
}

/** A board after reset, its clock standing. */
export function watchedBoard(harts: number, fitted: Partial<Equipment> = {}): WatchedBoard {
  const layout = layoutOf(harts, RAM_BYTES);
  const buffer = new SharedArrayBuffer(layout.ram + RAM_BYTES);
  const high = new Set<string>();
  const finishes: Finish[] = [];
  const reports: string[] = [];
  const host: WatchedBoard['host'] = {
    now: 5_000_000_000n,
    timeOfDay: 1_700_000_000_000_000_000n,
    kicks: 0,
    flashKicks: [],
    virtioKick: () => {},
  };
  const board = attachDevices(buffer, layout, {
    equipment: { ...bare, ...fitted },
    hostNow: () => host.now,
    timeOfDay: () => host.timeOfDay,
    raise: (hart, bit, level) => (level ? high.add(`${hart}.${bit}`) : high.delete(`${hart}.${bit}`)),
    finish: (finish) => finishes.push(finish),
    serialKick: () => host.kicks++,
    virtioKick: (slot) => host.virtioKick(slot),
    flashKick: (bank) => host.flashKicks.push(bank),
    storeInPage: (_, store) => store(),
    report: (sentence) => reports.push(sentence),
  });
  board.reset();
  const memory = new Uint8Array(buffer);
  const ram = memory.subarray(layout.ram, layout.ram + RAM_BYTES);
  return { ...board, high, finishes, reports, host, ram, memory, layout };
}
