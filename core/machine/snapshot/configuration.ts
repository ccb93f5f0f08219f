/** What has to be the same for a machine to go on from the snapshot of another one. */
import type { Equipment } from '../equipment.ts';
import { type Configuration, type Section, SnapshotError } from './snapshot.ts';

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('') || 'none';

/** @param machine its type */
export function configurationOf(
  machine: string,
  smp: number,
  ramBytes: number,
  { virtio, flash, fwCfgFiles }: Equipment,
): Configuration {
  const slots = virtio.map((device, slot): [string, string] => {
    if (!device) return [`virtio slot ${slot}`, 'empty'];
    const { name, features, queues, config } = device;
    return [`virtio slot ${slot}`, `${name} (features 0x${features.toString(16)}, queues ${queues}, ${hex(config)})`];
  });
  const banks = flash.map(({ readOnly }, bank): [string, string] => [
    `flash bank ${bank}`,
    readOnly ? 'read only' : 'writable',
  ]);
  const files = fwCfgFiles.map(({ name, bytes }) => `${name} (${bytes.length} bytes)`).toSorted();
  return Object.fromEntries([
    ['machine', machine],
    ['vCPUs', `${smp}`],
    ['RAM', `${ramBytes / 2 ** 20} MiB`],
    ...slots,
    ...banks,
    ['fw_cfg', files.join(', ') || 'empty'],
  ]);
}

/** @throws SnapshotError what differs: the snapshot is of another machine */
export function checkConfiguration(saved: Configuration, own: Configuration): void {
  const names = [...new Set([...Object.keys(own), ...Object.keys(saved)])];
  const differences = names
    .filter((name) => saved[name] !== own[name])
    .map((name) => `${name} is ${saved[name] ?? 'not there'} in it, and ${own[name] ?? 'not there'} here`);
  if (differences.length > 0) throw new SnapshotError(`it is of another machine: ${differences.join('; ')}`);
}

/** @throws SnapshotError a section means something else: the snapshot is of another version of the program */
export function checkSections(saved: readonly Section[], own: readonly Section[]): void {
  const length = Math.max(saved.length, own.length);
  for (let index = 0; index < length; index++) {
    const [theirs, ours] = [saved[index], own[index]];
    if (theirs?.name === ours?.name && theirs?.form === ours?.form && theirs?.bytes === ours?.bytes) continue;
    const lines = theirs?.form.split('\n') ?? [];
    const differs = ours?.form.split('\n').find((line, number) => line !== lines[number]) ?? '';
    const name = /^(.*?) \{/.exec(differs)?.[1] ?? (ours ?? theirs)!.name;
    throw new SnapshotError(`it is of another version of this program, which keeps '${name}' in another way`);
  }
}
