import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ByteStream } from '../../../../monitor/stream.ts';
import { monitorFrontEnd } from '../../../../server/chardev/monitor.ts';
import { FakeChannel } from '../../../support/fakes/fake-channel.ts';

describe('the front end of a monitor', () => {
  const dropped = vi.fn();
  let client: FakeChannel;
  let stream: ByteStream;
  beforeEach(() => {
    vi.useFakeTimers();
    dropped.mockClear();
    client = new FakeChannel();
    monitorFrontEnd((served) => {
      stream = served;
    }, dropped).attach(client);
  });
  afterEach(() => void vi.useRealTimers());

  it('reads no more commands while replies wait', () => {
    client.full = true;
    stream.write('reply');
    expect(client.paused).toBe(true);
    client.drain();
    expect(client.paused).toBe(false);
  });

  it('drops a client that lets replies pile up', () => {
    client.full = true;
    const megabyte = new Uint8Array(1 << 20);
    for (let n = 0; n < 64; n++) stream.write(megabyte);
    expect(client.closed).toBe(false);
    stream.write('x');
    expect([client.closed, dropped.mock.calls.length]).toEqual([true, 1]);
  });

  it('keeps a client that reads, however much it reads', () => {
    const megabyte = new Uint8Array(1 << 20);
    for (let n = 0; n < 200; n++) {
      client.output = '';
      client.full = n % 2 === 0;
      stream.write(megabyte);
      if (client.full) client.drain();
    }
    expect(client.closed).toBe(false);
  });

  it('still answers a client that has ended its side, until a second has passed in silence', () => {
    client.end();
    vi.advanceTimersByTime(900);
    stream.write('reply');
    vi.advanceTimersByTime(900);
    expect(client.closed).toBe(false);
    vi.advanceTimersByTime(200);
    expect(client.closed).toBe(true);
  });
});
