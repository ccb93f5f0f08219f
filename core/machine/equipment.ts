/**
 * What a board is fitted with. It is plain data that every thread is started with, so that all of them build the same
 * board over the same state: memory that it refers to is shared, the rest is copied.
 */
import type { BlockBackend } from '../devices/backends.ts';
import { FLASH_BYTES } from '../devices/flash-cfi.ts';
import type { FwCfgFile } from '../devices/fw-cfg.ts';
import type { VirtioDevice, VirtioIdentity } from '../devices/virtio/device.ts';

export const FLASH_BANKS = 2;

export interface FlashBank {
  /** FLASH_BYTES bytes of shared memory. */
  readonly contents: SharedArrayBuffer;
  readonly readOnly: boolean;
}

export const VIRTIO_SLOTS = 8;

export interface Equipment {
  /** VIRTIO_SLOTS slots, those that are empty undefined. */
  readonly virtio: readonly (VirtioIdentity | undefined)[];
  /** FLASH_BANKS banks. */
  readonly flash: readonly FlashBank[];
  /** What the firmware configuration holds besides what the board says itself. */
  readonly fwCfgFiles: readonly FwCfgFile[];
}

/** What the maker of a machine asks for. */
export interface Fitting {
  /** Up to VIRTIO_SLOTS slots; undefined where one is empty. */
  readonly virtio?: readonly (VirtioDevice | undefined)[];
  /** Where the contents of the flash banks come from and go to; a bank without is blank, and forgets. */
  readonly flash?: readonly (BlockBackend | undefined)[];
  readonly fwCfgFiles?: readonly FwCfgFile[];
}

/** What is asked for does not go with the board. */
export class EquipmentError extends Error {
  override readonly name = 'EquipmentError';
}

/** A bank as QEMU's when there is no file: all zero. The host gives it memory only where something is written. */
const blankFlash = (): FlashBank => ({ contents: new SharedArrayBuffer(FLASH_BYTES), readOnly: false });

async function loadFlash(bank: number, backend: BlockBackend): Promise<FlashBank> {
  if (backend.bytes !== FLASH_BYTES)
    throw new EquipmentError(`flash bank ${bank} needs ${FLASH_BYTES} bytes, and its file has ${backend.bytes}`);
  const contents = new SharedArrayBuffer(FLASH_BYTES);
  new Uint8Array(contents).set(await backend.read(0, FLASH_BYTES));
  return { contents, readOnly: backend.readOnly };
}

/**
 * Brings together what a board is to be fitted with.
 * @throws EquipmentError
 */
export async function equip({ virtio = [], flash = [], fwCfgFiles = [] }: Fitting): Promise<Equipment> {
  const limit = (what: string, asked: number, there: number): void => {
    if (asked > there) throw new EquipmentError(`${asked} ${what} are too many: machine 'virt' has ${there}`);
  };
  limit('virtio slots', virtio.length, VIRTIO_SLOTS);
  limit('flash banks', flash.length, FLASH_BANKS);
  const banks = Array.from({ length: FLASH_BANKS }, async (_, bank) => {
    const backend = flash[bank];
    return backend ? loadFlash(bank, backend) : blankFlash();
  });
  return {
    virtio: Array.from({ length: VIRTIO_SLOTS }, (_, slot) => virtio[slot]?.identity),
    flash: await Promise.all(banks),
    fwCfgFiles,
  };
}
