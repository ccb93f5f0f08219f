/** Looking at jobs, and dismissing them. */
import { list, str, struct } from '../../schema/build.ts';
import { JobInfo } from '../../schema/types/job.ts';
import { command } from '../command.ts';

export const queryJobs = command('query-jobs', {
  doc: 'The jobs that have not been dismissed, the latest first. One that has failed says why.',
  returns: list(JobInfo),
  example: { request: '{"execute": "query-jobs"}', reply: '{"return": []}' },
  run: ({ jobs }) =>
    jobs.all.map(({ id, type, status, error }) => ({
      id,
      type,
      status,
      'current-progress': Number(status === 'concluded'),
      'total-progress': 1,
      ...(error === undefined ? {} : { error }),
    })),
});

export const jobDismiss = command('job-dismiss', {
  doc: 'Forgets a job that has concluded, so that its id is free again.',
  args: struct('JobDismissArguments', { id: str('The id of the job.') }),
  example: {
    request: '{"execute": "job-dismiss", "arguments": {"id": "job0"}}',
    reply: '{"error": {"class": "GenericError", "desc": "Job not found"}}',
  },
  run: ({ jobs }, { id }) => {
    jobs.dismiss(id);
    return {};
  },
});

export const jobCommands = [queryJobs, jobDismiss];
