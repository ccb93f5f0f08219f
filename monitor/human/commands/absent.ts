/**
 * Commands about what this machine has not got: a screen, a keyboard and a mouse, sound, I/O ports, a balloon. Scripts
 * that try them on any machine get the answer that QEMU gives for a machine without.
 */
import { CommandError, human } from '../../command.ts';
import { screendump } from '../../commands/machine.ts';
import type { FormatArgument } from '../format.ts';
import { LineError } from '../scanner.ts';

/** QEMU's letters for widths of port accesses. */
const WIDTHS: Readonly<Record<number, string>> = { 1: 'b', 2: 'w', 4: 'l', 8: 'l' };

const PORTS = 0x1_0000n;

export const absentCommands = [
  human('i', {
    params: '/fmt addr',
    doc: 'read an I/O port: there are none, so all bits are one',
    args: [
      { name: 'fmt', kind: 'format' },
      { name: 'addr', kind: 'integer' },
    ],
    run: (_session, { fmt, addr }) => {
      const size = Math.min((fmt as FormatArgument).size, 4);
      const port = (addr % PORTS).toString(16).padStart(4, '0');
      return `port${WIDTHS[size]}[0x${port}] = 0x${'ff'.repeat(size)}`;
    },
  }),

  human('o', {
    params: '/fmt addr value',
    doc: 'write an I/O port: there are none, so nothing happens',
    args: [
      { name: 'fmt', kind: 'format' },
      { name: 'addr', kind: 'integer' },
      { name: 'value', kind: 'integer' },
    ],
    run: () => undefined,
  }),

  human('boot_set', {
    params: 'device',
    doc: 'choose what to start from: the board asks nobody',
    args: [{ name: 'device', kind: 'word' }],
    run: () => 'no function defined to set boot device list for this architecture',
  }),

  human('mouse_move', {
    params: 'dx dy [dz]',
    doc: 'move the mouse: there is none',
    args: [
      { name: 'dx', kind: 'word' },
      { name: 'dy', kind: 'word' },
      { name: 'dz', kind: 'word', optional: true },
    ],
    run: () => undefined,
  }),

  human('mouse_button', {
    params: 'state',
    doc: 'press buttons of the mouse: there is none',
    args: [{ name: 'state', kind: 'integer' }],
    run: () => undefined,
  }),

  human('mouse_set', {
    params: 'index',
    doc: 'choose a mouse: there is none',
    args: [{ name: 'index', kind: 'integer' }],
    run: (_session, { index }) => `Mouse at index '${index}' not found`,
  }),

  human('info mice', {
    params: '',
    doc: 'show the mice: there are none',
    args: [],
    run: () => 'No mouse devices connected',
  }),

  human('sendkey', {
    params: 'keys [hold_ms]',
    doc: 'press keys: there is no keyboard',
    args: [
      { name: 'keys', kind: 'word' },
      { name: 'hold-time', kind: 'integer', optional: true },
    ],
    run: () => undefined,
  }),

  human('screendump', {
    params: 'filename',
    doc: 'save a picture of the screen: there is none',
    args: [{ name: 'filename', kind: 'word' }],
    run: async ({ context }, { filename }) => void (await screendump.run(context, { filename })),
  }),

  human('stopcapture', {
    params: 'index',
    doc: 'stop a recording of sound: there is none',
    args: [{ name: 'index', kind: 'integer' }],
    run: () => undefined,
  }),

  human('info capture', {
    params: '',
    doc: 'show what sound is being recorded: none',
    args: [],
    run: () => undefined,
  }),

  human('commit', {
    params: 'device|all',
    doc: 'write what a drive has only noted down to its image: drives with snapshot=on forget it, others write at once',
    args: [{ name: 'device', kind: 'word' }],
    run: ({ context }, { device }) => {
      if (device === 'all') return undefined;
      const known = context.backEnds.diskImages.some(({ id }) => id === device);
      throw new LineError(
        known ? `'commit' error for '${device}': Operation not supported` : `Device '${device}' not found`,
      );
    },
  }),

  human('balloon', {
    params: 'target',
    doc: 'ask the guest to give memory back: there is no balloon',
    args: [{ name: 'target', kind: 'long' }],
    run: () => {
      throw new CommandError('No balloon device has been activated', 'DeviceNotActive');
    },
  }),

  human('info balloon', {
    params: '',
    doc: 'show how much memory the guest has given back: there is no balloon',
    args: [],
    run: () => {
      throw new CommandError('No balloon device has been activated', 'DeviceNotActive');
    },
  }),

  human('info block-jobs', {
    params: '',
    doc: 'show what is being done to disk images in the background: nothing ever is',
    args: [],
    run: () => 'No active jobs',
  }),

  human('info pci', {
    params: '',
    doc: 'show the PCI devices: there is no bus for any',
    args: [],
    run: () => undefined,
  }),

  human('info usb', {
    params: '',
    doc: 'show the USB devices: there is no bus for any',
    args: [],
    run: () => {
      throw new CommandError('USB support not enabled');
    },
  }),

  human('info tpm', { params: '', doc: 'show the TPM devices: there are none', args: [], run: () => undefined }),
];
