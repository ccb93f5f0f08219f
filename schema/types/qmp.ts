/** The protocol's own matters. */
import { oneOf, str, struct } from '../build.ts';

export const QmpCapability = oneOf('QMPCapability', ['oob'], '`oob`: commands may be sent with `exec-oob`.');

export const CommandInfo = struct('CommandInfo', { name: str('Name of the command.') });
