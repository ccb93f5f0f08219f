/** Running, stopping, resetting and ending the machine. */
import { optional, struct } from '../../schema/build.ts';
import { RebootAction, ShutdownAction, StatusInfo } from '../../schema/types/run-state.ts';
import { CommandError, command } from '../command.ts';

export const queryStatus = command('query-status', {
  doc: 'Whether the machine runs, and why not.',
  returns: StatusInfo,
  example: { request: '{"execute": "query-status"}', reply: '{"return": {"running": true, "status": "running"}}' },
  run: ({ machine: { runState } }) => ({ running: runState === 'running', status: runState }),
});

export const stop = command('stop', {
  doc: 'Stops every vCPU and guest time. STOP tells when it happened; if the machine does not run, nothing happens.',
  example: { request: '{"execute": "stop"}', reply: '{"return": {}}' },
  run: async ({ machine }) => {
    await machine.stop();
    return {};
  },
});

export const cont = command('cont', {
  doc: 'Lets the machine run on. RESUME tells when it happened; if the machine runs, nothing happens.',
  example: { request: '{"execute": "cont"}', reply: '{"return": {}}' },
  run: async ({ machine }) => {
    await machine.cont();
    return {};
  },
});

export const systemReset = command('system_reset', {
  doc: 'Resets the machine as its power button would. It stays stopped, or running, as it was.',
  example: { request: '{"execute": "system_reset"}', reply: '{"return": {}}' },
  run: async ({ machine }) => {
    await machine.reset('host-qmp-system-reset');
    return {};
  },
});

export const quit = command('quit', {
  doc: 'Ends the machine and the program. Clients see SHUTDOWN, this one its reply, and then the end of the connection.',
  example: { request: '{"execute": "quit"}', reply: '{"return": {}}' },
  run: async (context) => {
    await context.machine.shutdown('host-qmp-quit');
    context.quit();
    return {};
  },
});

export const systemPowerdown = command('system_powerdown', {
  doc: 'Presses the power button. This board has none that its guest could see: POWERDOWN tells clients, and that is all.',
  example: { request: '{"execute": "system_powerdown"}', reply: '{"return": {}}' },
  run: ({ emit }) => {
    emit({ name: 'POWERDOWN' });
    return {};
  },
});

export const systemWakeup = command('system_wakeup', {
  doc: 'Wakes a sleeping guest up. Guests of this board do not sleep: the error says so.',
  example: {
    request: '{"execute": "system_wakeup"}',
    reply: '{"error": {"class": "GenericError", "desc": "wake-up from suspend is not supported by this guest"}}',
  },
  run: () => {
    throw new CommandError('wake-up from suspend is not supported by this guest');
  },
});

export const setAction = command('set-action', {
  doc: 'Sets what follows when the guest resets or ends the machine. What is left out stays.',
  args: struct('SetActionArguments', { reboot: optional(RebootAction), shutdown: optional(ShutdownAction) }),
  example: {
    request: '{"execute": "set-action", "arguments": {"reboot": "shutdown", "shutdown": "pause"}}',
    reply: '{"return": {}}',
  },
  run: ({ host, machine }, { reboot, shutdown }) => {
    if (reboot !== undefined) machine.rebootAction = reboot;
    if (shutdown !== undefined) host.shutdownAction = shutdown;
    return {};
  },
});

export const runStateCommands = [queryStatus, stop, cont, systemReset, systemPowerdown, systemWakeup, setAction, quit];
