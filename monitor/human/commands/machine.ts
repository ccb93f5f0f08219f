/** What the machine is. */
import type { ObjectTree } from '../../../core/machine/inspect/tree.ts';
import { isKindOf } from '../../../core/machine/inspect/types.ts';
import { human } from '../../command.ts';
import {
  injectNmi,
  queryCpusFast,
  queryHotpluggableCpus,
  queryIothreads,
  queryKvm,
  queryMemdev,
  queryMemoryDevices,
  queryMemorySizeSummary,
  queryName,
  queryUuid,
} from '../../commands/machine.ts';
import { queryVersion } from '../../commands/qmp.ts';
import { objectTree } from '../../objects.ts';
import { hex } from '../text.ts';

export const machineCommands = [
  human('info version', {
    params: '',
    doc: 'show whose protocol this is, by the version of QEMU, and the version of the program',
    args: [],
    run: async ({ context }) => {
      const { qemu, package: program } = await queryVersion.run(context, {});
      return `${qemu.major}.${qemu.minor}.${qemu.micro} (${program})`;
    },
  }),

  human('info name', {
    params: '',
    doc: 'show the name that the machine was given',
    args: [],
    run: async ({ context }) => (await queryName.run(context, {})).name,
  }),

  human('info uuid', {
    params: '',
    doc: 'show the UUID that the machine was given',
    args: [],
    run: async ({ context }) => (await queryUuid.run(context, {})).UUID,
  }),

  human('info memory_size_summary', {
    params: '',
    doc: 'show how much RAM there is',
    args: [],
    run: async ({ context }) => `base memory: ${(await queryMemorySizeSummary.run(context, {}))['base-memory']}`,
  }),

  human('nmi', {
    params: '',
    doc: 'interrupt the vCPUs in a way that they cannot mask, which harts of this kind do not have',
    args: [],
    run: async ({ context }) => void (await injectNmi.run(context, {})),
  }),

  human('info kvm', {
    params: '',
    doc: 'show whether KVM runs the guest',
    args: [],
    run: async ({ context }) => {
      const { present, enabled } = await queryKvm.run(context, {});
      return `kvm support: ${present ? (enabled ? 'enabled' : 'disabled') : 'not compiled'}`;
    },
  }),

  human('info cpus', {
    params: '',
    doc: 'show the vCPUs, with a star at the current one',
    args: [],
    run: async ({ context, vcpu }) => {
      const cpus = await queryCpusFast.run(context, {});
      return cpus
        .map((cpu) => {
          const index = Number(cpu['cpu-index']);
          return `${index === vcpu ? '*' : ' '} CPU #${index}: thread_id=${cpu['thread-id']}`;
        })
        .join('\n');
    },
  }),

  human('info memdev', {
    params: '',
    doc: 'show what RAM consists of',
    args: [],
    run: async ({ context }) => {
      const all = await queryMemdev.run(context, {});
      return all
        .map(({ id, size, ...flags }) => {
          const rows = Object.entries(flags).map(([name, value]) => `  ${name}: ${value}`);
          return [`memory backend: ${id}`, `  size:  ${size}`, ...rows].join('\n');
        })
        .join('\n');
    },
  }),

  human('info memory-devices', {
    params: '',
    doc: 'show the memory that has been plugged in: none ever is',
    args: [],
    run: async ({ context }) => void (await queryMemoryDevices.run(context, {})),
  }),

  human('info iothreads', {
    params: '',
    doc: 'show the threads that serve devices: none but the main one does',
    args: [],
    run: async ({ context }) => {
      const all = await queryIothreads.run(context, {});
      return all.map(({ id, 'thread-id': thread }) => `${id}:\n  thread_id=${thread}`).join('\n');
    },
  }),

  human('info hotpluggable-cpus', {
    params: '',
    doc: 'show the vCPUs that could be plugged in: none can',
    args: [],
    run: async ({ context }) => void (await queryHotpluggableCpus.run(context, {})),
  }),

  human('info mtree', {
    params: '[-f] [-o]',
    doc: 'show the physical address map (-f: as it is seen, without what contains it; -o: with the objects it belongs to)',
    args: [
      { name: 'f', kind: 'flag' },
      { name: 'o', kind: 'flag' },
    ],
    run: ({ context }, { f: flat, o: owners }) => {
      const tree = objectTree(context);
      const rows = context.machine.memory.ranges.map(
        ({ start, end, kind, name }) =>
          `${hex(start)}-${hex(end)} (prio 0, ${kind}): ${name}${owners ? ownerOf(tree, name, start) : ''}`,
      );
      const system = `system${owners ? ownerOf(tree, 'system', 0n) : ''}`;
      const lines = flat
        ? ['FlatView #0', ' AS "memory", root: system', ' Root memory region: system', ...rows.map((row) => `  ${row}`)]
        : [
            'address-space: memory',
            `  ${hex(0n)}-${hex(-1n)} (prio 0, i/o): ${system}`,
            ...rows.map((row) => `    ${row}`),
          ];
      return [...lines, ''].join('\n');
    },
  }),
];

/** The device or object that a region of memory belongs to, or else where the region hangs in the tree. */
function ownerOf(tree: ObjectTree, region: string, start: bigint): string {
  for (const [path, { type, values }] of tree.all) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (type !== 'memory-region' || values.addr !== start || name !== `${region}[0]`) continue;
    const parent = path.slice(0, path.lastIndexOf('/'));
    const owner = tree.all.get(parent)!;
    if (isKindOf(owner.type, 'device')) return ` owner:{dev path=${parent}}`;
    return owner.type === 'container' ? ` parent:{obj path=${parent}}` : ` owner:{obj path=${parent}}`;
  }
  return '';
}
