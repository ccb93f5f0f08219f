/** What devices and vCPUs are in the middle of. */
import { int, list, optional, str, struct } from '../../schema/build.ts';
import {
  HumanReadableText,
  InterruptControllerInfo,
  TlbPage,
  VirtioInfo,
  VirtioStatus,
  VirtQueueStatus,
} from '../../schema/types/device-state.ts';
import { CommandError, type Context, command } from '../command.ts';
import { objectTree } from '../objects.ts';
import { bitsOf, featureName, STATUS, statusNames } from '../virtio.ts';

export const queryTlb = command('query-tlb', {
  doc: 'The pages that a vCPU accesses without looking at page tables and memory protection again, by rights and address. A sample: the guest runs on.',
  args: struct('QueryTlbArguments', { 'cpu-index': optional(int('The vCPU, by default the first.')) }),
  returns: list(TlbPage),
  example: {
    request: '{"execute": "query-tlb", "arguments": {"cpu-index": 0}}',
    reply:
      '{"return": [{"virtual": 18446744071562067968, "physical": 2147483648, "size": 4096, "entry-size": 2097152, "read": true, "write": false, "global": true, "mode": "supervisor"}, ...]}',
  },
  run: ({ machine }, { 'cpu-index': index = 0 }) => {
    if (machine.vcpus[Number(index)] === undefined)
      throw new CommandError("Parameter 'cpu-index' expects a CPU number");
    return machine.inspection
      .tlb(Number(index))
      .map(({ virtual, physical, bytes, entryBytes, read, write, global, mode }) => ({
        virtual,
        physical,
        size: bytes,
        'entry-size': entryBytes,
        ...{ read, write, global, mode },
      }));
  },
});

export const queryInterruptController = command('query-interrupt-controller', {
  doc: 'The interrupt controller: who interrupts, and who is interrupted. A sample: the guest runs on.',
  returns: InterruptControllerInfo,
  example: {
    request: '{"execute": "query-interrupt-controller"}',
    reply:
      '{"return": {"name": "riscv.sifive.plic", "contexts": [{"cpu-index": 0, "mode": "machine", "threshold": 0}, {"cpu-index": 0, "mode": "supervisor", "threshold": 1}], "sources": [{"source": 10, "priority": 7, "level": true, "pending": true, "claimed": false, "enabled": [1], "claims": 1234}]}}',
  },
  run: ({ machine }) => {
    const { name, contexts, sources } = machine.inspection.interruptController();
    return {
      name,
      contexts: contexts.map(({ vcpu, mode, threshold }) => ({ 'cpu-index': vcpu, mode, threshold })),
      sources: sources.filter(
        ({ priority, level, pending, claimed, enabled, claims }) =>
          priority > 0 || level || pending || claimed || enabled.length > 0 || claims > 0,
      ),
    };
  },
});

const text = (lines: readonly string[]) => ({ 'human-readable-text': lines.map((line) => `${line}\n`).join('') });

export const queryIrq = command('x-query-irq', {
  doc: 'How often each source of the interrupt controller has been claimed since the last reset, for people.',
  returns: HumanReadableText,
  example: {
    request: '{"execute": "x-query-irq"}',
    reply: '{"return": {"human-readable-text": "IRQ statistics for riscv.sifive.plic:\\n10: 1234\\n"}}',
  },
  run: ({ machine }) => {
    const { name, sources } = machine.inspection.interruptController();
    const claimed = sources.filter(({ claims }) => claims > 0);
    return text([
      `IRQ statistics for ${name}:`,
      ...claimed.map(({ source, claims }) => `${String(source).padStart(2)}: ${claims}`),
    ]);
  },
});

const digits = (value: number, count: number): string => value.toString(16).padStart(count, '0');

export const queryRoms = command('x-query-roms', {
  doc: 'What is put into memory at power-on and at every reset, for people.',
  returns: HumanReadableText,
  example: {
    request: '{"execute": "x-query-roms"}',
    reply:
      '{"return": {"human-readable-text": "addr=0000000000001000 size=0x000058 mem=rom name=\\"mrom.reset\\"\\n..."}}',
  },
  run: ({ machine }) =>
    text(
      machine.inspection.roms.map(
        ({ address, bytes, memory, name }) =>
          `addr=${digits(address, 16)} size=0x${digits(bytes, 6)} mem=${memory} name="${name}"`,
      ),
    ),
});

export const queryRamblock = command('x-query-ramblock', {
  doc: "The memory of the host that is the guest's, for people: its place in what the threads share, and its size.",
  returns: HumanReadableText,
  example: {
    request: '{"execute": "x-query-ramblock"}',
    reply: '{"return": {"human-readable-text": "              Block Name    PSize ...\\n"}}',
  },
  run: ({ machine }) =>
    text([
      `${'Block Name'.padStart(24)}    PSize  ${'Offset'.padStart(18)} ${'Used'.padStart(18)} ${'Total'.padStart(18)}`,
      ...machine.inspection.ramBlocks.map(({ name, bytes, offset }) => {
        const size = `0x${digits(bytes, 16)}`;
        const place = offset === undefined ? '-'.padStart(18) : `0x${digits(offset, 16)}`;
        return `${name.padStart(24)}    4 KiB  ${place} ${size} ${size}`;
      }),
    ]),
});

