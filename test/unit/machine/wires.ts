/** A board whose lines into the harts are watched, with a clock that the test moves. */

import type { Finish } from '../../../core/devices/test-sifive.ts';
import { bareEquipment, type Equipment } from '../../../core/machine/equipment.ts';
import { attachDevices, type Board } from '../../../core/machine/virt.ts';
import { layoutOf } from '../../../core/memory/layout.ts';

export const RAM_BYTES = 1 << 20;

export interface WatchedBoard extends Board {
  /** `hart.bit` of each line that is high. */
  readonly high: Set<string>;
  readonly finishes: Finish[];
  readonly reports: string[];
  readonly host: { now: bigint; timeOfDay: bigint; kicks: number; flashKicks: number[] };
  readonly ram: Uint8Array;
}

/** A board after reset, its clock standing. */
export function watchedBoard(harts: number, fitted: Partial<Equipment> = {}): WatchedBoard {
  const layout = layoutOf(harts, RAM_BYTES);
  const buffer = new SharedArrayBuffer(layout.ram + RAM_BYTES);
  const high = new Set<string>();
  const finishes: Finish[] = [];
  const reports: string[] = [];
  const host = { now: 5_000_000_000n, timeOfDay: 1_700_000_000_000_000_000n, kicks: 0, flashKicks: [] as number[] };
  const board = attachDevices(buffer, layout, {
    equipment: { ...bareEquipment(), ...fitted },
    hostNow: () => host.now,
    timeOfDay: () => host.timeOfDay,
    raise: (hart, bit, level) => (level ? high.add(`${hart}.${bit}`) : high.delete(`${hart}.${bit}`)),
    finish: (finish) => finishes.push(finish),
    serialKick: () => host.kicks++,
    flashKick: (bank) => host.flashKicks.push(bank),
    storeInPage: (_, store) => store(),
    report: (sentence) => reports.push(sentence),
  });
  board.reset();
  return { ...board, high, finishes, reports, host, ram: new Uint8Array(buffer, layout.ram, RAM_BYTES) };
}
