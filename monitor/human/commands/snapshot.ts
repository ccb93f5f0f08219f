/** Saving the machine under a tag, going back to it, and deleting what was saved. Unlike QMP's jobs, these wait. */
import { type HumanSession, human } from '../../command.ts';
import { storeOf } from '../../commands/snapshot.ts';
import type { SnapshotInfo } from '../../snapshots.ts';

const tags = async ({ context }: HumanSession): Promise<string[]> =>
  (await context.snapshots?.list())?.map(({ tag }) => tag) ?? [];

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Three digits, and a unit in which there are less than a thousand. */
function sizeText(bytes: number): string {
  const power = Math.max(0, Math.floor(Math.log2(bytes * 1.024) / 10));
  return `${Number((bytes / 1024 ** power).toPrecision(3))} ${UNITS[power]}`;
}

/** Of the host's time zone. */
function dateText(date: Date): string {
  const two = (value: number): string => `${value}`.padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`;
}

function clockText(nanoseconds: bigint): string {
  const milliseconds = nanoseconds / 1_000_000n;
  const part = (divisor: bigint, modulus: bigint): string => `${(milliseconds / divisor) % modulus}`.padStart(2, '0');
  const hours = `${milliseconds / 3_600_000n}`.padStart(2, '0');
  return `${hours}:${part(60_000n, 60n)}:${part(1000n, 60n)}.${`${milliseconds % 1000n}`.padStart(3, '0')}`;
}

const row = (id: string, tag: string, size: string, date: string, clock: string, icount: string): string =>
  `${id.padEnd(9)} ${tag.padEnd(16)} ` +
  size.padStart(8) +
  date.padStart(20) +
  clock.padStart(13) +
  icount.padStart(11);

const infoRow = ({ tag, bytes, date, clock }: SnapshotInfo): string =>
  row('--', tag, sizeText(bytes), dateText(new Date(date)), clockText(clock), '');

export const snapshotCommands = [
  human('savevm', {
    params: '[tag]',
    doc: 'save the machine, in place of what has that tag; without one, under a tag that tells the time',
    args: [{ name: 'tag', kind: 'word', optional: true, complete: tags }],
    run: async ({ context }, { tag }) => void (await storeOf(context).save(tag, true)),
  }),

  human('loadvm', {
    params: 'tag',
    doc: 'make the machine what it was when it was saved',
    args: [{ name: 'tag', kind: 'word', complete: tags }],
    run: async ({ context }, { tag }) => void (await storeOf(context).load(tag)),
  }),

  human('delvm', {
    params: 'tag',
    doc: 'delete what was saved under a tag',
    args: [{ name: 'tag', kind: 'word', complete: tags }],
    run: async ({ context }, { tag }) => void (await storeOf(context).remove(tag)),
  }),

  human('info snapshots', {
    params: '',
    doc: 'show what has been saved',
    args: [],
    run: async ({ context }) => {
      const all = await storeOf(context).list();
      if (all.length === 0) return 'There is no snapshot available.';
      const header = row('ID', 'TAG', 'VM SIZE', 'DATE', 'VM CLOCK', 'ICOUNT');
      return ['List of snapshots present on all disks:', header, ...all.map(infoRow)].join('\n');
    },
  }),
];