export const queryNuma = command('x-query-numa', {
  doc: 'The nodes of a machine whose memory is not everywhere equally near, for people. There are none.',
  returns: HumanReadableText,
  example: { request: '{"execute": "x-query-numa"}', reply: '{"return": {"human-readable-text": "0 nodes\\n"}}' },
  run: () => text(['0 nodes']),
});

export const queryVirtio = command('x-query-virtio', {
  doc: 'The virtio devices, in the order of their slots.',
  returns: list(VirtioInfo),
  example: {
    request: '{"execute": "x-query-virtio"}',
    reply:
      '{"return": [{"path": "/machine/peripheral/net0", "name": "virtio-net"}, {"path": "/machine/peripheral-anon/device[0]", "name": "virtio-blk"}]}',
  },
  run: ({ machine }) => machine.inspection.virtio().map(({ path, name }) => ({ path, name })),
});

function virtioAt(context: Context, path: string) {
  const [found, other] = objectTree(context).find(path);
  const name = other === undefined ? found?.[0] : undefined;
  const state = context.machine.inspection.virtio().find((each) => each.path === name);
  if (state === undefined) throw new CommandError(`Path ${path} is not a VirtIODevice`);
  return state;
}

const path = str('Path of the device.');

export const queryVirtioStatus = command('x-query-virtio-status', {
  doc: 'How far a virtio device and its driver have come with each other.',
  args: struct('QueryVirtioStatusArguments', { path }),
  returns: VirtioStatus,
  example: {
    request: '{"execute": "x-query-virtio-status", "arguments": {"path": "/machine/peripheral-anon/device[0]"}}',
    reply:
      '{"return": {"name": "virtio-blk", "device-id": 2, "num-vqs": 1, "queue-sel": 0, "isr": 1, "broken": true, "started": true, "status": {"statuses": ["VIRTIO_CONFIG_S_ACKNOWLEDGE", "VIRTIO_CONFIG_S_DRIVER", ...]}, "host-features": {"bits": [2, 6, 9, 28, 29, 32], "names": ["VIRTIO_BLK_F_SEG_MAX", ...]}, "guest-features": {"bits": [9, 28, 32], "names": [...]}}}',
  },
  run: (context, { path }) => {
    const state = virtioAt(context, path);
    const features = (bits: bigint) => {
      const numbers = bitsOf(bits);
      return { bits: numbers, names: numbers.flatMap((bit) => featureName(state.deviceId, bit) ?? []) };
    };
    return {
      name: state.name,
      'device-id': state.deviceId,
      'num-vqs': state.queues.length,
      'queue-sel': state.QueueSel,
      isr: state.InterruptStatus,
      broken: (state.Status & STATUS.VIRTIO_CONFIG_S_NEEDS_RESET) !== 0,
      started: (state.Status & STATUS.VIRTIO_CONFIG_S_DRIVER_OK) !== 0,
      status: { statuses: statusNames(state.Status) },
      'host-features': features(state.deviceFeatures),
      'guest-features': features(state.driverFeatures),
    };
  },
});

export const queryVirtioQueueStatus = command('x-query-virtio-queue-status', {
  doc: 'Where a queue of a virtio device lies, and how much of it has been served.',
  args: struct('QueryVirtioQueueStatusArguments', { path, queue: int('Number of the queue.') }),
  returns: VirtQueueStatus,
  example: {
    request:
      '{"execute": "x-query-virtio-queue-status", "arguments": {"path": "/machine/peripheral-anon/device[0]", "queue": 0}}',
    reply:
      '{"return": {"name": "virtio-blk", "queue-index": 0, "ready": true, "inuse": 1, "used-idx": 2, "last-avail-idx": 3, "vring-num": 256, "vring-desc": 2164260864, "vring-avail": 2164264960, "vring-used": 2164269056}}',
  },
  run: (context, { path, queue: index }) => {
    const { name, queues } = virtioAt(context, path);
    const queue = queues[Number(index)];
    if (queue === undefined) throw new CommandError(`Invalid virtqueue number ${index}`);
    return {
      name,
      'queue-index': index,
      ready: queue.QueueReady,
      inuse: queue.taken - queue.returned,
      'used-idx': queue.returned & 0xffff,
      'last-avail-idx': queue.taken & 0xffff,
      'vring-num': queue.QueueNum,
      'vring-desc': queue.QueueDesc,
      'vring-avail': queue.QueueDriver,
      'vring-used': queue.QueueDevice,
    };
  },
});

export const deviceStateCommands = [
  queryTlb,
  queryInterruptController,
  queryIrq,
  queryRoms,
  queryRamblock,
  queryNuma,
  queryVirtio,
  queryVirtioStatus,
  queryVirtioQueueStatus,
];
