/** Serving debuggers. */
import { human } from '../../command.ts';
import { GDB_DEVICE } from '../../gdb/serve.ts';

export const debugCommands = [
  human('gdbserver', {
    params: '[device]',
    doc: `serve gdb on a character device, as -gdb does (${GDB_DEVICE} unless said otherwise), or with none nowhere`,
    args: [{ name: 'device', kind: 'word', optional: true, complete: () => [GDB_DEVICE, 'none'] }],
    run: async ({ context }, { device = GDB_DEVICE }) => {
      await context.gdbServer(device);
      return device === 'none' ? 'Disabled gdbserver' : `Waiting for gdb connection on device '${device}'`;
    },
  }),
];
