/** Where a machine remembers: its memory, the contents of its flash, its disks. */
import { HART_STATE_OFFSET } from '../../hart/state.ts';
import { type Layout, MachineState, ROM_BYTES } from '../../memory/layout.ts';
import { HartState } from '../../riscv/state.ts';
import type { Equipment, Fitting } from '../equipment.ts';
import type { Board } from '../virt.ts';
import type { Section } from './snapshot.ts';

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
 * Everything that a stopped machine remembers, while its vCPUs are parked and its services work on nothing. What can be
 * made from it again is not in it: translated code, TLBs. Counters of plugins are not the guest's. Disks come first, as
 * they may fail.
 */
export function storesOf({ buffer, layout, board, equipment, fitting }: StoreParts): readonly Store[] {
  const memory = (name: string, form: string, start: number, bytes: number): Store => {
    const all = new Uint8Array(buffer, start, bytes);
    return {
      name,
      form,
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
  const clock = layout.machine + MachineState.offset.clockStoppedAt;
  const harts = layout.vcpus.map(({ state }, index) =>
    memory(`hart ${index}`, HartState.form, state + HART_STATE_OFFSET, HartState.size),
  );
  const devices = board.areas
    .filter(({ bytes }) => bytes > 0)
    .map(({ name, form, start, bytes }) => memory(name, form, start, bytes));
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
    memory('clock', 'nanoseconds:u64', clock, 8),
    ...harts,
    ...devices,
    ...flash,
    memory('ROM', PLAIN, layout.rom, ROM_BYTES),
    memory('RAM', PLAIN, layout.ram, layout.ramBytes),
  ];
}
