/**
 * The objects of the `virt` board: what sits on it, where, and what is plugged into it. Paths are QEMU's: devices that
 * the board has made are in `/machine/unattached`, by number; those that were asked for in `/machine/peripheral` by their
 * ids, or without one in `/machine/peripheral-anon` by number.
 */
import { aclintMtimer } from '../../devices/aclint.ts';
import { FLASH_BLOCK_BYTES, FLASH_BYTES } from '../../devices/flash-cfi.ts';
import { PRIORITY_MASK, plic, SOURCES } from '../../devices/plic.ts';
import type { DeviceLabel, VirtioDevice } from '../../devices/virtio/device.ts';
import { TIMEBASE_HZ } from '../clock.ts';
import type { MemoryRange } from '../interface.ts';
import { type InterruptLines, type MachineObject, machineObject } from './tree.ts';
import type { PropertyValue } from './types.ts';

export interface BoardFacts {
  readonly harts: number;
  readonly ramBytes: number;
  /** The physical address map. What is not in it, the objects do not show. */
  readonly ranges: readonly MemoryRange[];
  readonly resetVector: bigint;
  /** By slot. */
  readonly virtio: readonly (VirtioDevice | undefined)[];
  /** What the machine was started with: properties of `/machine`. */
  readonly started: Readonly<Record<string, string>>;
}

const UNATTACHED = '/machine/unattached';
const SYSTEM_BUS = `${UNATTACHED}/sysbus`;
const SYSTEM_MEMORY = `${UNATTACHED}/system[0]`;
const RAM = 'riscv_virt_board.ram';
const INTERRUPT: InterruptLines = { direction: 'out', name: 'sysbus-irq', count: 1 };

type Values = Readonly<Record<string, PropertyValue>>;

/** Objects by what they are called in a container, in the order in which they were made. */
const container = (name: string, children: readonly MachineObject[]): MachineObject =>
  machineObject(name, 'container', { children });

