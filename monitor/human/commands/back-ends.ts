/** What the machine is connected to: disk images, network cables, character devices. */

import type { Infer } from '../../../schema/build.ts';
import type { BlockDeviceInfo } from '../../../schema/types/block.ts';
import type { NetClientInfo } from '../../../schema/types/network.ts';
import { type HumanSession, human } from '../../command.ts';
import { queryBlock, queryBlockstats, queryNamedBlockNodes } from '../../commands/block.ts';
import { queryChardev } from '../../commands/chardev-info.ts';
import { queryNetdevs, setLink } from '../../commands/network.ts';
import { humanSize } from '../text.ts';

type Node = Infer<typeof BlockDeviceInfo>;

const driveIds = ({ context }: HumanSession): string[] => context.backEnds.diskImages.map(({ id }) => id);

interface Shown {
  /** Id of the drive; empty for a node. */
  readonly device: string;
  readonly qdev?: string | undefined;
  readonly inserted: Node;
}

const cacheMode = ({ writeback, 'no-flush': noFlush }: Node['cache']): string =>
  `${writeback ? 'writeback' : 'writethrough'}${noFlush ? ', ignore flushes' : ''}`;

function blockLines({ device, qdev, inserted }: Shown, verbose: boolean): string[] {
  const { 'node-name': node, file, drv, ro, cache, image } = inserted;
  const title = device === '' ? node : `${device} (${node})`;
  const lines = [`${title}: ${file} (${drv}${ro ? ', read-only' : ''})`];
  if (qdev !== undefined) lines.push(`    Attached to:      ${qdev}`);
  lines.push(`    Cache mode:       ${cacheMode(cache)}`);
  if (!verbose) return lines;
  const { filename, format, 'virtual-size': bytes, 'actual-size': hostBytes } = image;
  return [
    ...lines,
    ...['', 'Images:', `image: ${filename}`, `file format: ${format}`],
    `virtual size: ${humanSize(Number(bytes))} (${bytes} bytes)`,
    `disk size: ${hostBytes === undefined ? 'unavailable' : humanSize(Number(hostBytes))}`,
  ];
}

/** `index=0,type=user,...` */
function netLine({ name, type, model, macaddr, info }: Infer<typeof NetClientInfo>): string {
  const rest = type === 'nic' ? `model=${model},macaddr=${macaddr}` : info;
  return `${name}: index=0,type=${type},${rest}`;
}

export const backEndCommands = [
  human('info block', {
    params: '[-n] [-v] [device]',
    doc: 'show the disk images, or one of them (-n: all, by the names of nodes; -v: in detail)',
    args: [
      { name: 'n', kind: 'flag' },
      { name: 'v', kind: 'flag' },
      { name: 'device', kind: 'word', optional: true, complete: driveIds },
    ],
    run: async ({ context }, { n: nodes, v: verbose, device }) => {
      const all: Shown[] = nodes
        ? (await queryNamedBlockNodes.run(context, {})).map((inserted) => ({ device: '', inserted }))
        : (await queryBlock.run(context, {})).map((info) => ({ ...info, inserted: info.inserted! }));
      return all
        .filter(({ device: id, inserted }) => device === undefined || device === (id || inserted['node-name']))
        .map((shown) => blockLines(shown, verbose).join('\n'))
        .join('\n\n');
    },
  }),

  human('info blockstats', {
    params: '',
    doc: 'show what has been done to disk images',
    args: [],
    run: async ({ context }) => {
      const all = await queryBlockstats.run(context, {});
      return all
        .map(({ device, 'node-name': node, stats }) => {
          const names = ['bytes', 'operations'].flatMap((what) => [`rd_${what}`, `wr_${what}`]);
          const shown = [...names, 'flush_operations', 'wr_total_time_ns', 'rd_total_time_ns', 'flush_total_time_ns'];
          const values = [...shown, 'rd_merged', 'wr_merged'].map((name) => `${name}=${stats[name as 'rd_bytes']}`);
          return `${device || node}: ${values.join(' ')} idle_time_ns=${stats.idle_time_ns ?? 0}`;
        })
        .join('\n');
    },
  }),

  human('info chardev', {
    params: '',
    doc: 'show the character devices',
    args: [],
    run: async ({ context }) => {
      const all = await queryChardev.run(context, {});
      return all.map(({ label, filename }) => `${label}: filename=${filename}`).join('\n');
    },
  }),

  human('set_link', {
    params: 'name on|off',
    doc: 'plug a network cable in, or pull it out',
    args: [
      {
        name: 'name',
        kind: 'word',
        complete: async ({ context }) => (await queryNetdevs.run(context, {})).map(({ name }) => name),
      },
      { name: 'up', kind: 'onoff' },
    ],
    run: async ({ context }, { name, up }) => void (await setLink.run(context, { name, up })),
  }),

  human('info network', {
    params: '',
    doc: 'show network devices, and what they are connected to',
    args: [],
    run: async ({ context }) => {
      const all = await queryNetdevs.run(context, {});
      return all
        .filter(({ type, peer }) => type === 'nic' || peer === undefined)
        .flatMap((client) => {
          const peer = all.find(({ name }) => name === client.peer);
          return peer === undefined ? [netLine(client)] : [netLine(client), ` \\ ${netLine(peer)}`];
        })
        .join('\n');
    },
  }),
];
