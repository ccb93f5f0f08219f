/**
 * Jobs: work that goes on when the command that began it has been answered. Clients follow it by JOB_STATUS_CHANGE, see
 * its outcome in `query-jobs`, and dismiss it; until then its id is taken.
 */
import type { Infer } from '../schema/build.ts';
import type { JobStatus, JobType } from '../schema/types/job.ts';
import { CommandError } from './command.ts';

type Type = Infer<typeof JobType>;
type Status = Infer<typeof JobStatus>;

export interface Job {
  readonly id: string;
  readonly type: Type;
  readonly status: Status;
  /** Why it has failed. */
  readonly error?: string;
}

export interface JobEvent {
  readonly name: 'JOB_STATUS_CHANGE';
  readonly id: string;
  readonly status: Status;
}

interface Entry {
  readonly id: string;
  readonly type: Type;
  status: Status;
  error?: string;
  readonly settled: Promise<void>;
}

const ID = /^[A-Za-z][A-Za-z0-9._-]*$/;

export class Jobs {
  readonly #emit: (event: JobEvent) => void;
  readonly #entries = new Map<string, Entry>();

  constructor(emit: (event: JobEvent) => void) {
    this.#emit = emit;
  }

  /** The latest first. */
  get all(): readonly Job[] {
    return [...this.#entries.values()].reverse();
  }

  /**
   * Begins a job. @throws CommandError the id is none, or taken
   * @param run what it throws is the job's error
   */
  start(id: string, type: Type, run: () => Promise<void>): void {
    if (!ID.test(id)) throw new CommandError(`Invalid job ID '${id}'`);
    if (this.#entries.has(id)) throw new CommandError(`Job ID '${id}' already in use`);
    const { promise, resolve } = Promise.withResolvers<void>();
    const entry: Entry = { id, type, status: 'created', settled: promise };
    this.#entries.set(id, entry);
    this.#to(entry, 'created');
    this.#to(entry, 'running');
    // The command is answered first.
    setImmediate(() => void this.#run(entry, run).then(resolve));
  }

  async #run(entry: Entry, run: () => Promise<void>): Promise<void> {
    try {
      await run();
      this.#to(entry, 'waiting');
      this.#to(entry, 'pending');
    } catch (error) {
      entry.error = (error as Error).message;
      this.#to(entry, 'aborting');
    }
    this.#to(entry, 'concluded');
  }

  #to(entry: Entry, status: Status): void {
    entry.status = status;
    this.#emit({ name: 'JOB_STATUS_CHANGE', id: entry.id, status });
  }

  /** Forgets a job that has ended. @throws CommandError there is none, or it has not ended */
  dismiss(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry) throw new CommandError('Job not found');
    if (entry.status !== 'concluded')
      throw new CommandError(`Job '${id}' in state '${entry.status}' cannot accept command verb 'dismiss'`);
    this.#entries.delete(id);
    this.#to(entry, 'null');
  }

  /** Resolves when all jobs have ended. */
  async settled(): Promise<void> {
    await Promise.all(Array.from(this.#entries.values(), ({ settled }) => settled));
  }
}
