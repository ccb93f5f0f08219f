/** Character devices. */
import { bool, str, struct } from '../build.ts';

export const ChardevInfo = struct('ChardevInfo', {
  label: str('Its id.'),
  filename: str('What it is connected to.'),
  'frontend-open': bool('True if a device or a monitor uses it.'),
});
