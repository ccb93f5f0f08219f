/** How the `virt` board describes itself to its guest: nodes and names as QEMU's board has them. */
import type { DeviceNode } from '../../devices/device.ts';
import { flashCfi } from '../../devices/flash-cfi.ts';
import { fwCfg } from '../../devices/fw-cfg.ts';
import { plic } from '../../devices/plic.ts';
import { rtcGoldfish } from '../../devices/rtc-goldfish.ts';
import { FINISHER, testSifive } from '../../devices/test-sifive.ts';
import { uartNs16550a } from '../../devices/uart-ns16550a.ts';
import { virtioMmioEmpty } from '../../devices/virtio/mmio.ts';
import { INTERRUPT } from '../../riscv/hart.ts';
import { CACHE_BLOCK_BYTES } from '../../riscv/instructions/cmo.ts';
import { ISA } from '../../riscv/table.ts';
import { TIMEBASE_HZ } from '../clock.ts';
import { FLASH_BANKS, VIRTIO_SLOTS } from '../equipment.ts';
import { ADDRESS, CLINT_BYTES, CONTEXT_INTERRUPTS, IRQ, VIRTIO_STRIDE } from '../virt.ts';
import { flatten, type Node, node } from './fdt.ts';
import { unflatten } from './fdt-read.ts';

const MMU_TYPE = 'riscv,sv57';
/** More than the serial port and the clock answer to: what QEMU's tree says. */
const UART_REG_BYTES = 0x100;
const RTC_REG_BYTES = 0x1000;

/** What the node `chosen` tells the kernel. */
export interface Chosen {
  /** The kernel's command line: `-append`. */
  readonly bootargs?: string | undefined;
  /** Randomness for the kernel, usually 32 bytes. */
  readonly rngSeed?: Uint8Array | undefined;
  /** Physical addresses of the initial RAM disk: its first byte, and the one behind its last. */
  readonly initrd?: { readonly start: number; readonly end: number } | undefined;
}

export interface DeviceTreeOptions extends Chosen {
  /** Number of vCPUs. */
  readonly harts: number;
  readonly ramBytes: number;
}

const hex = (address: number): string => address.toString(16);
const reg = (address: number, bytes: number): readonly bigint[] => [BigInt(address), BigInt(bytes)];

/** The node of a device, with what the board knows of it. */
function deviceNode(
  { node: own }: { readonly node?: DeviceNode },
  address: number,
  bytes: number,
  wiring: Node['properties'] = {},
): Node {
  if (!own) throw new Error(`the device at 0x${hex(address)} has no device-tree node`);
  return node(`${own.name}@${hex(address)}`, { ...own.properties, reg: reg(address, bytes), ...wiring });
}

const interruptControllerOfCpu = (): Node =>
  node('interrupt-controller', {
    '#interrupt-cells': 1,
    'interrupt-controller': true,
    compatible: 'riscv,cpu-intc',
  });

const cpu = (index: number, interruptController: Node): Node =>
  node(
    `cpu@${hex(index)}`,
    {
      device_type: 'cpu',
      reg: index,
      status: 'okay',
      compatible: 'riscv',
      'riscv,isa': ISA,
      'mmu-type': MMU_TYPE,
      'riscv,cbom-block-size': CACHE_BLOCK_BYTES,
      'riscv,cbop-block-size': CACHE_BLOCK_BYTES,
      'riscv,cboz-block-size': CACHE_BLOCK_BYTES,
    },
    [interruptController],
  );

const chosenProperties = ({ bootargs, rngSeed, initrd }: Chosen): Node['properties'] => ({
  ...(bootargs ? { bootargs } : {}),
  ...(rngSeed ? { 'rng-seed': rngSeed } : {}),
  ...(initrd ? { 'linux,initrd-start': initrd.start, 'linux,initrd-end': initrd.end } : {}),
});

/**
 * A tree that the user has made (`-dtb`), with what is chosen for this start.
 * @param name of its file, for errors
 * @throws FdtError
 */
