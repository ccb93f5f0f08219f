/**
 * A machine with a device of each kind, looked at under QEMU and here: where both have a thing, they call it the same.
 * What only one of them has is taken out first: there is no PCI here, interrupt lines are no objects, and devices have
 * the properties of their own models.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { MAIN } from '../support/daemon.ts';
import { requireTool } from '../support/tools.ts';

const QEMU = 'qemu-system-riscv64';

interface Reply {
  readonly return?: unknown;
  readonly error?: object;
}

type Request = string | { readonly execute: string; readonly arguments?: object };

/** Lines that are run by `human-monitor-command`, and QMP commands. */
const REQUESTS: readonly Request[] = [
  'info qom-tree',
  'info qtree',
  'info network',
  'info chardev',
  'info block',
  'info block -v d0',
  'info blockstats',
  'info mtree -o',
  'info numa',
  'info virtio',
  'info qom-tree nosuch',
  'info qom-tree /machine/peripheral',
  'info virtio-status /machine',
  'qom-list nosuch',
  'qom-get /machine nosuch',
  'qom-get /machine/soc0 num-harts',
  'qom-get net0 mac',
  // QEMU's own list of lines that any monitor must survive, so far as both have the command.
  'boot_set ndc',
  'commit all',
  'commit nosuch',
  'commit d0',
  'cpu 0',
  'device_add nosuch',
  'device_add',
  'device_add virtio-device',
  'device_add goldfish_rtc',
  'device_del nosuch',
  'gpa2hva 0',
  'gpa2hva 0x10000000',
  'gva2gpa 0',
  'gva2gpa 0x80000000',
  'gva2gpa',
  'i /w 0',
  'i /b 0x3f8',
  'i /h 0x10010',
  'o /w 0 0x1234',
  'o /w 0',
  'mouse_button 7',
  'mouse_button 0',
  'mouse_move 50 50',
  'mouse_move 1',
  'mouse_set 1',
  'info mice',
  'netdev_add user',
  'netdev_add nosuch,id=x',
  'netdev_del nosuch',
  'object_add rng-builtin',
  'object_add nosuch,id=x',
  'object_del nosuch',
  'object_del riscv_virt_board.ram',
  'p 8 + 8',
  'qom-list /',
  'screendump /nosuch/x',
  'sendkey x',
  'stopcapture 0',
  'info capture',
  'set_link net0 off',
  'set_link n0 on',
  'set_link nosuch on',
  'set_link net0 x',
  'sum 0x81000000 512',
  'xp /16xw 0x81000000',
  'xp /16x 0',
  'balloon 100',
  'info balloon',
  'info block-jobs',
  'info usb',
  'info tpm',
  'info iothreads',
  'info memory-devices',
  'info hotpluggable-cpus',
  { execute: 'device_add', arguments: { driver: 'nosuch' } },
  { execute: 'device_add', arguments: { driver: 'virtio-device', id: 'x' } },
  { execute: 'device_del', arguments: { id: 'nosuch' } },
  { execute: 'device_del', arguments: { id: '/machine/nosuch' } },
  { execute: 'netdev_add', arguments: { type: 'user' } },
  { execute: 'netdev_add', arguments: { type: 'nosuch', id: 'x' } },
  { execute: 'netdev_del', arguments: { id: 'nosuch' } },
  { execute: 'object-add', arguments: { 'qom-type': 'nosuch', id: 'x' } },
  { execute: 'object-del', arguments: { id: 'nosuch' } },
  { execute: 'qom-get', arguments: { path: 'net0', property: 'parent_bus' } },
  { execute: 'qom-get', arguments: { path: '/machine/peripheral-anon/device[0]', property: 'drive' } },
  { execute: 'qom-get', arguments: { path: '/machine/unattached/device[4]', property: 'virtio-mmio-bus.0' } },
  { execute: 'qom-get', arguments: { path: '/machine', property: 'type' } },
  { execute: 'qom-get', arguments: { path: '/machine', property: 'initrd' } },
  { execute: 'qom-get', arguments: { path: '/nosuch', property: 'type' } },
  { execute: 'qom-list', arguments: { path: 'device[0]' } },
  { execute: 'qom-list', arguments: { path: '/machine/peripheral' } },
  { execute: 'qom-list', arguments: { path: '/machine/unattached/sysbus/child[0]/harts[1]/parent_bus/nosuch' } },
  { execute: 'qom-list-types', arguments: { implements: 'nosuch' } },
  { execute: 'qom-list-types', arguments: { implements: 'virtio-serial-bus', abstract: true } },
  { execute: 'qom-list-properties', arguments: { typename: 'nosuch' } },
  { execute: 'device-list-properties', arguments: { typename: 'nosuch' } },
  { execute: 'device-list-properties', arguments: { typename: 'virt-machine' } },
  { execute: 'device-list-properties', arguments: { typename: 'virtio-device' } },
  { execute: 'query-block' },
  { execute: 'query-chardev' },
  { execute: 'query-rx-filter', arguments: { name: 'nosuch' } },
  { execute: 'query-rx-filter', arguments: { name: 'n0' } },
  { execute: 'x-query-virtio' },
  { execute: 'x-query-numa' },
];

