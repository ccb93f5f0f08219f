/** Plugging things in and out, and what there is to be plugged in. */
import { isKindOf, lineageOf, OBJECT_TYPES } from '../../../core/machine/inspect/types.ts';
import type { Command, HumanCommand } from '../../command.ts';
import { type HumanSession, human } from '../../command.ts';
import { deviceAdd, deviceDel } from '../../commands/devices.ts';
import { netdevAdd, netdevDel, objectAdd, objectDel } from '../../commands/hot-plug.ts';
import { validate } from '../../validate.ts';

/** What a device sits on, by the type that it derives from. */
const BUSES: Readonly<Record<string, string>> = {
  'virtio-device': 'virtio-bus',
  'virtio-serial-port': 'virtio-serial-bus',
  'sys-bus-device': 'System',
};

const devices = (): readonly string[] =>
  Object.keys(OBJECT_TYPES).filter((name) => isKindOf(name, 'device') && !OBJECT_TYPES[name]?.abstract);

const busOf = (name: string): string | undefined => lineageOf(name).flatMap((each) => BUSES[each] ?? [])[0];

/** Those that the command line can ask for; the board has the others. */
const isUsers = (name: string): boolean => !['System', undefined].includes(busOf(name));

function deviceLine(name: string): string {
  const bus = busOf(name);
  return `name "${name}"${bus === undefined ? '' : `, bus ${bus}`}${isUsers(name) ? '' : ', no-user'}`;
}

/** `NAME,key=value,...`; `key` alone is `on`. @param implied the key of a first item that has none */
function keyValues(text: string, implied: string): Readonly<Record<string, string>> {
  const items = (text.match(/(?:[^,]|,,)+/g) ?? []).map((item) => item.replaceAll(',,', ','));
  return Object.fromEntries(
    items.map((item, n): [string, string] => {
      const equals = item.indexOf('=');
      if (equals >= 0) return [item.slice(0, equals), item.slice(equals + 1)];
      return n === 0 ? [implied, item] : [item, 'on'];
    }),
  );
}

const options = { name: 'options', kind: 'word', optional: true } as const;

/** A command that takes its arguments as a list of keys and values. */
const withOptions = (
  name: string,
  implied: string,
  doc: string,
  qmp: Command,
  complete: () => readonly string[],
): HumanCommand =>
  human(name, {
    params: `${implied}[,prop=value][,...]`,
    doc,
    args: [{ ...options, complete }],
    run: async ({ context }, { options: text = '' }) => {
      const args = keyValues(text, implied);
      validate(qmp.args, args);
      await qmp.run(context, args);
      return undefined;
    },
  });

const byId = (name: string, doc: string, qmp: Command, ids: (session: HumanSession) => readonly string[]) =>
  human(name, {
    params: 'id',
    doc,
    args: [{ name: 'id', kind: 'word', complete: ids }],
    run: async ({ context }, { id }) => {
      await qmp.run(context, { id });
      return undefined;
    },
  });

const peripherals = ({ context }: HumanSession): string[] => {
  const machine = context.machine.inspection.objects.children.find(({ name }) => name === 'machine');
  return machine?.children.find(({ name }) => name === 'peripheral')?.children.map(({ name }) => name) ?? [];
};

const deviceAddCommand = withOptions('device_add', 'driver', 'plug a device in: ? lists them', deviceAdd, () =>
  devices().filter(isUsers),
);

export const hotPlugCommands: readonly HumanCommand[] = [
  {
    ...deviceAddCommand,
    run: (session, args) => {
      const isQuestion = /^(\?|help)(,|$)/.test(args.options ?? '');
      return isQuestion ? devices().filter(isUsers).map(deviceLine).join('\n') : deviceAddCommand.run(session, args);
    },
  },
  byId('device_del', 'plug a device out', deviceDel, peripherals),
  withOptions('netdev_add', 'type', 'make a network back end', netdevAdd, () => []),
  byId('netdev_del', 'remove a network back end', netdevDel, ({ context }) =>
    context.backEnds.networkBackEnds.map(({ id }) => id),
  ),
  withOptions('object_add', 'qom-type', 'make an object for devices to refer to', objectAdd, () => []),
  byId('object_del', 'remove an object that devices refer to', objectDel, ({ context }) =>
    context.backEnds.randomSources.map(({ id }) => id),
  ),
  human('info qdm', {
    params: '',
    doc: 'show the types of devices',
    args: [],
    run: () => devices().map(deviceLine).join('\n'),
  }),
];
