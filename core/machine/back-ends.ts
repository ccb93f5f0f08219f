/**
 * Main's side of a board's devices: services work on what the driver has put into the queues of virtio devices, and what
 * has changed in flash is written to where it came from.
 */
import type { BlockBackend } from '../devices/backends.ts';
import { once } from '../devices/device.ts';
import type { VirtioDevice, VirtioPort, VirtioService } from '../devices/virtio/device.ts';
import type { VirtioOperations } from '../devices/virtio/mmio.ts';
import type { Equipment, Fitting, FlashBank } from './equipment.ts';
import type { Board, FlashPort } from './virt.ts';

export interface BackEnds {
  /** To be called on main some time after `Wires.virtioKick`. */
  virtioKick(slot: number): void;
  /** To be called on main some time after `Wires.flashKick`. */
  flashKick(bank: number): void;
  /**
   * Lets services begin new requests, or stops that; in the beginning they do not. When a stop has resolved, nothing on
   * the host's side changes guest memory or raises a line until they run again.
   */
  setRunning(running: boolean): Promise<void>;
  /** Resolves when everything that has been taken is done and written. After `setRunning(false)`. */
  finished(): Promise<void>;
}

interface Served {
  readonly operations: VirtioOperations;
  readonly service: VirtioService;
  readonly queues: number;
}

/**
 * Connects the devices of a board to the host.
 * @param fitting what the equipment was made from
 * @param report takes a sentence about something that the host refused, once for each
 */
export function connectBackEnds(
  board: Board,
  equipment: Equipment,
  fitting: Fitting,
  report: (sentence: string) => void,
): BackEnds {
  const complain = once(report);
  let running = false;

  const served = (fitting.virtio ?? []).map((device, slot): Served | undefined => {
    const operations = board.virtio[slot];
    if (!device || !operations) return undefined;
    const service = device.connect(portOf(device, operations, () => running, complain));
    return { operations, service, queues: device.identity.queues };
  });

  const savers = (fitting.flash ?? []).map(
    (backend, bank) =>
      backend &&
      flashSaver(backend, board.flash[bank]!, equipment.flash[bank]!, (sentence) =>
        complain(`flash bank ${bank}: ${sentence}`),
      ),
  );

  function serve({ service, queues }: Served, bits: number): void {
    for (let queue = 0; queue < queues; queue++) if (bits & (1 << queue)) service.serve(queue);
  }

  return {
    virtioKick(slot) {
      const found = served[slot];
      if (found && running) serve(found, found.operations.takeNotified());
    },
    flashKick: (bank) => savers[bank]?.save(),
    async setRunning(value) {
      running = value;
      for (const found of served) {
        if (!found) continue;
        if (!running) await found.service.settled();
        else {
          found.operations.takeNotified();
          serve(found, ~0);
        }
      }
    },
    async finished() {
      await Promise.all(savers.map((saver) => saver?.finished()));
    },
  };
}

const portOf = (
  { identity }: VirtioDevice,
  operations: VirtioOperations,
  isRunning: () => boolean,
  report: (sentence: string) => void,
): VirtioPort => ({
  ...operations,
  identity,
  take: (queue) => (isRunning() ? operations.take(queue) : undefined),
  report: (sentence) => report(`${identity.name}: ${sentence}`),
});

interface FlashSaver {
  save(): void;
  finished(): Promise<void>;
}

/** Writes what changes in a flash bank to its file, one stretch after the other. */
function flashSaver(
  backend: BlockBackend,
  { takeChanged }: FlashPort,
  { contents }: FlashBank,
  report: (sentence: string) => void,
): FlashSaver {
  const bytes = new Uint8Array(contents);
  let saving: Promise<void> = Promise.resolve();

  const save = (): void => {
    saving = saving.then(async () => {
      const changed = takeChanged();
      if (changed) await backend.write(changed.start, bytes.slice(changed.start, changed.end));
    });
    saving = saving.catch((error: Error) => report(error.message));
  };
  return {
    save,
    async finished() {
      save();
      await saving;
      await backend.flush().catch((error: Error) => report(error.message));
    },
  };
}
