import { describe, expect, test } from 'vitest';
import {
  type Chain,
  locateRings,
  nextHead,
  readBytes,
  readChain,
  returnChain,
  writeBytes,
} from '../../../../core/devices/virtio/queue.ts';
import { DESCRIPTOR, descriptor } from '../../../support/virtio-driver.ts';
import { benchRam, RAM_ADDRESS } from '../ram.ts';

const SIZE = 8;
const AVAILABLE = 0x100;
const USED = 0x200;

function queue() {
  const ram = benchRam();
  const rings = locateRings(ram.dma, SIZE, RAM_ADDRESS, RAM_ADDRESS + AVAILABLE, RAM_ADDRESS + USED);
  const chain = (head: number): Chain => ({
    queue: 0,
    generation: 0,
    head,
    done: 0,
    ...readChain(ram.dma, rings, head, true),
  });
  return {
    ...ram,
    rings,
    chain,
    setAvailable(index: number, ...heads: number[]) {
      for (const [n, head] of heads.entries())
        ram.view.setUint16(AVAILABLE + 4 + 2 * ((index - heads.length + n + 0x1_0000) % SIZE), head, true);
      ram.view.setUint16(AVAILABLE + 2, index, true);
    },
    describe: (index: number, bytes: Uint8Array) => ram.bytes.set(bytes, 16 * index),
  };
}

describe('indices', () => {
  test('wrap around after 65535', () => {
    const { dma, rings, setAvailable } = queue();
    setAvailable(1, 5, 6);
    expect(nextHead(dma, rings, 0xffff, false)).toBe(5);
    expect(nextHead(dma, rings, 0, false)).toBe(6);
    expect(nextHead(dma, rings, 1, false)).toBeUndefined();
  });

  test('a queue that is full is not one whose index has run away', () => {
    const { dma, rings, setAvailable } = queue();
    setAvailable(4, 0, 1, 2, 3, 4, 5, 6, 7);
    expect(nextHead(dma, rings, 0xfffc, false)).toBe(0);
    expect(() => nextHead(dma, rings, 0xfffb, false)).toThrow('moved ahead by 9');
  });

  test('the device says from when on it wants to be notified, only once it has seen everything', () => {
    const { dma, rings, setAvailable, view } = queue();
    const event = (): number => view.getUint16(USED + 4 + 8 * SIZE, true);
    setAvailable(0xffff, 3);
    expect([nextHead(dma, rings, 0xfffe, true), event()]).toEqual([3, 0]);
    expect([nextHead(dma, rings, 0xffff, true), event()]).toEqual([undefined, 0xffff]);
    expect([nextHead(dma, rings, 0xffff, false), event()]).toEqual([undefined, 0xffff]);
  });

  test('chains are returned in their order, round the ring', () => {
    const { dma, rings, chain, describe, view } = queue();
    describe(2, descriptor(RAM_ADDRESS, 4, 0));
    describe(3, descriptor(RAM_ADDRESS, 4, 0));
    returnChain(dma, rings, chain(2), 17, 0xffff, false);
    returnChain(dma, rings, chain(3), 4, 0, false);
    const element = (index: number): number[] => [0, 4].map((at) => view.getUint32(USED + 4 + 8 * index + at, true));
    expect([element(7), element(0), view.getUint16(USED + 2, true)]).toEqual([[2, 17], [3, 4], 1]);
  });

  test.each([
    ['the flag is clear', false, 0, 0, 0, true],
    ['the flag is set', false, 1, 0, 0, false],
    ['it waits for this one', true, 0, 6, 6, true],
    ['it waits for this one, whatever the flag', true, 1, 6, 6, true],
    ['it waits for a later one', true, 0, 7, 6, false],
    ['it has waited for an earlier one', true, 0, 5, 6, false],
    ['it waits for the last before the index wraps', true, 0, 0xffff, 0xffff, true],
  ])('the driver is interrupted or not: %s', (_, events, flag, event, returned, interrupts) => {
    const { dma, rings, chain, describe, view } = queue();
    describe(0, descriptor(RAM_ADDRESS, 4, 0));
    view.setUint16(AVAILABLE, flag, true);
    view.setUint16(AVAILABLE + 4 + 2 * SIZE, event, true);
    expect(returnChain(dma, rings, chain(0), 0, returned, events)).toBe(interrupts);
  });
});

