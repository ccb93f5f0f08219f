/** The files that the machine starts from. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { ImageFile, MachineConfig } from '../schema/config.ts';
import type { Config } from './config/config.ts';
import { reasonOf, UsageError } from './errors.ts';

/** The guest that runs where the command line names none. */
const OWN_GUEST = fileURLToPath(new URL('../test/guests/demo.elf', import.meta.url));

/** What the machine is started from. */
export type Images = Pick<MachineConfig<unknown>, 'bios' | 'kernel' | 'initrd' | 'deviceTree'>;

/** Reads them. @throws UsageError which of them cannot be read */
export async function readImages({ bios, kernel, initrd, dtb }: Config): Promise<Images> {
  const kernelPath = kernel ?? (bios === undefined ? OWN_GUEST : undefined);
  return {
    ...(bios === undefined ? {} : { bios: await image(bios, `Unable to load the RISC-V firmware "${bios}"`) }),
    ...(kernelPath === undefined ? {} : { kernel: await image(kernelPath, `could not load kernel '${kernelPath}'`) }),
    ...(initrd === undefined ? {} : { initrd: await image(initrd, `could not load ramdisk '${initrd}'`) }),
    ...(dtb === undefined ? {} : { deviceTree: await image(dtb, `Unable to load device tree file '${dtb}'`) }),
  };
}

async function image(name: string, complaint: string): Promise<ImageFile> {
  try {
    return { name, bytes: await readFile(name) };
  } catch (error) {
    throw new UsageError(`${complaint}: ${reasonOf(error)}`);
  }
}