export function chooseIn(name: string, blob: Uint8Array, chosen: Chosen): Uint8Array {
  const root = unflatten(name, blob);
  const before = root.children.find((child) => child.name === 'chosen') ?? node('chosen', {});
  const after = node('chosen', { ...before.properties, ...chosenProperties(chosen) }, before.children);
  const others = root.children.filter((child) => child !== before);
  return flatten(node(root.name, root.properties, [after, ...others]));
}

/** The flattened device tree for the guest. */
export function virtDeviceTree({ harts, ramBytes, ...chosen }: DeviceTreeOptions): Uint8Array {
  const controllers = Array.from({ length: harts }, interruptControllerOfCpu);
  const cpus = controllers.map((controller, index) => cpu(index, controller));
  const toEachHart = (...interrupts: readonly number[]): readonly (Node | number)[] =>
    controllers.flatMap((controller) => interrupts.flatMap((interrupt) => [controller, interrupt]));

  const interruptController = plic(harts * CONTEXT_INTERRUPTS.length);
  const plic0 = deviceNode(interruptController, ADDRESS.PLIC, interruptController.size, {
    'interrupts-extended': toEachHart(...CONTEXT_INTERRUPTS),
  });
  const clint = node(`clint@${hex(ADDRESS.CLINT)}`, {
    compatible: ['sifive,clint0', 'riscv,clint0'],
    reg: reg(ADDRESS.CLINT, CLINT_BYTES),
    'interrupts-extended': toEachHart(INTERRUPT.machineSoftware, INTERRUPT.machineTimer),
  });
  const test = deviceNode(testSifive, ADDRESS.TEST, testSifive.size);
  const serial = deviceNode(uartNs16550a, ADDRESS.UART0, UART_REG_BYTES, {
    interrupts: IRQ.UART0,
    'interrupt-parent': plic0,
  });
  const rtc = deviceNode(rtcGoldfish, ADDRESS.RTC, RTC_REG_BYTES, {
    interrupts: IRQ.RTC,
    'interrupt-parent': plic0,
  });
  // All slots, whatever is in them. Linux numbers disks in this order, from the last slot down.
  const virtio = Array.from({ length: VIRTIO_SLOTS }, (_, slot) =>
    deviceNode(virtioMmioEmpty, ADDRESS.VIRTIO + slot * VIRTIO_STRIDE, VIRTIO_STRIDE, {
      interrupts: IRQ.VIRTIO + slot,
      'interrupt-parent': plic0,
    }),
  ).reverse();
  const firmwareConfig = fwCfg(new Map());
  const flash = flashCfi('flash', false);
  const flashBanks = Array.from({ length: FLASH_BANKS }, (_, bank) =>
    reg(ADDRESS.FLASH + bank * flash.size, flash.size),
  );
  const syscon = (name: string, value: number): Node =>
    node(name, { compatible: `syscon-${name}`, regmap: test, offset: 0, value });

  return flatten(
    node('', { '#address-cells': 2, '#size-cells': 2, compatible: 'riscv-virtio', model: 'riscv-virtio,qemu' }, [
      node('chosen', { 'stdout-path': `/soc/${serial.name}`, ...chosenProperties(chosen) }),
      deviceNode(firmwareConfig, ADDRESS.FW_CFG, firmwareConfig.size),
      deviceNode(flash, ADDRESS.FLASH, flash.size, { reg: flashBanks.flat() }),
      syscon('poweroff', FINISHER.pass),
      syscon('reboot', FINISHER.reset),
      node(`memory@${hex(ADDRESS.DRAM)}`, { device_type: 'memory', reg: reg(ADDRESS.DRAM, ramBytes) }),
      node('cpus', { '#address-cells': 1, '#size-cells': 0, 'timebase-frequency': TIMEBASE_HZ }, [
        ...cpus,
        node('cpu-map', {}, [
          node(
            'cluster0',
            {},
            cpus.map((target, index) => node(`core${index}`, { cpu: target })),
          ),
        ]),
      ]),
      node('soc', { '#address-cells': 2, '#size-cells': 2, compatible: 'simple-bus', ranges: true }, [
        rtc,
        serial,
        test,
        ...virtio,
        plic0,
        clint,
      ]),
    ]),
  );
}
