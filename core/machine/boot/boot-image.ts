/** The memory of a machine before its first instruction, as its configuration asks for it. */
import type { MachineConfig } from '../../../schema/config.ts';
import { type BootImage, planBoot } from './boot.ts';
import { type Chosen, chooseIn, virtDeviceTree } from './device-tree.ts';

const RNG_SEED_BYTES = 32;

/** @throws BootError, ElfError, FdtError firmware, kernel, RAM disk or device tree cannot be loaded */
export function bootImageOf(config: MachineConfig<unknown>): BootImage {
  const { smp, ramBytes, bios, kernel, initrd, append, deviceTree } = config;
  const rngSeed = crypto.getRandomValues(new Uint8Array(RNG_SEED_BYTES));
  return planBoot({
    ramBytes,
    bios,
    kernel,
    initrd,
    deviceTree: (disk) => {
      const chosen: Chosen = { bootargs: append, rngSeed, initrd: disk };
      return deviceTree
        ? chooseIn(deviceTree.name, deviceTree.bytes, chosen)
        : virtDeviceTree({ harts: smp, ramBytes, ...chosen });
    },
  });
}
