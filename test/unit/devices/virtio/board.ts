/** Our board with virtio devices and their services at work, as a driver reaches it. */
import type { VirtioDevice } from '../../../../core/devices/virtio/device.ts';
import { type BackEnds, connectBackEnds } from '../../../../core/machine/back-ends.ts';
import { equip } from '../../../../core/machine/equipment.ts';
import type { DrivenBoard } from '../../../support/virtio-driver.ts';
import { type WatchedBoard, watchedBoard } from '../../machine/wires.ts';

/** Where QEMU puts the first device of a board. */
export const LAST_SLOT = 7;
const DRAM = 0x8000_0000;

export interface VirtioBoard extends DrivenBoard {
  readonly board: WatchedBoard;
  readonly backEnds: BackEnds;
  /** What the host's side has reported. */
  readonly complaints: string[];
}

/** A running board with `device` in its last slot. As in a machine, main hears of a notification only later. */
export async function virtioBoard(device: VirtioDevice): Promise<VirtioBoard> {
  const fitting = { virtio: [...Array.from({ length: LAST_SLOT }, () => undefined), device] };
  const equipment = await equip(fitting);
  const board = watchedBoard(1, equipment);
  const complaints: string[] = [];
  const backEnds = connectBackEnds(board, equipment, fitting, (sentence) => complaints.push(sentence));
  board.host.virtioKick = (slot) => setImmediate(() => backEnds.virtioKick(slot));
  await backEnds.setRunning(true);
  return {
    board,
    backEnds,
    complaints,
    async read(address, bytes) {
      return board.bus.read(address, bytes)!;
    },
    async write(address, bytes, value) {
      board.bus.write(address, bytes, value);
    },
    readMemory: async (address, bytes) => board.ram.slice(address - DRAM, address - DRAM + bytes),
    async writeMemory(address, bytes) {
      board.ram.set(bytes, address - DRAM);
    },
  };
}