/** `child[0]`, `child[1]` ... */
const plugged = (paths: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(paths.map((path, index) => [`child[${index}]`, path]));

/** The root, with `/machine` and `/objects` below it. */
export function boardObjects(facts: BoardFacts): MachineObject {
  const { harts, ramBytes, ranges, resetVector, virtio, started } = facts;
  const region = (name: string, range = ranges.find((each) => each.name === name)): readonly MachineObject[] =>
    range === undefined
      ? []
      : [
          machineObject(`${name}[0]`, 'memory-region', {
            values: { container: SYSTEM_MEMORY, addr: range.start, size: range.end - range.start + 1n },
          }),
        ];
  const slots = ranges.filter(({ name }) => name === 'virtio-mmio');

  /** A device on the system bus. Its regions come first among its children. */
  const device = (
    name: string,
    type: string,
    values: Values,
    more: {
      children?: readonly MachineObject[];
      lines?: readonly InterruptLines[];
      regions?: readonly MachineObject[];
    },
  ): MachineObject =>
    machineObject(name, type, {
      values: { parent_bus: SYSTEM_BUS, ...values },
      children: [...(more.regions ?? region(type)), ...(more.children ?? [])],
      lines: more.lines ?? [],
    });

  const { places, peripherals, anonymous } = plugIn(virtio);
  const slot = (index: number): MachineObject => {
    const place = places[index];
    const bus = machineObject(`virtio-mmio-bus.${index}`, 'virtio-mmio-bus', { links: plugged(place ? [place] : []) });
    const regions = region('virtio-mmio', slots[index]);
    return device(`device[${FIRST_SLOT + index}]`, 'virtio-mmio', {}, { regions, children: [bus], lines: [INTERRUPT] });
  };
  const cpus = Array.from({ length: harts }, (_, index) =>
    machineObject(`harts[${index}]`, 'rv64-riscv-cpu', { values: { resetvec: resetVector } }),
  );
  const hartCount = { 'num-harts': harts };
  const perHart: InterruptLines = { direction: 'out', name: '', count: harts };

  const soc = device('soc0', 'riscv.hart_array', { ...hartCount, resetvec: resetVector }, { children: cpus });
  const unattached = [
    device('device[0]', 'riscv.aclint.swi', hartCount, { lines: [perHart] }),
    device('device[1]', 'riscv.aclint.mtimer', { ...hartCount, ...timerValues(harts) }, { lines: [perHart] }),
    device('device[2]', 'riscv.sifive.plic', interruptControllerValues(harts), {
      lines: [
        { direction: 'in', name: '', count: SOURCES },
        { direction: 'out', name: '', count: 2 * harts },
      ],
    }),
    device('device[3]', 'riscv.sifive.test', {}, {}),
    ...slots.map((_, index) => slot(index)),
    device(`device[${FIRST_SLOT + slots.length}]`, 'serial-mm', valuesOf(started, { chardev: 'serial' }), {
      regions: region('serial'),
      children: [machineObject('serial', 'serial', { values: valuesOf(started, { chardev: 'serial' }) })],
      lines: [INTERRUPT],
    }),
    device(`device[${FIRST_SLOT + slots.length + 1}]`, 'goldfish_rtc', {}, { lines: [INTERRUPT] }),
  ];
  const flash = ['virt.flash0', 'virt.flash1'].map((name, bank) =>
    device(
      name,
      'cfi.pflash01',
      { ...FLASH_VALUES, name, ...valuesOf(started, { drive: `pflash${bank}` }) },
      {
        regions: region(name),
      },
    ),
  );
  const firmwareConfig = device(
    'fw_cfg',
    'fw_cfg_mem',
    {},
    {
      regions: ['fwcfg.ctl', 'fwcfg.data', 'fwcfg.dma'].flatMap((name) => region(name)),
    },
  );

  const onBus = [
    '/machine/soc0',
    ...unattached.map(({ name }) => `${UNATTACHED}/${name}`),
    ...[...flash, firmwareConfig].map(({ name }) => `/machine/${name}`),
  ];
  const board = container('unattached', [
    ...unattached,
    ...region('riscv_virt_board.mrom'),
    machineObject('sysbus', 'System', { links: plugged(onBus) }),
    machineObject('system[0]', 'memory-region', { values: { container: '', addr: 0n, size: 1n << 64n } }),
  ]);
  const machine = machineObject('machine', 'virt-machine', {
    values: {
      ...valuesOf(started, Object.fromEntries(MACHINE_VALUES.map((name) => [name, name]))),
      memory: { size: ramBytes },
      smp: { cpus: harts, maxcpus: harts },
      'memory-backend': `/objects/${RAM}`,
    },
    children: [
      firmwareConfig,
      container('peripheral', peripherals),
      container('peripheral-anon', anonymous),
      soc,
      board,
      ...flash,
    ],
  });
  const ram = machineObject(RAM, 'memory-backend-ram', { values: { size: ramBytes }, children: region(RAM) });
  return machineObject('', 'container', { children: [container('objects', [ram]), machine] });
}

/** Number of the first slot among the devices of the board. */
const FIRST_SLOT = 4;

const MACHINE_VALUES = ['firmware', 'kernel', 'initrd', 'append', 'dtb', 'pflash0', 'pflash1'];

const FLASH_VALUES: Values = {
  'num-blocks': FLASH_BYTES / FLASH_BLOCK_BYTES,
  'sector-length': FLASH_BLOCK_BYTES,
};

/** Of `from`, what is there, under other names. @param names by the name that it gets */
const valuesOf = (from: Readonly<Record<string, string>>, names: Readonly<Record<string, string>>): Values =>
  Object.fromEntries(
    Object.entries(names).flatMap(([name, source]) => (from[source] === undefined ? [] : [[name, from[source]]])),
  );

function timerValues(harts: number): Values {
  const { registers, size } = aclintMtimer(harts);
  return {
    'timecmp-base': registers.MTIMECMP!.at,
    'time-base': registers.MTIME!.at,
    'aperture-size': size,
    'timebase-freq': TIMEBASE_HZ,
  };
}

function interruptControllerValues(harts: number): Values {
  const { registers, size } = plic(2 * harts);
  const { PRIORITY, PENDING, ENABLE, THRESHOLD } = registers;
  return {
    'hart-config': Array.from({ length: harts }, () => 'MS').join(','),
    'num-sources': SOURCES,
    'num-priorities': PRIORITY_MASK,
    'priority-base': PRIORITY!.at,
    'pending-base': PENDING!.at,
    'enable-base': ENABLE!.at,
    'enable-stride': (ENABLE!.count! / (2 * harts)) * 4,
    'context-base': THRESHOLD!.at,
    'context-stride': THRESHOLD!.stride!,
    'aperture-size': size,
  };
}

interface PluggedIn {
  /** Paths by slot. */
  readonly places: readonly (string | undefined)[];
  readonly peripherals: readonly MachineObject[];
  readonly anonymous: readonly MachineObject[];
}

/** A device with its place among those that were asked for. */
interface Asked {
  readonly label: DeviceLabel;
  make(name: string, path: string): MachineObject;
  /** Told the path that it has got. */
  placed(path: string): void;
}

/** Names what was asked for: by ids where there are any, else by numbers, both in the order of the asking. */
function plugIn(virtio: BoardFacts['virtio']): PluggedIn {
  const places: (string | undefined)[] = [];
  const asked = virtio.flatMap((made, slot): Asked[] => {
    if (!made) return [];
    // Without a label, devices fill the slots from the last one on.
    const label = made.label ?? { order: -slot, properties: {} };
    return askedFor(made, label, slot, (path) => {
      places[slot] = path;
    });
  });
  const peripherals: MachineObject[] = [];
  const anonymous: MachineObject[] = [];
  for (const { label, make, placed } of asked.toSorted((one, other) => one.label.order - other.label.order)) {
    const name = label.id ?? `device[${anonymous.length}]`;
    const path = `/machine/peripheral${label.id === undefined ? '-anon' : ''}/${name}`;
    placed(path);
    (label.id === undefined ? anonymous : peripherals).push(make(name, path));
  }
  return { places, peripherals, anonymous };
}

function askedFor(made: VirtioDevice, label: DeviceLabel, slot: number, placed: (path: string) => void): Asked[] {
  const { carries } = label;
  const links: Record<string, string> = {};
  let carrier = '';
  const device: Asked = {
    label,
    placed: (path) => {
      carrier = path;
      placed(path);
    },
    make: (name, path) => {
      const type = `${made.identity.name}-device`;
      const values: Record<string, PropertyValue> = {
        parent_bus: `${UNATTACHED}/device[${FIRST_SLOT + slot}]/virtio-mmio-bus.${slot}`,
        ...made.properties,
        ...label.properties,
      };
      const children: MachineObject[] = [];
      if (type === 'virtio-serial-device')
        children.push(machineObject('virtio-serial-bus.0', 'virtio-serial-bus', { links }));
      if (type === 'virtio-rng-device' && values.rng === undefined) {
        children.push(machineObject('default-backend', 'rng-builtin'));
        values.rng = `${path}/default-backend`;
      }
      return machineObject(name, type, { values, children });
    },
  };
  if (!carries) return [device];
  const console: Asked = {
    label: carries,
    placed: (path) => {
      links['child[0]'] = path;
    },
    make: (name) =>
      machineObject(name, carries.type, {
        values: { parent_bus: `${carrier}/virtio-serial-bus.0`, ...carries.properties },
      }),
  };
  return [device, console];
}
