/** The options about what is plugged into the board, as rows of the table of all options. */
import { UsageError } from '../errors.ts';
import type { Draft } from './configure.ts';
import { DEVICE_MODELS, parseDevice, parseMac } from './devices.ts';
import { parseBlockdev, parseDrive } from './drives.ts';
import { KeyValues } from './key-values.ts';
import { NETDEV_TYPES, netdevFrom, parseNetdev } from './netdevs.ts';
import { parseFwCfg, parseObject } from './objects.ts';
import { listing, type Option } from './option.ts';

/** A value as it stands in a list of values. */
const quoted = (value: string): string => value.replaceAll(',', ',,');

function addDrive(draft: Draft, argument: string, option: string): void {
  const { drive, interface: type, unit } = parseDrive(argument, option, draft.drives.length);
  addUnique(draft.drives, drive, 'drive');
  if (type === 'virtio') {
    // In the order of the command line, among the devices that it names.
    const device = { model: 'virtio-blk-device', drive: drive.id } as const;
    draft.devices.push({ id: undefined, option, slot: undefined, device });
  } else if (type === 'pflash') {
    const bank = unit ?? draft.flash.indexOf(undefined);
    if (bank < 0 || bank >= draft.flash.length || draft.flash[bank] !== undefined)
      throw new UsageError(
        `machine type does not support if=pflash,bus=0,unit=${bank < 0 ? draft.flash.length : bank}`,
      );
    draft.flash[bank] = drive.id;
  }
}

function addUnique<T extends { readonly id: string }>(all: T[], one: T, what: string): void {
  if (all.some(({ id }) => id === one.id)) throw new UsageError(`Duplicate ID '${one.id}' for ${what}`);
  all.push(one);
}

/** An image as a disk of its own: also a word of the command line that is no option. */
export const addDisk = (draft: Draft, path: string, option: string): void =>
  addDrive(draft, `file=${quoted(path)}`, option);

/** `-nic`: a back end and a device on it, in one. */
function addNic(draft: Draft, argument: string, option: string): void {
  if (argument === 'none') return;
  const values = KeyValues.parse(argument, 'type');
  const model = values.take('model') ?? 'virtio-net-device';
  const mac = parseMac(values.take('mac'));
  if (model !== 'virtio-net-device') throw new UsageError(`Unsupported NIC model: ${model}`);
  const netdev = `#net${draft.netdevs.length}`;
  draft.netdevs.push(netdevFrom(values, netdev, option));
  draft.devices.push({ id: undefined, option, slot: undefined, device: { model, netdev, mac } });
}

/** In the order of `-help`. */
export const deviceOptions: readonly Option[] = [
  {
    names: ['drive'],
    argument:
      '[file=]FILE[,if=none|virtio|pflash][,id=ID][,format=raw][,readonly=on][,snapshot=on][,cache=MODE][,unit=N]',
    doc: 'disk image, with a virtio disk or a flash bank unless if=none; repeatable',
    apply: addDrive,
  },
  {
    names: ['blockdev'],
    argument: '[driver=]raw|file,node-name=NAME[,file=NODE][,file.filename=FILE][,read-only=on]',
    doc: 'disk image for -device, also as JSON; repeatable',
    apply: (draft, argument, option) => addUnique(draft.drives, parseBlockdev(argument, option, draft.drives), 'drive'),
  },
  { names: ['hda', 'hdb', 'hdc', 'hdd'], argument: 'FILE', doc: 'disk image of a virtio disk', apply: addDisk },
  {
    names: ['cdrom'],
    argument: 'FILE',
    doc: 'the same, read only',
    apply: (draft, path, option) => addDrive(draft, `file=${quoted(path)},media=cdrom`, option),
  },
  {
    names: ['pflash'],
    argument: 'FILE',
    doc: 'contents of the next flash bank',
    apply: (draft, path, option) => addDrive(draft, `file=${quoted(path)},if=pflash`, option),
  },
  {
    names: ['snapshot'],
    doc: 'forgets what the guest writes to its disks and flash',
    apply: (draft) => {
      draft.snapshot = true;
    },
  },
  {
    names: ['device'],
    argument: '[driver=]MODEL[,id=ID][,bus=virtio-mmio-bus.N][,...]',
    doc: 'device for a virtio slot, also as JSON (`-device help` lists the models); repeatable',
    answer: (argument) => (argument === 'help' ? listing('Devices:', Object.entries(DEVICE_MODELS)) : undefined),
    apply: (draft, argument, option) => {
      draft.devices.push(parseDevice(argument, option));
    },
  },
  {
    names: ['netdev'],
    argument: `${NETDEV_TYPES.join('|')},id=ID[,...]`,
    doc: 'network back end for -device: user[,net=NET/BITS][,hostfwd=[tcp|udp]:[HOST]:PORT-[GUEST]:PORT]...[,host=ADDR][,dns=ADDR][,dhcpstart=ADDR][,hostname=NAME][,restrict=on]; socket,listen=[HOST]:PORT or connect=HOST:PORT or fd=N or udp=HOST:PORT,localaddr=HOST:PORT; stream[,server=on],addr.type=unix,addr.path=PATH or addr.type=inet,addr.host=HOST,addr.port=PORT; dgram,local.type=inet,local.host=HOST,local.port=PORT,remote.type=inet,...; repeatable',
    answer: (argument) =>
      argument === 'help'
        ? listing(
            'Available netdev backend types:',
            NETDEV_TYPES.map((name) => [`  ${name}`, '']),
          )
        : undefined,
    apply: (draft, argument, option) => addUnique(draft.netdevs, parseNetdev(argument, option), 'netdev'),
  },
  {
    names: ['nic'],
    argument: `none|${NETDEV_TYPES.join('|')}[,mac=MAC][,...]`,
    doc: 'network back end and a device on it; repeatable',
    apply: addNic,
  },
  {
    names: ['net'],
    argument: 'none',
    doc: 'accepted, as there is no network that no option asks for',
    apply: (_draft, argument) => {
      if (argument !== 'none') throw new UsageError(`Parameter 'type' does not accept value '${argument}'`);
    },
  },
  {
    names: ['global'],
    argument: 'virtio-mmio.force-legacy=false',
    doc: 'accepted, as virtio devices have no legacy interface',
    apply: (_draft, argument) => {
      if (!/^virtio-mmio\.force-legacy=(false|off)$/.test(argument))
        throw new UsageError(`property '${argument.split('=')[0]}' cannot be set`);
    },
  },
  {
    names: ['object'],
    argument: 'rng-random|rng-builtin|tls-creds-x509,id=ID[,...]',
    doc: 'source of randomness for virtio-rng-device: rng-random[,filename=FILE], rng-builtin; credentials for -jsonrpc: tls-creds-x509,dir=DIR,endpoint=server[,verify-peer=off], in DIR/server-cert.pem, server-key.pem and ca-cert.pem; repeatable',
    apply: (draft, argument, option) => addUnique(draft.objects, parseObject(argument, option), 'object'),
  },
  {
    names: ['fw_cfg'],
    argument: '[name=]NAME,file=FILE|string=TEXT',
    doc: 'file in the firmware configuration; repeatable',
    apply: (draft, argument, option) => {
      draft.fwCfg.push(parseFwCfg(argument, option));
    },
  },
];
