/** Trace events. */
import { oneOf, str, struct } from '../build.ts';

export const TraceEventState = oneOf(
  'TraceEventState',
  ['unavailable', 'disabled', 'enabled'],
  '`unavailable`: not in this build. `disabled`: off, at no cost. `enabled`: reported.',
);

export const TraceEventInfo = struct('TraceEventInfo', {
  name: str('Name of the event.'),
  state: TraceEventState,
});
