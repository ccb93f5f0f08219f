/** The files that the machine starts from. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Config } from './config/config.ts';
import { reasonOf, UsageError } from './errors.ts';

/** The guest that runs where the command line names none. */
const OWN_GUEST = fileURLToPath(new URL('../test/guests/demo.elf', import.meta.url));

/** Reads firmware and kernel. @throws UsageError which of them cannot be read */
export async function readImages({ bios, kernel }: Config): Promise<{ bios?: Uint8Array; kernel?: Uint8Array }> {
  const kernelPath = kernel ?? (bios === undefined ? OWN_GUEST : undefined);
  return {
    ...(bios === undefined ? {} : { bios: await contents(bios, `Unable to load the RISC-V firmware "${bios}"`) }),
    ...(kernelPath === undefined
      ? {}
      : { kernel: await contents(kernelPath, `could not load kernel '${kernelPath}'`) }),
  };
}

async function contents(path: string, complaint: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new UsageError(`${complaint}: ${reasonOf(error)}`);
  }
}
