import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Channel } from '../../../../server/chardev/channel.ts';
import { type Input, stdioBackend } from '../../../../server/chardev/stdio.ts';

/** A terminal that remembers its mode. */
function terminal() {
  const modes: boolean[] = [];
  const input: Input = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (raw: boolean) => void modes.push(raw),
  });
  return { input, output: new PassThrough(), modes };
}

async function opened(stdio: { input: Input; output: PassThrough }, signal: boolean) {
  const backend = stdioBackend(stdio, signal);
  let channel: Channel | undefined;
  await backend.open((client) => {
    channel = client;
  });
  onTestFinished(() => backend.close());
  let received = '';
  channel!.onData((bytes) => {
    received += Buffer.from(bytes).toString('latin1');
  });
  return { backend, channel: channel!, received: () => received };
}

describe('stdio', () => {
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  afterEach(() => void kill.mockClear());

  it('puts a terminal into raw mode, and back when it is closed', async () => {
    const stdio = terminal();
    const { backend } = await opened(stdio, false);
    expect(stdio.modes).toEqual([true]);
    backend.close();
    expect(stdio.modes).toEqual([true, false]);
    backend.close();
    expect(stdio.modes).toEqual([true, false]);
  });

  it('gives the terminal its mode back for as long as the process is stopped', async () => {
    const stdio = terminal();
    await opened(stdio, false);
    process.emit('SIGTSTP', 'SIGTSTP');
    expect(stdio.modes.at(-1)).toBe(false);
    expect(kill).toHaveBeenCalledWith(process.pid, 'SIGSTOP');
    process.emit('SIGCONT', 'SIGCONT');
    expect(stdio.modes.at(-1)).toBe(true);
  });

  it('leaves no handler behind', async () => {
    const before = (['exit', 'SIGTSTP', 'SIGCONT'] as const).map((name) => process.listenerCount(name));
    const { backend } = await opened(terminal(), false);
    backend.close();
    expect((['exit', 'SIGTSTP', 'SIGCONT'] as const).map((name) => process.listenerCount(name))).toEqual(before);
  });

  it('turns Ctrl-C and Ctrl-Z into signals where it is asked to, and passes the rest', async () => {
    const stdio = terminal();
    const { received } = await opened(stdio, true);
    stdio.input.push(Buffer.from('a\x03b\x1ac'));
    await vi.waitFor(() => expect(received()).toBe('abc'));
    expect(kill.mock.calls.map(([, signal]) => signal)).toEqual(['SIGINT', 'SIGTSTP']);
  });

  it('passes them on to the guest otherwise', async () => {
    const stdio = terminal();
    const { received } = await opened(stdio, false);
    stdio.input.push(Buffer.from('a\x03b'));
    await vi.waitFor(() => expect(received()).toBe('a\x03b'));
    expect(kill).not.toHaveBeenCalled();
  });

  it('goes on without input when that has ended', async () => {
    const stdio = { input: new PassThrough() as Input, output: new PassThrough() };
    const { channel, received } = await opened(stdio, true);
    stdio.input.push(Buffer.from('last\x03'));
    stdio.input.push(null);
    await vi.waitFor(() => expect(received()).toBe('last\x03'));
    await new Promise((resolve) => setImmediate(resolve));
    channel.write('still here');
    expect(String(stdio.output.read())).toBe('still here');
  });

  it('survives a terminal that goes away', async () => {
    const stdio = terminal();
    const { channel } = await opened(stdio, true);
    stdio.input.emit('error', new Error('EIO'));
    expect(channel.write('to nobody')).toBe(true);
  });

  it('belongs to one device at a time', async () => {
    const stdio = terminal();
    const { backend } = await opened(stdio, false);
    await expect(stdioBackend(stdio, false).open(() => {})).rejects.toThrow(
      'cannot use stdio by multiple character devices',
    );
    backend.close();
    await opened(stdio, false);
  });
});
