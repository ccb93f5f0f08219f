/** Where a machine remembers: its memory, the contents of its flash, its disks. */
import { HART_STATE_OFFSET } from '../../hart/state.ts';
import { type Layout, MachineState, ROM_BYTES } from '../../memory/layout.ts';
import { HartState } from '../../riscv/state.ts';
import type { Equipment, Fitting } from '../equipment.ts';
import type { Board, StateArea } from '../virt.ts';
import { PIECE_BYTES, type Section } from './snapshot.ts';

/** What there is in a section, and how to change it. Sizes and offsets are multiples of 8. */
export interface Store extends Section {
  /** Lies in memory: what `read` returns changes with it. */
  readonly inMemory: boolean;
  read(offset: number, bytes: number): Uint8Array | Promise<Uint8Array>;
  write(offset: number, bytes: Uint8Array): void | Promise<void>;
}

export interface StoreParts {
  readonly buffer: SharedArrayBuffer;
  readonly layout: Layout;
  readonly board: Board;
  readonly equipment: Equipment;
  readonly fitting: Fitting;
}

/** Contents that mean nothing to the machine. */
const PLAIN = 'bytes';

/**
 * Clock, harts and devices. They hang together by interrupt lines, which timers and the host may drive while the machine
 * stands still: so they are read and written as a whole, in one step to all others.
 */
function stateOf({ buffer, layout, board }: StoreParts): Store {
  const areas: readonly StateArea[] = [
    { name: 'clock', form: 'nanoseconds:u64', start: layout.machine + MachineState.offset.clockStoppedAt, bytes: 8 },
    ...layout.vcpus.map(({ state }, index) => ({
      name: `hart ${index}`,
      form: HartState.form,
      start: state + HART_STATE_OFFSET,
      bytes: HartState.size,
    })),
    ...board.areas,
  ];
  const bytes = areas.reduce((sum, area) => sum + area.bytes, 0);
  if (bytes > PIECE_BYTES) throw new RangeError(`${bytes} bytes of state are more than a piece`);
  const places = areas.map((area) => new Uint8Array(buffer, area.start, area.bytes));
  return {
    name: 'state',
    form: areas.map(({ name, form }) => `${name} { ${form} }`).join('\n'),
    bytes,
    inMemory: true,
    read: () => board.whileStill(() => Uint8Array.from(places.flatMap((place) => [...place]))),
    write: (_, all) =>
      board.whileStill(() => {
        let from = 0;
        for (const place of places) {
          place.set(all.subarray(from, from + place.length));
          from += place.length;
        }
      }),
  };
}

/**
 * Everything that a stopped machine remembers, while its vCPUs are parked and its services work on nothing. What can be
 * made from it again is not in it: translated code, TLBs. Counters of plugins are not the guest's. Disks come first, as
 * they may fail.
 */
export function storesOf(parts: StoreParts): readonly Store[] {
  const { buffer, layout, board, equipment, fitting } = parts;
  const memory = (name: string, start: number, bytes: number): Store => {
    const all = new Uint8Array(buffer, start, bytes);
    return {
      name,
      form: PLAIN,
      bytes,
      inMemory: true,
      read: (offset, bytes) => all.subarray(offset, offset + bytes),
      write: (offset, bytes) => all.set(bytes, offset),
    };
  };
  const disks = (fitting.virtio ?? []).flatMap((device, slot): Store[] => {
    const disk = device?.disk;
    if (!disk || disk.readOnly) return [];
    return [
      {
        name: `disk in virtio slot ${slot}`,
        form: PLAIN,
        bytes: disk.bytes,
        inMemory: false,
        read: (offset, bytes) => disk.read(offset, bytes),
        write: (offset, bytes) => disk.write(offset, bytes),
      },
    ];
  });
  // Behind the state of their devices, which also says what of them the host has yet to be told.
  const flash = equipment.flash.map(({ contents }, bank): Store => {
    const all = new Uint8Array(contents);
    return {
      name: `flash bank ${bank}`,
      form: PLAIN,
      bytes: all.length,
      inMemory: true,
      read: (offset, bytes) => all.subarray(offset, offset + bytes),
      write: (offset, bytes) => board.flash[bank]!.replace(offset, bytes),
    };
  });
  return [
    ...disks,
    stateOf(parts),
    ...flash,
    memory('ROM', layout.rom, ROM_BYTES),
    memory('RAM', layout.ram, layout.ramBytes),
  ];
}