describe('chains', () => {
  const READABLE = 0x1000;
  const WRITABLE = 0x2000;

  /** 3 + 5 bytes to be read, 4 + 4 to be written, the last of them by way of an indirect table. */
  function scattered() {
    const made = queue();
    made.describe(0, descriptor(RAM_ADDRESS + READABLE, 3, DESCRIPTOR.next, 4));
    made.describe(4, descriptor(RAM_ADDRESS + READABLE + 0x100, 5, DESCRIPTOR.next, 2));
    made.describe(2, descriptor(RAM_ADDRESS + 0x800, 32, DESCRIPTOR.indirect | DESCRIPTOR.write));
    made.bytes.set(descriptor(RAM_ADDRESS + WRITABLE + 0x100, 4, DESCRIPTOR.write | DESCRIPTOR.next, 1), 0x800);
    made.bytes.set(descriptor(RAM_ADDRESS + WRITABLE, 4, DESCRIPTOR.write), 0x810);
    made.bytes.set(Buffer.from('abc'), READABLE);
    made.bytes.set(Buffer.from('defgh'), READABLE + 0x100);
    return { ...made, whole: made.chain(0) };
  }

  test('may end in an indirect table', () => {
    const { whole } = scattered();
    expect([whole.readableBytes, whole.writableBytes, whole.readable.length, whole.writable.length]).toEqual([
      8, 8, 2, 2,
    ]);
  });

  test.each([
    [0, 8, 'abcdefgh'],
    [0, 3, 'abc'],
    [2, 3, 'cde'],
    [3, 5, 'defgh'],
    [8, 0, ''],
  ])('from %i, %i bytes are read', (offset, bytes, expected) => {
    const { dma, whole } = scattered();
    expect(Buffer.from(readBytes(dma, whole, offset, bytes)).toString()).toBe(expected);
  });

  test('are written where their buffers are', () => {
    const { dma, whole, bytes, pages } = scattered();
    writeBytes(dma, whole, 3, Buffer.from('xyz'));
    expect(Buffer.from(bytes.subarray(WRITABLE + 0x100, WRITABLE + 0x104)).toString()).toBe('\0\0\0x');
    expect(Buffer.from(bytes.subarray(WRITABLE, WRITABLE + 4)).toString()).toBe('yz\0\0');
    expect(pages).toEqual([RAM_ADDRESS + WRITABLE, RAM_ADDRESS + WRITABLE]);
  });

  test('are not left', () => {
    const { dma, whole } = scattered();
    expect(() => readBytes(dma, whole, 6, 3)).toThrow(RangeError);
    expect(() => writeBytes(dma, whole, 8, Uint8Array.of(1))).toThrow(RangeError);
  });

  test('of as many descriptors as the queue has are good', () => {
    const { describe, chain } = queue();
    for (let index = 0; index < SIZE; index++)
      describe(index, descriptor(RAM_ADDRESS, 1, index < SIZE - 1 ? DESCRIPTOR.next : 0, index + 1));
    expect(chain(0).readableBytes).toBe(SIZE);
  });

  test('of 1024 descriptors in a table are good, and no more', () => {
    const { describe, chain, bytes } = queue();
    const fill = (count: number): void => {
      for (let index = 0; index < count; index++)
        bytes.set(
          descriptor(RAM_ADDRESS, 1, index < count - 1 ? DESCRIPTOR.next : 0, index + 1),
          0x1_0000 + 16 * index,
        );
      describe(0, descriptor(RAM_ADDRESS + 0x1_0000, 16 * count, DESCRIPTOR.indirect));
    };
    fill(1024);
    expect(chain(0).readableBytes).toBe(1024);
    fill(1025);
    expect(() => chain(0)).toThrow('does not end within 1024 descriptors');
  });
});
