/** Saving the machine under a tag, going back to it, and deleting what was saved: as jobs. */
import { list, str, struct } from '../../schema/build.ts';
import { CommandError, type Context, command } from '../command.ts';
import { SNAPSHOTS_NODE, type SnapshotStore } from '../snapshots.ts';

/** @throws CommandError the command line names no place for snapshots */
export function storeOf({ snapshots }: Context): SnapshotStore {
  if (!snapshots) throw new CommandError('there is no place for snapshots: the option -snapshots names one');
  return snapshots;
}

/** @throws CommandError what the client takes for block devices is not what there is */
function checkNodes({ drives }: SnapshotStore, vmstate: string | undefined, devices: readonly string[]): void {
  if (devices.length === 0) throw new CommandError('At least one device is required for snapshot');
  for (const device of devices)
    if (device !== SNAPSHOTS_NODE && !drives.has(device)) throw new CommandError(`No block device node '${device}'`);
  if (vmstate === undefined) return;
  if (vmstate !== SNAPSHOTS_NODE) throw new CommandError(`vmstate block device '${vmstate}' does not exist`);
  for (const [id, writable] of drives)
    if (writable && !devices.includes(id))
      throw new CommandError(`Device '${id}' is writable: a snapshot without it would be of no use`);
}

const jobId = str('The id of the job, which begins with a letter.');
const tag = str('Letters, digits, `_`, `.` and `-`, the first one no `.` or `-`.');
const vmstate = str('Where snapshots are kept: `snapshots`.');
const devices = list(
  str(),
  'Ids of the drives that are part of it, with all that the guest can write to; `snapshots`.',
);

export const snapshotSave = command('snapshot-save', {
  doc: 'Begins a job that saves the machine. It is stopped (STOP, RESUME) while its memory is copied and its disks are saved. Fails where there is one of that tag.',
  args: struct('SnapshotSaveArguments', { 'job-id': jobId, tag, vmstate, devices }),
  example: {
    request:
      '{"execute": "snapshot-save", "arguments": {"job-id": "save0", "tag": "booted", "vmstate": "snapshots", "devices": ["snapshots"]}}',
    reply: '{"return": {}}',
  },
  run: (context, { 'job-id': id, tag, vmstate, devices }) => {
    context.jobs.start(id, 'snapshot-save', async () => {
      const store = storeOf(context);
      checkNodes(store, vmstate, devices);
      await store.save(tag, false);
    });
    return {};
  },
});

export const snapshotLoad = command('snapshot-load', {
  doc: 'Begins a job that makes the machine what it was when it was saved, with its disks. If it runs, it is stopped for that (STOP, RESUME). Where anything is wrong with the snapshot, the job fails and the machine stays as it is.',
  args: struct('SnapshotLoadArguments', { 'job-id': jobId, tag, vmstate, devices }),
  example: {
    request:
      '{"execute": "snapshot-load", "arguments": {"job-id": "load0", "tag": "booted", "vmstate": "snapshots", "devices": ["snapshots"]}}',
    reply: '{"return": {}}',
  },
  run: (context, { 'job-id': id, tag, vmstate, devices }) => {
    context.jobs.start(id, 'snapshot-load', async () => {
      const store = storeOf(context);
      checkNodes(store, vmstate, devices);
      await store.load(tag);
    });
    return {};
  },
});

export const snapshotDelete = command('snapshot-delete', {
  doc: 'Begins a job that deletes a snapshot, if there is one of that tag.',
  args: struct('SnapshotDeleteArguments', { 'job-id': jobId, tag, devices }),
  example: {
    request:
      '{"execute": "snapshot-delete", "arguments": {"job-id": "delete0", "tag": "booted", "devices": ["snapshots"]}}',
    reply: '{"return": {}}',
  },
  run: (context, { 'job-id': id, tag, devices }) => {
    context.jobs.start(id, 'snapshot-delete', async () => {
      const store = storeOf(context);
      checkNodes(store, undefined, devices);
      await store.remove(tag);
    });
    return {};
  },
});

export const snapshotCommands = [snapshotSave, snapshotLoad, snapshotDelete];
