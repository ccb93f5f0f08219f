import { beforeEach, describe, expect, it, vi } from 'vitest';
import { SerialLine } from '../../../../server/chardev/serial.ts';
import { FakeChannel } from '../../../support/fakes/fake-channel.ts';

describe('SerialLine', () => {
  let line: SerialLine;
  let client: FakeChannel;
  beforeEach(() => {
    line = new SerialLine();
    client = new FakeChannel();
  });

  it('drops output while nobody is connected, and never asks the device to wait for nobody', () => {
    expect(line.write(Buffer.from('lost'))).toBe(true);
    line.attach(client);
    line.write(Buffer.from('seen'));
    client.close();
    expect(line.write(Buffer.from('lost'))).toBe(true);
    expect(client.output).toBe('seen');
  });

  it('lets a slow client hold the device up, and a client that goes away let go of it', () => {
    const drained = vi.fn();
    line.onDrain(drained);
    line.attach(client);
    client.full = true;
    expect(line.write(Buffer.from('x'))).toBe(false);
    client.drain();
    expect(drained).toHaveBeenCalledTimes(1);
    client.full = true;
    line.write(Buffer.from('y'));
    client.close();
    expect(drained).toHaveBeenCalledTimes(2);
  });

  it('offers what the device did not take again, in order, and nothing twice', () => {
    let received = '';
    let room = 3;
    line.onData((bytes) => {
      const taken = bytes.subarray(0, room);
      received += Buffer.from(taken).toString();
      room -= taken.length;
      return taken.length;
    });
    line.attach(client);
    client.send('hello');
    expect([received, client.paused]).toEqual(['hel', true]);
    client.send(' world');
    room = 4;
    line.resume();
    expect([received, client.paused]).toEqual(['hello w', true]);
    room = 100;
    line.resume();
    expect([received, client.paused]).toEqual(['hello world', false]);
    line.resume();
    expect(received).toBe('hello world');
  });

  it('keeps what arrives before the device is there', () => {
    line.attach(client);
    client.send('early');
    expect(client.paused).toBe(true);
    let received = '';
    line.onData((bytes) => {
      received += Buffer.from(bytes).toString();
      return bytes.length;
    });
    expect([received, client.paused]).toEqual(['early', false]);
  });
});
