/** Which of the machine's drives a snapshot is about. */
import type { Config } from '../config/config.ts';

/** All drives by id, each with whether the guest can write to it. */
export function writableDrives({ drives, flash, devices }: Config): ReadonlyMap<string, boolean> {
  const disks = devices.map((spec) => (spec?.device.model === 'virtio-blk-device' ? spec.device.drive : undefined));
  const used = [...disks, ...flash];
  return new Map(drives.map(({ id, readOnly }) => [id, used.includes(id) && !readOnly]));
}
