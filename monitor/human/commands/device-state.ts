/** What devices and vCPUs are in the middle of. */
import { type Command, type HumanSession, human } from '../../command.ts';
import {
  queryInterruptController,
  queryIrq,
  queryNuma,
  queryRamblock,
  queryRoms,
  queryTlb,
  queryVirtio,
  queryVirtioQueueStatus,
  queryVirtioStatus,
} from '../../commands/device-state.ts';
import { hex, number, tableLines } from '../text.ts';

/** A subject that QMP, too, has as text. */
const asText = (
  name: string,
  doc: string,
  command: Command<Readonly<Record<never, never>>, { readonly 'human-readable-text': string }>,
) =>
  human(`info ${name}`, {
    params: '',
    doc,
    args: [],
    run: async ({ context }) => (await command.run(context, {}))['human-readable-text'].replace(/\n$/, ''),
  });

const virtioPaths = ({ context }: HumanSession): string[] =>
  context.machine.inspection.virtio().map(({ path }) => path);

const PATH = { name: 'path', kind: 'word', complete: virtioPaths } as const;

/** Lines of a name and a value, the values below each other. */
const members = (width: number, rows: readonly (readonly [name: string, value: unknown])[]): string[] =>
  rows.map(([name, value]) => `${`${name}:`.padEnd(width)}${value}`);

const address = (value: number | bigint): string => `0x${hex(BigInt(value))}`;

const list = (title: string, names: readonly string[]): string[] => [
  `  ${title}:`,
  ...names.map((name, n) => `\t${name}${n < names.length - 1 ? ',' : ''}`),
];

export const deviceCommands = [
  human('info tlb', {
    params: '',
    doc: 'show the pages that the current vCPU remembers (its softTLB)',
    args: [],
    run: async ({ context, vcpu }) => {
      const pages = await queryTlb.run(context, { 'cpu-index': vcpu });
      return [
        'vaddr            paddr            entry            attr mode',
        '---------------- ---------------- ---------------- ---- ----',
        ...pages.map(({ virtual, physical, 'entry-size': entry, read, write, global, mode }) => {
          const flags = `${read ? 'r' : '-'}${write ? 'w' : '-'}${global ? 'g' : '-'}`;
          return `${hex(BigInt(virtual))} ${hex(BigInt(physical))} ${hex(BigInt(entry))} ${flags}  ${mode}`;
        }),
      ].join('\n');
    },
  }),

  human('info pic', {
    params: '',
    doc: 'show the state of the interrupt controller: contexts, and the sources that are in use',
    args: [],
    run: async ({ context }) => {
      const { name, contexts, sources } = await queryInterruptController.run(context, {});
      const mark = (set: boolean) => ({ text: set ? '*' : '' });
      return [
        name,
        ...tableLines(
          contexts.map(({ 'cpu-index': cpu, mode, threshold }, n) => [
            number(n),
            { text: `CPU #${cpu} ${mode}` },
            number(threshold),
          ]),
          ['context', 'interrupts', 'threshold'],
        ),
        ...(sources.length === 0 ? [] : ['']),
        ...tableLines(
          sources.map(({ source, priority, level, pending, claimed, enabled, claims }) => [
            number(source),
            number(priority),
            mark(level),
            mark(pending),
            mark(claimed),
            number(claims),
            { text: enabled.join(' ') },
          ]),
          ['source', 'priority', 'level', 'pending', 'claimed', 'claims', 'enabled for'],
        ).slice(sources.length === 0 ? 1 : 0),
      ].join('\n');
    },
  }),

  asText('irq', 'show how often each source of the interrupt controller has been claimed', queryIrq),
  asText('roms', 'show what is put into memory at power-on', queryRoms),
  asText('ramblock', "show the memory of the host that is the guest's", queryRamblock),
  asText('numa', 'show the nodes of memory', queryNuma),

  human('info virtio', {
    params: '',
    doc: 'show the virtio devices',
    args: [],
    run: async ({ context }) => {
      const devices = await queryVirtio.run(context, {});
      return devices.length === 0
        ? 'No VirtIO devices'
        : devices.map(({ path, name }) => `${path} [${name}]`).join('\n');
    },
  }),

  human('info virtio-status', {
    params: 'path',
    doc: 'show how far a virtio device and its driver have come with each other',
    args: [PATH],
    run: async ({ context }, { path }) => {
      const status = await queryVirtioStatus.run(context, { path });
      return [
        `${path}:`,
        ...members(25, [
          ['  device_name', status.name],
          ['  device_id', status['device-id']],
          ['  broken', status.broken],
          ['  started', status.started],
          ['  num_vqs', status['num-vqs']],
          ['  queue_sel', status['queue-sel']],
          ['  isr', status.isr],
        ]),
        ...list('status', status.status.statuses),
        '',
        ...list('Guest features', status['guest-features'].names),
        '',
        ...list('Host features', status['host-features'].names),
      ].join('\n');
    },
  }),

  human('info virtio-queue-status', {
    params: 'path queue',
    doc: 'show where a queue of a virtio device lies, and how much of it has been served',
    args: [PATH, { name: 'queue', kind: 'integer' }],
    run: async ({ context }, { path, queue }) => {
      const status = await queryVirtioQueueStatus.run(context, { path, queue });
      return [
        `${path}:`,
        ...members(24, [
          ['  device_name', status.name],
          ['  queue_index', status['queue-index']],
          ['  ready', status.ready],
          ['  inuse', status.inuse],
          ['  used_idx', status['used-idx']],
          ['  last_avail_idx', status['last-avail-idx']],
        ]),
        '  VRing:',
        ...members(18, [
          ['    num', status['vring-num']],
          ['    desc', address(status['vring-desc'])],
          ['    avail', address(status['vring-avail'])],
          ['    used', address(status['vring-used'])],
        ]),
      ].join('\n');
    },
  }),
];
