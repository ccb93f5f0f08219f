/** Looks at a machine from main: at the state of its devices, and at what its vCPUs remember. */
import type { MachineConfig } from '../../../schema/config.ts';
import { FLASH_BYTES } from '../../devices/flash-cfi.ts';
import { hasSource, isEnabled, SOURCES } from '../../devices/plic.ts';
import type { VirtioDevice } from '../../devices/virtio/device.ts';
import { offeredFeatures } from '../../devices/virtio/mmio.ts';
import { BANK } from '../../hart/mmu.ts';
import { type Layout, PAGE_BYTES, ROM_BYTES } from '../../memory/layout.ts';
import type { PhysicalMemory } from '../../memory/physical.ts';
import { tlbRows } from '../../memory/tlb.ts';
import type { BootImage } from '../boot/boot.ts';
import type { BlockBackend, CharacterBackend } from '../interface.ts';
import { ADDRESS, type Board, memoryRanges } from '../virt.ts';
import { boardObjects } from './board.ts';
import type {
  Inspection,
  InterruptController,
  InterruptSource,
  RamBlock,
  RomImage,
  TlbPage,
  VirtioDeviceState,
} from './inspection.ts';
import type { MachineObject } from './tree.ts';

export interface InspectionParts {
  readonly buffer: SharedArrayBuffer;
  readonly layout: Layout;
  readonly board: Board;
  readonly image: BootImage;
  readonly physical: PhysicalMemory;
  readonly config: MachineConfig<CharacterBackend, VirtioDevice, BlockBackend>;
}

const MODES = Object.keys(BANK).map((name) => name.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase());

export class MachineInspection implements Inspection {
  readonly objects: MachineObject;
  readonly roms: readonly RomImage[];
  readonly ramBlocks: readonly RamBlock[];
  readonly #parts: InspectionParts;

  constructor(parts: InspectionParts) {
    this.#parts = parts;
    const { layout, image, config } = parts;
    const ranges = memoryRanges(parts.board.bus, layout.ramBytes);
    const { resetVector, rom, placements } = image;
    const harts = layout.vcpus.length;
    const { ramBytes, virtio = [] } = config;
    this.objects = boardObjects({ harts, ramBytes, ranges, resetVector, virtio, started: startedWith(config) });
    this.roms = [
      { address: ADDRESS.MROM, bytes: rom.length, memory: 'rom', name: 'mrom.reset' },
      ...placements.map(({ address, size, what }) => ({ address, bytes: size, memory: 'ram' as const, name: what })),
    ];
    this.ramBlocks = [
      { name: 'riscv_virt_board.ram', bytes: layout.ramBytes, offset: layout.ram },
      ...ranges
        .filter(({ kind }) => kind === 'romd')
        .map(({ name }) => ({ name, bytes: FLASH_BYTES, offset: undefined })),
      { name: 'riscv_virt_board.mrom', bytes: ROM_BYTES, offset: layout.rom },
    ];
  }

  tlb(vcpu: number): readonly TlbPage[] {
    const { buffer, layout, physical } = this.#parts;
    const rows = tlbRows(buffer, layout, vcpu).flatMap(
      ({ bank, page, host, read, write, shift, global }): TlbPage[] => {
        const region = physical.regions.find((each) => host >= each.host && host < each.host + each.bytes);
        // Of an entry that is being replaced.
        if (!region) return [];
        return [
          {
            virtual: page,
            physical: BigInt(region.address + (host - region.host)),
            bytes: PAGE_BYTES,
            read,
            write,
            entryBytes: 1n << BigInt(shift),
            global,
            mode: MODES[bank]!,
          },
        ];
      },
    );
    const rank = ({ mode }: TlbPage): number => MODES.indexOf(mode);
    return rows.toSorted((one, other) => rank(one) - rank(other) || (one.virtual < other.virtual ? -1 : 1));
  }

  interruptController(): InterruptController {
    const { board, layout } = this.#parts;
    const state = board.states.interruptController;
    const contexts = layout.vcpus.flatMap((_, vcpu) =>
      (['machine', 'supervisor'] as const).map((mode, n) => ({
        vcpu,
        mode,
        threshold: Number(state.threshold[2 * vcpu + n]),
      })),
    );
    const sourceAt = (source: number): InterruptSource => ({
      source,
      priority: Number(state.priority[source]),
      level: hasSource(state.level, source),
      pending: hasSource(state.pending, source),
      claimed: hasSource(state.claimed, source),
      enabled: contexts.flatMap((_, context) => (isEnabled(state, context, source) ? [context] : [])),
      claims: Number(state.claims[source]),
    });
    const sources = Array.from({ length: SOURCES }, (_, index) => sourceAt(index + 1));
    return { name: 'riscv.sifive.plic', contexts, sources };
  }

  virtio(): readonly VirtioDeviceState[] {
    const { config, board } = this.#parts;
    return (config.virtio ?? []).flatMap((device, slot): VirtioDeviceState[] => {
      const state = board.states.virtio[slot];
      if (!device || !state) return [];
      const { identity } = device;
      return [
        {
          path: pathInSlot(this.objects, slot),
          name: identity.name,
          deviceId: identity.deviceId,
          Status: state.Status,
          InterruptStatus: state.InterruptStatus,
          QueueSel: state.QueueSel,
          deviceFeatures: offeredFeatures(identity),
          driverFeatures: state.driverFeatures,
          queues: Array.from({ length: identity.queues }, (_, queue) => ({
            QueueNum: Number(state.QueueNum[queue]),
            QueueReady: state.QueueReady[queue] !== 0,
            QueueDesc: state.QueueDesc[queue] as bigint,
            QueueDriver: state.QueueDriver[queue] as bigint,
            QueueDevice: state.QueueDevice[queue] as bigint,
            taken: Number(state.taken[queue]),
            returned: Number(state.returned[queue]),
          })),
        },
      ];
    });
  }
}

/** What the machine was given, as its object shows it: files by their names. */
function startedWith({
  bios,
  kernel,
  initrd,
  append,
  deviceTree,
  labels,
}: InspectionParts['config']): Readonly<Record<string, string>> {
  const files = { firmware: bios, kernel, initrd, dtb: deviceTree };
  return {
    ...Object.fromEntries(Object.entries(files).flatMap(([name, file]) => (file ? [[name, file.name]] : []))),
    ...(append === undefined ? {} : { append }),
    ...labels,
  };
}

/** The path of what sits on the bus of a virtio slot. */
function pathInSlot(object: MachineObject, slot: number): string {
  if (object.name === `virtio-mmio-bus.${slot}`) return object.links['child[0]'] ?? '';
  for (const child of object.children) {
    const path = pathInSlot(child, slot);
    if (path !== '') return path;
  }
  return '';
}
