import { describe, expect, test } from 'vitest';
import { flatten, node } from '../../../core/machine/boot/fdt.ts';
import { requireTool } from '../../support/tools.ts';
import { decompile } from './dtc.ts';

describe.skipIf(!requireTool('dtc', 'device-tree-compiler'))('a flattened tree', () => {
  test('comes back with every kind of value', () => {
    const target = node('target@1', {});
    const tree = node('', { text: 'one', empty: true }, [
      target,
      node('values', {
        list: ['one', 'two', 'three'],
        cell: 0xffff_fffe,
        cells: [1, 2, 3],
        wide: 0x1122_3344_5566_7788n,
        range: [0x8000_0000n, 0x1000n],
        mixed: [target, 7, 0x1_0000_0000n],
        reference: target,
        bytes: Uint8Array.of(0xde, 0xad, 0xbe),
      }),
    ]);
    const nodes = decompile(flatten(tree));
    expect([...nodes.keys()]).toEqual(['/', '/target@1', '/values']);
    expect(Object.fromEntries(nodes.get('/')!)).toEqual({ text: '"one"', empty: '' });
    expect(Object.fromEntries(nodes.get('/target@1')!)).toEqual({ phandle: '<0x01>' });
    expect(Object.fromEntries(nodes.get('/values')!)).toEqual({
      list: '"one\\0two\\0three"',
      cell: '<0xfffffffe>',
      cells: '<0x01 0x02 0x03>',
      wide: '<0x11223344 0x55667788>',
      range: '<0x00 0x80000000 0x00 0x1000>',
      mixed: '<0x01 0x07 0x01 0x00>',
      reference: '<0x01>',
      bytes: '[de ad be]',
    });
  });
});

test('names its total size in its header', () => {
  const blob = flatten(node('', {}, [node('child', { a: 1 })]));
  const header = new DataView(blob.buffer);
  expect([header.getUint32(0), header.getUint32(4)]).toEqual([0xd00dfeed, blob.length]);
});

test('a reference out of the tree is refused', () => {
  expect(() => flatten(node('', {}, [node('here', { to: node('elsewhere', {}) })]))).toThrow(
    'here: to refers to elsewhere, which is not in the tree',
  );
});

test('two nodes of one name beside each other are refused', () => {
  expect(() => flatten(node('', {}, [node('twin', {}), node('twin', {})]))).toThrow('/ has two children called twin');
});
