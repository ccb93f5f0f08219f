/** Opens what the command line calls a drive. */
import type { DriveSpec } from '../config/drives.ts';
import { locate } from '../errors.ts';
import { type BlockDevice, openRaw } from './raw.ts';
import { withSnapshot } from './snapshot.ts';

/** @throws UsageError with the option that asked for it */
export async function openDrive(drive: DriveSpec): Promise<BlockDevice> {
  try {
    if (!drive.snapshot) return await openRaw(drive);
    return await withSnapshot(await openRaw({ ...drive, readOnly: true }));
  } catch (error) {
    throw locate(drive.option, error);
  }
}
