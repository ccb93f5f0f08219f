/** Jobs. */
import { int, oneOf, optional, str, struct } from '../build.ts';

export const JobStatus = oneOf(
  'JobStatus',
  ['created', 'running', 'waiting', 'pending', 'aborting', 'concluded', 'null'],
  'How far a job has come. `concluded` waits to be dismissed, `null` is dismissed.',
);

export const JobType = oneOf('JobType', ['snapshot-save', 'snapshot-load', 'snapshot-delete'], 'What a job does.');

export const JobInfo = struct('JobInfo', {
  id: str('The id that the client has given it.'),
  type: JobType,
  status: JobStatus,
  'current-progress': int('How much of it is done, in units of its own.'),
  'total-progress': int('How much there is to do.'),
  error: optional(str('Why it has failed; absent where it has not.')),
});
