/**
 * `npm start`: the guest of our own on two vCPUs, with the human monitor on this terminal and QMP on a socket, and a few
 * lines on what to try. Options behind `npm start --` are added.
 */
import { accessSync, constants, lstatSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isListening } from './chardev/socket.ts';
import { main } from './main.ts';

const SOCKET = 'vivarium.qmp';

/** Here if it can be, else where temporary files go; a name of our own beside another daemon. */
async function socketPath(): Promise<string> {
  try {
    accessSync('.', constants.W_OK);
    const status = lstatSync(SOCKET, { throwIfNoEntry: false });
    if (status === undefined || (status.isSocket() && !(await isListening(SOCKET)))) return SOCKET;
  } catch {
    // Not writable.
  }
  return join(tmpdir(), `vivarium-${process.pid}.qmp`);
}

const socket = await socketPath();
const greeting = `Vivarium: a RISC-V guest on 2 vCPUs, and its monitor.

  QMP socket   ${resolve(socket)}
  try          instr-load icount
               info instr
               instr-unload lib0
  Ctrl-A c     switches to the guest's console and back
  Ctrl-A x     ends it

`;
await main(
  // biome-ignore format: option and argument side by side
  [
    '-M', 'virt', '-smp', '2', '-m', '256M',
    '-serial', 'mon:stdio',
    '-qmp', `unix:${socket.replaceAll(',', ',,')},server=on,wait=off`,
    ...process.argv.slice(2),
  ],
  { monitorFirst: true, greeting },
);
