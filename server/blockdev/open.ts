/** Opens what the command line calls a drive. */
import type { DriveSpec } from '../config/drives.ts';
import { locate } from '../errors.ts';
import { CountedBlockDevice } from './counted.ts';
import { openRaw } from './raw.ts';
import { withSnapshot } from './snapshot.ts';

/** @throws UsageError with the option that asked for it */
export async function openDrive(drive: DriveSpec): Promise<CountedBlockDevice> {
  try {
    return new CountedBlockDevice(
      drive.snapshot ? await withSnapshot(await openRaw({ ...drive, readOnly: true })) : await openRaw(drive),
    );
  } catch (error) {
    throw locate(drive.option, error);
  }
}
