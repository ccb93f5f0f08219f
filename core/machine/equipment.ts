/**
 * What a board is fitted with. It is plain data that every thread is started with, so that all of them build the same
 * board over the same state: memory that it refers to is shared, the rest is copied.
 */
import { FLASH_BYTES } from '../devices/flash-cfi.ts';
import type { FwCfgFile } from '../devices/fw-cfg.ts';

export const FLASH_BANKS = 2;

export interface FlashBank {
  /** FLASH_BYTES bytes of shared memory. */
  readonly contents: SharedArrayBuffer;
  readonly readOnly: boolean;
}

export interface Equipment {
  /** FLASH_BANKS banks. */
  readonly flash: readonly FlashBank[];
  /** What the firmware configuration holds besides what the board says itself. */
  readonly fwCfgFiles: readonly FwCfgFile[];
}

/** A blank bank. As QEMU's it is all zero, and the host gives it memory only where something is written. */
export const blankFlash = (): FlashBank => ({ contents: new SharedArrayBuffer(FLASH_BYTES), readOnly: false });

/** A board without anything that has to be asked for. */
export const bareEquipment = (): Equipment => ({
  flash: Array.from({ length: FLASH_BANKS }, blankFlash),
  fwCfgFiles: [],
});
