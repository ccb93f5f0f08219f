import { expect, it } from 'vitest';
import { RingBuffer } from '../../../../server/chardev/ring-buffer.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const bytes = (string: string): Uint8Array => Buffer.from(string, 'latin1');

it('gives back what it was given, oldest first, once', () => {
  const ring = new RingBuffer(8);
  ring.write(bytes('abcde'));
  expect(text(ring.read(2))).toBe('ab');
  ring.write(bytes('fgh'));
  expect(text(ring.read(100))).toBe('cdefgh');
  expect(text(ring.read(100))).toBe('');
});

it('forgets the oldest where there is no room', () => {
  const ring = new RingBuffer(8);
  ring.write(bytes('0123456789'));
  ring.write(bytes('ab'));
  expect(text(ring.read(100))).toBe('456789ab');
  ring.write(bytes(`${'x'.repeat(1000)}12345678`));
  expect(text(ring.read(3))).toBe('123');
});

it('is a client that takes everything, until it is closed', async () => {
  const ring = new RingBuffer(8);
  let closed = 0;
  await ring.open((client) => {
    client.onClose(() => closed++);
    expect(client.write('äb')).toBe(true);
    client.close();
    client.close();
  });
  expect([...ring.read(8)]).toEqual([0xc3, 0xa4, 0x62]);
  expect(closed).toBe(1);
});
