/** What devices and vCPUs are in the middle of. */
import { bool, int, list, oneOf, str, struct } from '../build.ts';

/** What QEMU gives as text only. */
export const HumanReadableText = struct('HumanReadableText', { 'human-readable-text': str('Lines, for people.') });

export const TlbPage = struct('TlbPage', {
  virtual: int('Address of the page as the guest uses it.'),
  physical: int('Its physical address.'),
  size: int('Bytes of the page.'),
  'entry-size': int('Bytes that one entry of the page table maps, or that memory protection treats alike.'),
  read: bool('True if it is read without looking further.'),
  write: bool('True if it is written without looking further; false, too, where translated code lies in it.'),
  global: bool('True if it holds in every address space.'),
  mode: str('The rights of the accesses: `machine`, `supervisor`, `supervisor-and-user`, `user`, `executable`.'),
});

const InterruptContext = struct('InterruptContext', {
  'cpu-index': int('The vCPU that it interrupts.'),
  mode: oneOf('InterruptMode', ['machine', 'supervisor'], 'The mode of it that it interrupts.'),
  threshold: int('Only higher priorities interrupt.'),
});

const InterruptSource = struct('InterruptSource', {
  source: int('Number of the source.'),
  priority: int('Its priority; 0 never interrupts.'),
  level: bool('True while its line is high.'),
  pending: bool('True while it waits to be claimed.'),
  claimed: bool('True from its claim to its completion.'),
  enabled: list(int(), 'Contexts that have enabled it, by their places in the list.'),
  claims: int('Times that it has been claimed since the last reset.'),
});

export const InterruptControllerInfo = struct('InterruptControllerInfo', {
  name: str('Name of the controller.'),
  contexts: list(InterruptContext, 'What it drives.'),
  sources: list(InterruptSource, 'What drives it: those that are enabled, have a priority or have been of any use.'),
});

export const VirtioInfo = struct('VirtioInfo', {
  path: str('Path of the device.'),
  name: str('Its kind, such as `virtio-blk`.'),
});

export const VirtioDeviceStatus = struct('VirtioDeviceStatus', {
  statuses: list(str(), 'Bits of the status, by name.'),
});
export const VirtioDeviceFeatures = struct('VirtioDeviceFeatures', {
  bits: list(int(), 'Numbers of the bits that are set.'),
  names: list(str(), 'The names of those that have one.'),
});

export const VirtioStatus = struct('VirtioStatus', {
  name: str('Its kind, such as `virtio-blk`.'),
  'device-id': int('The kind, as a number.'),
  'num-vqs': int('Queues.'),
  'queue-sel': int('The queue that the driver has selected.'),
  isr: int('What it has interrupted for: 1 for used buffers, 2 for a change of its configuration or status.'),
  broken: bool('True if the driver has broken a rule: the device needs a reset.'),
  started: bool('True if the driver has said that it is ready.'),
  status: VirtioDeviceStatus,
  'host-features': VirtioDeviceFeatures,
  'guest-features': VirtioDeviceFeatures,
});

export const VirtQueueStatus = struct('VirtQueueStatus', {
  name: str('Kind of the device.'),
  'queue-index': int('Number of the queue.'),
  ready: bool('True if the driver has set it up.'),
  inuse: int('Chains that have been taken and not given back.'),
  'used-idx': int('Chains that have been given back, modulo 2^16.'),
  'last-avail-idx': int('Chains that have been taken, modulo 2^16.'),
  'vring-num': int('Descriptors.'),
  'vring-desc': int('Address of the descriptor table.'),
  'vring-avail': int('Address of the available ring.'),
  'vring-used': int('Address of the used ring.'),
});
