/** Running, stopping, resetting and ending the machine. */
import { human } from '../../command.ts';
import { cont, queryStatus, quit, stop, systemPowerdown, systemReset, systemWakeup } from '../../commands/run-state.ts';

export const runStateCommands = [
  human('info status', {
    params: '',
    doc: 'show whether the machine runs, and why not',
    args: [],
    run: async ({ context }) => {
      const { running, status } = await queryStatus.run(context, {});
      const reason = status === 'running' || status === 'paused' ? '' : ` (${status})`;
      return `VM status: ${running ? 'running' : 'paused'}${reason}`;
    },
  }),

  human('stop', {
    aliases: ['s'],
    params: '',
    doc: 'stop every vCPU and guest time',
    args: [],
    run: async ({ context }) => void (await stop.run(context, {})),
  }),

  human('cont', {
    aliases: ['c'],
    params: '',
    doc: 'let the machine run on',
    args: [],
    run: async ({ context }) => void (await cont.run(context, {})),
  }),

  human('system_reset', {
    params: '',
    doc: 'reset the machine as its power button would',
    args: [],
    run: async ({ context }) => void (await systemReset.run(context, {})),
  }),

  human('system_powerdown', {
    params: '',
    doc: 'press the power button, which guests of this board do not see',
    args: [],
    run: async ({ context }) => void (await systemPowerdown.run(context, {})),
  }),

  human('system_wakeup', {
    params: '',
    doc: 'wake a sleeping guest up, which guests of this board never are',
    args: [],
    run: async ({ context }) => void (await systemWakeup.run(context, {})),
  }),

  human('quit', {
    aliases: ['q'],
    params: '',
    doc: 'end the machine and the program',
    args: [],
    run: async (session) => {
      session.ended = true;
      await quit.run(session.context, {});
      return undefined;
    },
  }),
];
