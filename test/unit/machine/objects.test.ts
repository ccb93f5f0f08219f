import { describe, expect, test } from 'vitest';
import { virtioBlock } from '../../../core/devices/virtio/block.ts';
import { virtioConsole } from '../../../core/devices/virtio/console.ts';
import { virtioNet } from '../../../core/devices/virtio/net.ts';
import { virtioRng } from '../../../core/devices/virtio/rng.ts';
import { boardObjects } from '../../../core/machine/inspect/board.ts';
import { machineObject, ObjectTree } from '../../../core/machine/inspect/tree.ts';
import { isKindOf, lineageOf, OBJECT_TYPES, propertiesOf } from '../../../core/machine/inspect/types.ts';
import { memoryRanges } from '../../../core/machine/virt.ts';
import { FakeCharacter } from '../../support/fakes/fake-character.ts';
import { FakeDisk } from '../../support/fakes/fake-disk.ts';
import { FakeNetwork } from '../../support/fakes/fake-network.ts';
import { RAM_BYTES, watchedBoard } from './wires.ts';

const disk = virtioBlock({ backend: new FakeDisk(1024), serial: 'abc' });
const network = virtioNet({ backend: new FakeNetwork(), mac: Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56) });
const randomness = virtioRng({ take: async (bytes) => new Uint8Array(bytes) });
const carrier = virtioConsole(new FakeCharacter());

/** Asked for in this order: disk, network, randomness without a source of its own, carrier, console. */
const virtio = [
  undefined,
  {
    ...carrier,
    label: { order: 3, properties: {}, carries: { type: 'virtconsole', order: 4, properties: { chardev: 'c0' } } },
  },
  { ...randomness, label: { order: 2, properties: {} } },
  { ...network, label: { order: 1, id: 'net0', properties: { netdev: 'n0' } } },
  { ...disk, label: { order: 0, properties: { drive: 'd0' } } },
];

const tree = new ObjectTree(
  boardObjects({
    harts: 2,
    ramBytes: RAM_BYTES,
    ranges: memoryRanges(watchedBoard(2).bus, RAM_BYTES),
    resetVector: 0x1000n,
    virtio,
    started: { kernel: 'hello.elf', serial: 'serial0', pflash1: 'variables' },
  }),
);

const propertyAt = (path: string, property: string): unknown =>
  tree.properties(path).find(({ name }) => name === property)?.value;

describe('the types', () => {
  test.each(Object.entries(OBJECT_TYPES))(
    '%s derives from one that there is, and declares nothing anew',
    (name, own) => {
      expect(lineageOf(name).at(-1)).toBe('object');
      if (own.parent === undefined) return;
      const inherited = propertiesOf(own.parent);
      expect(Object.keys(own.properties).filter((property) => inherited.has(property))).toEqual([]);
      for (const { description } of Object.values(own.properties)) expect(description).toBeTruthy();
    },
  );
});

describe('the tree of a board', () => {
  test('has what its types declare, and links that lead somewhere', () => {
    for (const [path, { type, values, links }] of tree.all) {
      expect(OBJECT_TYPES[type]?.abstract, path).toBeUndefined();
      const declared = propertiesOf(type);
      expect(
        Object.keys(values).filter((name) => !declared.has(name)),
        path,
      ).toEqual([]);
      for (const { name, type: kind, value } of tree.properties(path)) {
        const target = /^link<(.*)>$/.exec(kind)?.[1];
        if (target === undefined || value === '') continue;
        const found = tree.all.get(String(value));
        expect(found && isKindOf(found.type, target), `${path} ${name}`).toBe(true);
      }
      for (const target of Object.values(links)) expect(propertyAt(target, 'parent_bus')).toBe(path);
    }
  });

  test('has every device of the system bus on it, once', () => {
    const onBus = Object.values(tree.all.get('/machine/unattached/sysbus')!.links);
    const devices = [...tree.all].filter(([, { type }]) => isKindOf(type, 'sys-bus-device')).map(([path]) => path);
    expect(onBus.toSorted()).toEqual(devices.toSorted());
  });

  test('has every range of the memory map in it', () => {
    const regions = [...tree.all.values()].filter(({ type }) => type === 'memory-region');
    const places = new Set(regions.map(({ values }) => `${values.addr} ${values.size}`));
    for (const { start, end, name } of memoryRanges(watchedBoard(2).bus, RAM_BYTES))
      expect(places.has(`${start} ${end - start + 1n}`), name).toBe(true);
  });

  test('knows what was plugged in by id, or by number in the order of the asking', () => {
    expect(tree.properties('/machine/peripheral-anon').map(({ name, type }) => `${name} ${type}`)).toEqual([
      'type string',
      'device[0] child<virtio-blk-device>',
      'device[1] child<virtio-rng-device>',
      'device[2] child<virtio-serial-device>',
      'device[3] child<virtconsole>',
    ]);
    expect(propertyAt('/machine/peripheral/net0', 'mac')).toBe('52:54:00:12:34:56');
    expect(propertyAt('/machine/peripheral/net0', 'netdev')).toBe('n0');
    expect(propertyAt('/machine/peripheral/net0', 'parent_bus')).toBe(
      '/machine/unattached/device[7]/virtio-mmio-bus.3',
    );
    expect(propertyAt('/machine/peripheral-anon/device[3]', 'parent_bus')).toBe(
      '/machine/peripheral-anon/device[2]/virtio-serial-bus.0',
    );
    expect(propertyAt('/machine/peripheral-anon/device[1]', 'rng')).toBe(
      '/machine/peripheral-anon/device[1]/default-backend',
    );
    expect(propertyAt('/machine/virt.flash1', 'drive')).toBe('variables');
  });

  test.each([
    ['/machine/soc0/harts[1]', ['/machine/soc0/harts[1]']],
    ['harts[1]', ['/machine/soc0/harts[1]']],
    ['//machine//soc0/', ['/machine/soc0']],
    ['peripheral/net0/parent_bus', ['/machine/unattached/device[7]/virtio-mmio-bus.3']],
    ['/machine/unattached/sysbus/child[0]', ['/machine/soc0']],
    ['/', ['/']],
    ['/soc0', []],
    ['/machine/soc0/harts[2]', []],
    ['/machine/soc0/num-harts', []],
    ['nosuch', []],
  ])('finds %s', (path, expected) => {
    expect(tree.find(path).map(([found]) => found)).toEqual(expected);
  });

  test('does not choose between objects that a path may mean', () => {
    expect(tree.find('device[0]').length).toBe(2);
    expect(tree.find('').length).toBe(tree.all.size);
  });
});

test('a link that leads nowhere is not followed', () => {
  const lost = new ObjectTree(
    machineObject('', 'container', { children: [machineObject('a', 'System', { links: { b: '/c' } })] }),
  );
  expect(lost.at('/a/b')).toBeUndefined();
});
