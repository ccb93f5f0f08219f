/** The human monitor: on a socket, and on a terminal that it shares with the guest's console. */
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually, MAIN, startDaemon } from '../support/daemon.ts';
import { testFile } from '../support/guest-machine.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { requireTerminal, terminal } from '../support/terminal.ts';

const START = join(MAIN, '../start.ts');
const PROMPT = '(vivarium) ';

test('over a unix socket: look at the guest, watch it, end it', async () => {
  const path = join(temporaryDirectory(), 'monitor');
  const guest = ['-display', 'none', '-smp', '2', '-kernel', testFile('guests/bin/spin.elf')];
  const daemon = startDaemon([...guest, '-monitor', `unix:${path},server=on,wait=off`]);
  await eventually(() => existsSync(path));
  const socket = connect({ path });
  onTestFinished(() => void socket.destroy());
  let shown = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    shown += text;
  });
  /** What the monitor answers, without the echo and the prompt behind it. */
  const ask = async (line: string): Promise<string> => {
    shown = '';
    socket.write(`${line}\r`);
    await eventually(() => shown.endsWith(PROMPT));
    expect(shown.startsWith(`${line}\r\n`)).toBe(true);
    return shown.slice(line.length + 2, -PROMPT.length);
  };
  await eventually(() => shown.endsWith(PROMPT));

  expect(await ask('info status')).toBe('VM status: running\r\n');
  expect(await ask('info cpus')).toMatch(/^\* CPU #0: thread_id=\d+\r\n {2}CPU #1: thread_id=\d+\r\n$/);
  expect(await ask('instr-load icount')).toBe('lib0\r\n');
  expect(await ask('info instr')).toMatch(/^lib0: icount\r\n.*instructions.*loads.*stores/s);
  expect(await ask('info jit')).toMatch(/blocks/);
  expect(await ask('stop')).toBe('');
  expect(await ask('info registers')).toMatch(/^\r\nCPU#0\r\n pc +0000000080[0-9a-f]{6}\r\n.*x31\/t6/s);
  // The guest's text begins with what sets gp.
  expect(await ask('x /2i 0x80000000')).toMatch(/^0x0000000080000000: +[0-9a-f]{8} +auipc +gp,/);
  expect(await ask('instr-unload lib0')).toBe('');
  expect(await ask('info instr')).toBe('No plugins are loaded.\r\n');
  expect(await ask('instr-unload lib0')).toBe('Error: Unknown library ID\r\n');
  socket.write('quit\r');
  expect(await daemon.ended).toBe(0);
});

describe.skipIf(!requireTerminal())('on a terminal', () => {
  test('Ctrl-A c goes from monitor to console and back, Ctrl-A x ends it and leaves the terminal as it was', async () => {
    const { type, press, screen, shows } = terminal(`'${process.execPath}' '${START}'`);
    await shows(PROMPT);
    expect(screen()).toContain('Ctrl-A c     switches');
    type('info status\r');
    await shows('VM status: running');
    type('instr-load ic\t');
    await shows('instr-load icount');
    press('Enter');
    await shows(/^lib0$/m);

    press('C-a', 'c');
    type('status\r');
    await shows('hart       rounds  wrong');
    press('C-c');
    type('run nowhere\r');
    await shows('expected a phase');

    press('C-a', 'c');
    type('info instr\r');
    await shows('lib0: icount');
    type('instr-unload lib0\r');
    type('info instr\r');
    await shows('No plugins are loaded.');

    press('C-a', 'x');
    await shows('vivarium: terminated');
    await shows('status 0');
    await shows(/^echo$/m);
  });
});
