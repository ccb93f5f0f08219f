/** Saving and restoring a machine that may run. */
import type { MachineEvent, RunState, Snapshotting } from '../interface.ts';
import type { Contents } from './contents.ts';
import { type Piece, SnapshotError, type SnapshotSink, type SnapshotSource } from './snapshot.ts';

export interface SnapshotHost {
  runState: RunState;
  /** The guest has asked for the end of the machine, or a reset. */
  readonly isEnding: boolean;
  /** Runs `job` when everything that was asked for before is done. */
  inTurn<T>(job: () => Promise<T>): Promise<T>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  emit(event: MachineEvent): void;
  /** Nothing may be on its way to the host any more: what it is to keep is about to change. */
  beforeRestore(): Promise<void>;
  /** Everything has been restored: who has derived something from it is told. */
  restored(): Promise<void>;
}

export class Snapshots implements Snapshotting {
  readonly #contents: Contents;
  readonly #host: SnapshotHost;

  constructor(contents: Contents, host: SnapshotHost) {
    this.#contents = contents;
    this.#host = host;
  }

  /** Runs `job` while the machine stands still; where it ran before, it runs on unless `job` leaves another state. */
  async #whileStopped<T>(runState: RunState, job: () => Promise<T>): Promise<T> {
    const host = this.#host;
    if (host.runState !== 'running') return job();
    await host.pause();
    host.runState = runState;
    host.emit({ name: 'STOP' });
    try {
      return await job();
    } finally {
      if (host.runState === runState) {
        host.runState = 'running';
        host.emit({ name: 'RESUME' });
        await host.resume();
      }
    }
  }

  async save(sink: SnapshotSink): Promise<void> {
    const copies = await this.#host.inTurn(() => this.#whileStopped('save-vm', () => this.#save(sink)));
    for (const piece of copies) await sink.take(piece);
  }

  async #save(sink: SnapshotSink): Promise<readonly Piece[]> {
    const { runState, isEnding } = this.#host;
    if (runState === 'internal-error') throw new SnapshotError('the machine has failed');
    if (runState === 'shutdown' || isEnding) throw new SnapshotError('the machine is at its end');
    return this.#contents.save(sink);
  }

  restore(source: SnapshotSource): Promise<void> {
    const host = this.#host;
    return host.inTurn(async () => {
      if (host.runState === 'shutdown') throw new SnapshotError('the machine has shut down');
      this.#contents.check(source.head);
      await this.#whileStopped('restore-vm', () => this.#restore(source));
    });
  }

  async #restore(source: SnapshotSource): Promise<void> {
    const host = this.#host;
    await host.beforeRestore();
    try {
      await this.#contents.restore(source);
      await host.restored();
    } catch (error) {
      host.runState = 'internal-error';
      throw error;
    }
    if (host.runState === 'internal-error') host.runState = 'paused';
  }
}
