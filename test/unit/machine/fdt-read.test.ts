import { describe, expect, test } from 'vitest';
import { virtDeviceTree } from '../../../core/machine/boot/device-tree.ts';
import { flatten, node } from '../../../core/machine/boot/fdt.ts';
import { FdtError, unflatten } from '../../../core/machine/boot/fdt-read.ts';
import { Random, SEED } from '../../support/random.ts';

test('what has been written is read', () => {
  const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
  const root = node('', { a: bytes(1, 2, 3), there: bytes() }, [
    node('b@1', { a: bytes(0, 0, 0, 9) }, [node('c', {})]),
    node('d', {}),
  ]);
  expect(unflatten('x', flatten(root))).toEqual(root);
});

test('writing what has been read gives the same bytes', () => {
  const blob = virtDeviceTree({ harts: 2, ramBytes: 1 << 27, bootargs: 'x' });
  expect(flatten(unflatten('x', blob))).toEqual(blob);
});

describe('what is no tree is refused', () => {
  const good = flatten(node('', { a: 1 }, [node('b', {})]));
  const changed = (offset: number, value: number): Uint8Array => {
    const bytes = Uint8Array.from(good);
    new DataView(bytes.buffer).setUint32(offset, value);
    return bytes;
  };
  const structure = 56;

  test.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), 'x: is not a flattened device tree'],
    ['another file', new Uint8Array(1000), 'x: is not a flattened device tree'],
    ['a tree of the future', changed(24, 18), 'x: is written for readers of version 18'],
    ['one that is cut off', good.subarray(0, structure + 10), 'x: ends in the middle'],
    ['one whose parts are elsewhere', changed(8, 1 << 30), 'x: ends in the middle'],
    ['one without a root', changed(structure, 9), 'x: has no root'],
    ['one of other tokens', changed(structure + 8, 77), 'x: has 77 at 64, which is no token'],
  ])('%s', (_, blob, complaint) => {
    expect(() => unflatten('x', blob)).toThrow(new FdtError(complaint));
  });

  test('nodes that cannot be told apart', () => {
    const twice = Buffer.from(flatten(node('', {}, [node('one', {}), node('two', {})])));
    twice.write('one', twice.indexOf('two'));
    expect(() => unflatten('x', twice)).toThrow(new FdtError('x: has two nodes called one'));
  });

  test('nodes within nodes without end', () => {
    const endless = Buffer.alloc(4000);
    Buffer.from(good).copy(endless, 0, 0, 40);
    for (let at = structure; at < 3000; at += 8) endless.writeUInt32BE(1, at);
    expect(() => unflatten('x', endless)).toThrow('x: has more than 64 nodes within each other');
  });

  test(`anything, by no other error (seed ${SEED})`, () => {
    const random = new Random(SEED);
    const blob = virtDeviceTree({ harts: 1, ramBytes: 1 << 27 });
    for (let round = 0; round < 300; round++) {
      const broken = Uint8Array.from(blob);
      for (let count = random.between(1, 20); count > 0; count--) broken[random.below(blob.length)] = random.word();
      try {
        unflatten('x', broken);
      } catch (error) {
        expect(error).toBeInstanceOf(FdtError);
      }
    }
  });
});
