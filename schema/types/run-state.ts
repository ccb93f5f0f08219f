/** Whether the machine runs, and why it stopped. */
import { bool, oneOf, struct } from '../build.ts';

export const RunState = oneOf(
  'RunState',
  ['debug', 'prelaunch', 'running', 'paused', 'save-vm', 'restore-vm', 'shutdown', 'internal-error', 'guest-panicked'],
  'The state of the whole machine.',
);

export const StatusInfo = struct('StatusInfo', {
  running: bool('True if every vCPU may run.'),
  status: RunState,
});

export const ShutdownCause = oneOf(
  'ShutdownCause',
  ['host-qmp-quit', 'host-qmp-system-reset', 'host-signal', 'host-ui', 'guest-shutdown', 'guest-reset', 'guest-panic'],
  'Who asked for the reset or the end of the machine.',
);

export const RebootAction = oneOf(
  'RebootAction',
  ['reset', 'shutdown'],
  'What follows when the guest resets the machine: `shutdown` ends it.',
);

export const ShutdownAction = oneOf(
  'ShutdownAction',
  ['poweroff', 'pause'],
  'What follows when the guest ends the machine: `poweroff` ends the program, `pause` lets it stay for its clients.',
);
