import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Channel } from '../../../../server/chardev/channel.ts';
import { attachMux } from '../../../../server/chardev/mux.ts';
import { FakeChannel } from '../../../support/fakes/fake-channel.ts';

/** A front end that keeps its channel and what it has received. */
function frontEnd(kind: 'serial' | 'monitor') {
  const end = {
    kind,
    channel: undefined as unknown as Channel,
    input: '',
    closed: false,
    attach(channel: Channel) {
      end.channel = channel;
      channel.onData((bytes) => {
        end.input += Buffer.from(bytes).toString('latin1');
      });
      channel.onClose(() => {
        end.closed = true;
      });
    },
  };
  return end;
}

describe('a mux', () => {
  let client: FakeChannel;
  let serial: ReturnType<typeof frontEnd>;
  let monitor: ReturnType<typeof frontEnd>;
  const exit = vi.fn();

  function connect(focus = 0): void {
    client = new FakeChannel();
    serial = frontEnd('serial');
    monitor = frontEnd('monitor');
    exit.mockClear();
    const now = (): Date => new Date('2026-01-02T03:04:05.678Z');
    attachMux(client, [serial, monitor], { focus, exit, now });
  }
  beforeEach(() => connect());

  it('sends what is typed to the one that has the focus', () => {
    client.send('ls\x01cinfo\x01c\x01\x01ls');
    expect([serial.input, monitor.input]).toEqual(['ls\x01ls', 'info']);
  });

  it('begins where it is told to', () => {
    connect(1);
    client.send('info');
    expect([serial.input, monitor.input]).toEqual(['', 'info']);
  });

  it('shows the serial line always, and the monitor when it has the focus', () => {
    monitor.channel.write('banner\r\n(qemu) ');
    serial.channel.write('boot\r\n');
    expect(client.taken()).toBe('boot\r\n');
    client.send('\x01c');
    serial.channel.write('tick\r\n');
    expect(client.taken()).toBe('banner\r\n(qemu) tick\r\n');
  });

  it('begins a new line at a switch unless it is at the start of one', () => {
    serial.channel.write('login: ');
    client.send('\x01c');
    expect(client.taken()).toBe('login: \r\n');
    client.send('\x01c');
    expect(client.taken()).toBe('');
  });

  it('shows the unfinished line of the monitor again when it comes back', () => {
    monitor.channel.write('done\r\n(qemu) ');
    client.send('\x01c');
    monitor.channel.write('inf');
    client.taken();
    client.send('\x01c');
    expect(client.taken()).toBe('\r\n');
    monitor.channel.write('o');
    serial.channel.write('tick\r\n');
    client.taken();
    client.send('\x01c');
    expect(client.taken()).toBe('(qemu) info');
  });

  it('helps', () => {
    client.send('\x01h');
    expect(client.output).toContain('C-a x    exit emulator\r\n');
    expect(client.output).toContain('C-a C-a  sends C-a\r\n');
    expect(serial.input).toBe('');
  });

  it('exits', () => {
    client.send('\x01x');
    expect(exit).toHaveBeenCalledOnce();
    expect(client.output).toBe('vivarium: terminated\r\n');
  });

  it('puts the time in front of each line of the console', () => {
    client.send('\x01t');
    serial.channel.write('one\r\ntwo');
    serial.channel.write(' three\r\n');
    expect(client.taken()).toBe('[03:04:05.678] one\r\n[03:04:05.678] two three\r\n');
    client.send('\x01t');
    serial.channel.write('four\r\n');
    expect(client.taken()).toBe('four\r\n');
  });

  it('keeps what is typed while the front end is paused, and stops the client only when that grows', () => {
    serial.channel.pause();
    client.send('x'.repeat(60_000));
    expect(client.paused).toBe(false);
    client.send('y'.repeat(60_000));
    expect([client.paused, serial.input.length]).toEqual([true, 0]);
    client.send('\x01cinfo');
    expect(monitor.input).toBe('info');
    serial.channel.resume();
    expect([client.paused, serial.input.length]).toEqual([false, 120_000]);
  });

  it('hands back-pressure of the client to all front ends', () => {
    const drained = vi.fn();
    serial.channel.onDrain(drained);
    client.full = true;
    expect(serial.channel.write('x')).toBe(false);
    client.drain();
    expect(drained).toHaveBeenCalledOnce();
  });

  it('ends with the client', () => {
    client.close();
    expect([serial.closed, monitor.closed]).toEqual([true, true]);
    expect(serial.channel.write('lost')).toBe(true);
    expect(client.output).toBe('');
  });

  it('passes every byte value both ways', () => {
    const all = String.fromCharCode(...Array.from({ length: 256 }, (_, n) => n)).replace('\x01', '\x01\x01');
    client.send(all);
    serial.channel.write(Buffer.from(all, 'latin1'));
    expect(serial.input).toBe(all.replace('\x01\x01', '\x01'));
    expect(client.output).toBe(all);
  });
});
