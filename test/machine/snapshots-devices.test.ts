/** What a snapshot holds of disks, flash and consoles. */
import { expect, test } from 'vitest';
import { FLASH_BYTES } from '../../core/devices/flash-cfi.ts';
import { virtioBlock } from '../../core/devices/virtio/block.ts';
import { FakeDisk } from '../support/fakes/fake-disk.ts';
import { snapshotOf } from '../support/fakes/kept-snapshot.ts';
import { guestMachine } from '../support/guest-machine.ts';

const SPIN = 'guests/bin/spin.elf';
const DISK_BYTES = (1 << 20) + 512;

test('a disk that the guest can write is what it was, and only what differs is written', async () => {
  const disk = new FakeDisk(DISK_BYTES);
  disk.contents.fill('old', 0, 1000);
  disk.contents.fill('end', DISK_BYTES - 512);
  const { machine } = await guestMachine({ kernel: SPIN, virtio: [virtioBlock({ backend: disk })] });
  await machine.cont();
  const snapshot = await snapshotOf(machine);
  const before = Buffer.from(disk.contents);
  disk.contents.fill('new', 0, 1000);
  // It was all zero there.
  disk.contents.fill('more', 1 << 19, (1 << 19) + 10);
  disk.calls.length = 0;
  await machine.snapshots.restore(snapshot);
  expect(disk.contents.equals(before)).toBe(true);
  expect(disk.calls.filter((call) => call.startsWith('write'))).toEqual(['write 0+262144', 'write 524288+262144']);

  const other = new FakeDisk(DISK_BYTES);
  const elsewhere = await guestMachine({ kernel: SPIN, virtio: [virtioBlock({ backend: other })] });
  await elsewhere.machine.snapshots.restore(snapshot);
  expect(other.contents.equals(before)).toBe(true);
});

test('a disk that is read only is left alone, and must be as large as it was', async () => {
  const disk = new FakeDisk(4096, true);
  disk.contents.fill('a');
  const { machine } = await guestMachine({ kernel: SPIN, virtio: [virtioBlock({ backend: disk })] });
  const snapshot = await snapshotOf(machine);
  disk.contents.fill('b');
  await machine.snapshots.restore(snapshot);
  expect(disk.calls).toEqual([]);
  const larger = await guestMachine({ kernel: SPIN, virtio: [virtioBlock({ backend: new FakeDisk(8192, true) })] });
  await expect(larger.machine.snapshots.restore(snapshot)).rejects.toThrow(
    /^it is of another machine: virtio slot 0 is virtio-blk \(.*\) in it, and virtio-blk \(.*\) here$/,
  );
  const none = await guestMachine({ kernel: SPIN });
  await expect(none.machine.snapshots.restore(snapshot)).rejects.toThrow(/virtio slot 0 is .* in it, and empty here$/);
});

test('a disk that refuses leaves a machine that does not run', async () => {
  const disk = new FakeDisk(4096);
  const { machine } = await guestMachine({ kernel: SPIN, virtio: [virtioBlock({ backend: disk })] });
  await machine.cont();
  const snapshot = await snapshotOf(machine);
  disk.refusal = 'the cable is out';
  await expect(snapshotOf(machine)).rejects.toThrow('the cable is out');
  expect(machine.runState).toBe('running');
  await expect(machine.snapshots.restore(snapshot)).rejects.toThrow('the cable is out');
  expect(machine.runState).toBe('internal-error');
  disk.refusal = undefined;
  await machine.snapshots.restore(snapshot);
  expect(machine.runState).toBe('paused');
});

test('flash is what it was, in the machine and in its file, unless that is read only', async () => {
  const [code, variables] = [new FakeDisk(FLASH_BYTES, true), new FakeDisk(FLASH_BYTES)];
  code.contents.fill('code', 0, 100);
  variables.contents.fill('set', 5000, 5100);
  const { machine } = await guestMachine({ kernel: SPIN, flash: [code, variables] });
  const snapshot = await snapshotOf(machine);

  const [otherCode, otherVariables] = [new FakeDisk(FLASH_BYTES, true), new FakeDisk(FLASH_BYTES)];
  otherVariables.contents.fill('other', 1 << 24, (1 << 24) + 100);
  const other = await guestMachine({ kernel: SPIN, flash: [otherCode, otherVariables] });
  await other.machine.snapshots.restore(snapshot);
  expect((await snapshotOf(other.machine)).kept.map(({ section, offset }) => [section, offset])).toEqual(
    snapshot.kept.map(({ section, offset }) => [section, offset]),
  );
  await other.machine.shutdown('host-signal');
  expect(otherVariables.contents.equals(variables.contents)).toBe(true);
  expect(otherCode.calls.filter((call) => call.startsWith('write'))).toEqual([]);
  expect(other.reports).toEqual([]);
});