function run(program: readonly string[], options: readonly string[]): readonly Reply[] {
  const commands = REQUESTS.map((request) =>
    typeof request === 'string'
      ? { execute: 'human-monitor-command', arguments: { 'command-line': request } }
      : request,
  );
  const all = [{ execute: 'qmp_capabilities' }, ...commands, { execute: 'quit' }];
  const [command = '', ...words] = program;
  const { stdout, stderr } = spawnSync(command, [...words, ...options, '-qmp', 'stdio'], {
    input: all.map((request) => JSON.stringify(request)).join('\n'),
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const replies = stdout.split('\r\n').filter((line) => /^\{"(return|error)": /.test(line));
  expect(replies.length, stderr).toBe(all.length);
  return replies.slice(1, -1).map((reply) => JSON.parse(reply));
}

function optionsIn(directory: string): readonly string[] {
  const disk = join(directory, 'disk');
  writeFileSync(disk, '');
  truncateSync(disk, 1 << 20);
  return [
    ...['-M', 'virt', '-m', '64M', '-smp', '2', '-display', 'none', '-nodefaults', '-bios', 'none', '-S'],
    ...['-drive', `if=none,id=d0,file=${disk},format=raw`, '-device', 'virtio-blk-device,drive=d0,serial=abc'],
    ...['-netdev', 'user,id=n0', '-device', 'virtio-net-device,netdev=n0,id=net0'],
    ...['-netdev', 'user,id=n1,net=10.9.0.0/16', '-device', 'virtio-net-device,netdev=n1'],
    ...['-device', 'virtio-rng-device', '-chardev', 'null,id=c0'],
    ...['-device', 'virtio-serial-device', '-device', 'virtconsole,chardev=c0', '-serial', 'null'],
  ];
}

/** What there is of each other kind at the end of the numbers: QEMU's PCI host and platform bus come in between. */
const renumbered = (text: string): string =>
  text.replaceAll('device[14]', 'device[12]').replaceAll('device[15]', 'device[13]');

/** Lines but for those that `only` one has, with what is below them. */
function without(text: string, only: RegExp): string[] {
  const depth = (line: string): number => line.search(/\S/);
  let skipped = Number.POSITIVE_INFINITY;
  return text.split('\r\n').filter((line) => {
    if (depth(line) > skipped) return false;
    skipped = only.test(line) ? depth(line) : Number.POSITIVE_INFINITY;
    return skipped === Number.POSITIVE_INFINITY;
  });
}

/** Devices and buses of `info qtree`, with their interrupt lines and addresses. */
const skeleton = (text: string): string[] =>
  without(text, /dev: (gpex-pcihost|platform-bus-device)/).filter((line) =>
    // QEMU does not know the addresses of some of its devices.
    /^ *(bus:|type|dev:|gpio|mmio (?!f{16}))/.test(line),
  );

/** Properties that both have, as `DEVICE: NAME = VALUE`, but for those of models. */
function properties(text: string): string[] {
  let device = '';
  return text.split('\r\n').flatMap((line) => {
    device = /dev: ([^,]*)/.exec(line)?.[1] ?? device;
    return / = /.test(line) ? [`${device}: ${line.trim()}`] : [];
  });
}

/** What differs on purpose: see the description of the properties. */
const OF_MODELS =
  /^(virtio-\w+-device: (csum|queue|rx|tx|mrg|ctrl|max_ports|discard)|virtio-\w+: force-legacy|serial-mm: chardev)/;

describe.skipIf(!requireTool(QEMU, 'qemu-system-misc'))('under QEMU and here', () => {
  let theirs: readonly Reply[];
  let ours: readonly Reply[];
  beforeAll(() => {
    const directory = mkdtempSync(join(tmpdir(), 'vivarium-'));
    const options = optionsIn(directory);
    theirs = run([QEMU], options);
    ours = run([process.execPath, MAIN], options);
    rmSync(directory, { recursive: true });
  });

  const of = (replies: readonly Reply[], request: Request): Reply => replies[REQUESTS.indexOf(request)]!;
  const textOf = (replies: readonly Reply[], line: string): string => String(of(replies, line).return);

  test('the tree of objects is the same', () => {
    const only = /\(irq\)|gpex|platform-bus|\/io\[0\]/;
    const lines = without(renumbered(textOf(theirs, 'info qom-tree')), only);
    // Theirs come in the order of the names, which renumbering has disturbed.
    expect(without(textOf(ours, 'info qom-tree'), only).toSorted()).toEqual(lines.toSorted());
  });

  test('devices sit on the same buses, and have the same lines and addresses', () => {
    const known = skeleton(textOf(theirs, 'info qtree'));
    const found = skeleton(textOf(ours, 'info qtree')).filter((line) => known.includes(line));
    expect(found).toEqual(known);
  });

  test('properties that both have are equal', () => {
    const known = new Map(properties(textOf(theirs, 'info qtree')).map((line) => [line.split(' = ')[0]!, line]));
    const common = properties(textOf(ours, 'info qtree')).filter((line) => {
      const name = line.split(' = ')[0]!;
      return known.has(name) && !OF_MODELS.test(line) && !/^cfi.*name|^virtio-net-device: (mac|netdev)/.test(line);
    });
    expect(common.length).toBeGreaterThan(30);
    expect(common.filter((line) => known.get(line.split(' = ')[0]!) !== line)).toEqual([]);
  });

  test('ranges of memory belong to the same objects', () => {
    const rows = (text: string): string[] =>
      renumbered(text)
        .split('\r\n\r\n')
        .find((part) => part.includes('address-space: memory'))!
        .split('\r\n')
        .filter((line) => /owner|parent/.test(line) && !/gpex|pcie|platform/.test(line));
    expect(rows(textOf(ours, 'info mtree -o'))).toEqual(rows(textOf(theirs, 'info mtree -o')));
  });

  /** Names that QEMU makes up for nodes change from run to run; of a JSON object, what both have is compared. */
  const plain = (value: unknown): string => String(value).replaceAll(/#block\d+/g, '#block000');

  test.each(
    REQUESTS.filter(
      (request): request is string => typeof request === 'string' && !/qom-tree$|qtree|mtree/.test(request),
    ),
  )('%s', (line) => {
    expect(plain(textOf(ours, line))).toBe(plain(textOf(theirs, line)));
  });

  test.each(REQUESTS.filter((request) => typeof request !== 'string'))('$execute $arguments', (request) => {
    // What is a list to QMP is a set to QEMU, in any order.
    const text = (value: unknown): string =>
      JSON.stringify(value, (_, each) =>
        typeof each === 'object' && each !== null && !Array.isArray(each)
          ? Object.fromEntries(Object.entries(each).toSorted(([one], [other]) => (one < other ? -1 : 1)))
          : each,
      );
    const normal = ({ return: value, error }: Reply): unknown =>
      Array.isArray(value) ? value.map((each) => plain(text(each))).toSorted() : plain(text(value ?? error));
    expect(normal(of(ours, request))).toEqual(normal(of(theirs, request)));
  });
});
