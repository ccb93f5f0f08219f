import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { StreamChannel } from '../../../../server/chardev/channel.ts';
import { socketBackend } from '../../../../server/chardev/socket.ts';
import { parseDevice } from '../../../../server/chardev/spec.ts';
import { TelnetReader, telnetEscaped } from '../../../../server/chardev/telnet.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const text = (data: Uint8Array): string => Buffer.from(data).toString('latin1');

/** WILL, WONT, DO, DONT BINARY. */
const [WILL, WONT, DO, DONT] = ['\xff\xfb\x00', '\xff\xfc\x00', '\xff\xfd\x00', '\xff\xfe\x00'];

describe('data', () => {
  it.each([
    ['as it is', 'info name\r\n', 'info name\r\n'],
    ['between options', `a${WILL}b${WONT}c${DO}d${DONT}e`, 'abcde'],
    ['between commands', 'a\xff\xf3b\xff\xf1c', 'abc'],
    ['that looks like a command', '\xff\xffx\xff\xff', '\xffx\xff'],
    ['around a subnegotiation', 'a\xff\xfa\x18\x00x\xff\xff\xf0y\xff\xf0b', 'ab'],
    ['with a return of its own', 'a\r\0b\r\nc', 'a\rb\r\nc'],
    ['with zeros elsewhere', 'a\0b\r\r\0', 'a\0b\r\r'],
    ['with zeros as they are', `${WILL}a\r\0b`, 'a\r\0b'],
    ['with zeros as they no longer are', `${WILL}${WONT}a\r\0b`, 'a\rb'],
  ])('%s', (_, sent, expected) => {
    expect(text(new TelnetReader().feed(bytes(sent)))).toBe(expected);
    // However it is cut.
    const reader = new TelnetReader();
    expect(Array.from(bytes(sent), (byte) => text(reader.feed(Uint8Array.of(byte)))).join('')).toBe(expected);
  });

  it('is sent so that nothing of it looks like a command', () => {
    expect(text(telnetEscaped('abc'))).toBe('abc');
    expect(text(telnetEscaped(bytes('a\xffb\xff')))).toBe('a\xff\xffb\xff\xff');
  });
});

describe('a server', () => {
  it('greets, and takes the protocol off', async () => {
    const probe = createServer().listen(0, 'localhost');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));

    const { chardev } = parseDevice(`telnet:localhost:${port},server=on,wait=off`, 'x', '-monitor');
    expect(chardev.backend).toMatchObject({ type: 'socket', telnet: true, server: true });
    if (chardev.backend.type !== 'socket') throw new Error('no socket');
    const backend = socketBackend(chardev.backend);
    onTestFinished(() => backend.close());
    const channels: StreamChannel[] = [];
    await backend.open((channel) => channels.push(channel as StreamChannel));

    const client = connect({ host: 'localhost', port });
    onTestFinished(() => void client.destroy());
    let output = '';
    client.on('data', (part: Buffer) => {
      output += text(part);
    });
    await expect.poll(() => channels.length).toBe(1);
    let received = '';
    channels[0]!.onData((part) => {
      received += text(part);
    });
    channels[0]!.write(bytes('\xff!'));
    client.write(bytes(`${DO}hello${WILL}\r\n`));
    await expect.poll(() => received).toBe('hello\r\n');
    await expect.poll(() => output).toBe('\xff\xfb\x01\xff\xfb\x03\xff\xfb\x00\xff\xfd\x00\xff\xff!');
  });
});
