/** The events that QMP clients receive, and the fan-out of what happens to the machine to all of them. */
import type { Machine, MachineEvent } from '../core/machine/interface.ts';
import { bool, type Infer, int, nothing, optional, str, struct } from '../schema/build.ts';
import { DumpQueryResult } from '../schema/types/dump.ts';
import { JobStatus } from '../schema/types/job.ts';
import { ShutdownCause } from '../schema/types/run-state.ts';
import { type EventSchema, event } from './command.ts';
import type { JobEvent } from './jobs.ts';

const guest = bool('True if the guest asked for it, false if the host did.');
const id = str('The id of the plugin.');
const path = str('As it was given to `instr-load`.');

const at = '"timestamp": {"seconds": 1795418975, "microseconds": 392451}';

const DumpCompletedData = struct('DumpCompletedData', {
  result: DumpQueryResult,
  error: optional(str('Why it failed, if it did.')),
});

/** What happens to clients and not to the machine. */
export type MonitorEvent =
  | JobEvent
  | { readonly name: 'POWERDOWN' }
  | ({ readonly name: 'DUMP_COMPLETED' } & Infer<typeof DumpCompletedData>);

/** In the order of the reference pages. */
export const events: readonly EventSchema[] = [
  event('STOP', {
    doc: 'The machine has stopped: no vCPU runs, and guest time stands still.',
    data: nothing,
    example: `{${at}, "event": "STOP"}`,
  }),
  event('RESUME', {
    doc: 'The machine runs on.',
    data: nothing,
    example: `{${at}, "event": "RESUME"}`,
  }),
  event('RESET', {
    doc: 'The machine has been reset.',
    data: struct('ResetData', { guest, reason: ShutdownCause }),
    example: `{${at}, "event": "RESET", "data": {"guest": false, "reason": "host-qmp-system-reset"}}`,
  }),
  event('SHUTDOWN', {
    doc: 'The machine has come to its end.',
    data: struct('ShutdownData', { guest, reason: ShutdownCause }),
    example: `{${at}, "event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}}`,
  }),
  event('POWERDOWN', {
    doc: 'The power button of the machine has been pressed. This board has none that its guest could see.',
    data: nothing,
    example: `{${at}, "event": "POWERDOWN"}`,
  }),
  event('DUMP_COMPLETED', {
    doc: 'A dump of the memory of the guest has come to its end.',
    data: DumpCompletedData,
    example: `{${at}, "event": "DUMP_COMPLETED", "data": {"result": {"status": "completed", "completed": 67174400, "total": 67174400}}}`,
  }),
  event('JOB_STATUS_CHANGE', {
    doc: 'A job has come further.',
    data: struct('JobStatusChangeData', { id: str('The id of the job.'), status: JobStatus }),
    example: `{${at}, "event": "JOB_STATUS_CHANGE", "data": {"id": "save0", "status": "concluded"}}`,
  }),
  event('INSTR_LOADED', {
    doc: 'A plugin has been loaded and sees every event.',
    data: struct('InstrLoadedData', { id, path }),
    example: `{${at}, "event": "INSTR_LOADED", "data": {"id": "lib0", "path": "hotblocks"}}`,
  }),
  event('INSTR_UNLOADED', {
    doc: 'A plugin has been removed, on demand or because it failed.',
    data: struct('InstrUnloadedData', { id, path }),
    example: `{${at}, "event": "INSTR_UNLOADED", "data": {"id": "lib0", "path": "hotblocks"}}`,
  }),
  event('INSTR_ERROR', {
    doc: 'A plugin has failed and is being removed; the guest runs on.',
    data: struct('InstrErrorData', {
      id,
      vcpu: int('Index of the vCPU on which it failed, -1 where it failed to report.'),
      message: str('What went wrong.'),
    }),
    example: `{${at}, "event": "INSTR_ERROR", "data": {"id": "lib0", "vcpu": 0, "message": "out of bounds"}}`,
  }),
];

const dataMembers = new Map(events.map(({ name, data }) => [name, Object.keys(data.json.properties ?? {})]));

/** An event as it goes on the wire. */
export interface EventMessage {
  readonly timestamp: { readonly seconds: number; readonly microseconds: number };
  readonly event: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** Milliseconds since the epoch, with a fraction. */
const wallClock = (): number => performance.timeOrigin + performance.now();

/**
 * Everything that happens to a machine, as messages. One feed serves all sessions: they receive the same timestamp.
 *
 * Messages are delivered while the machine reports the event, that is, before the command that caused it has returned.
 */
export class EventFeed {
  readonly #receivers = new Set<(message: EventMessage) => void>();
  readonly #stopListening: () => void;
  readonly #now: () => number;

  /** @param now the time of the host in milliseconds since the epoch */
  constructor(machine: Machine, now: () => number = wallClock) {
    this.#now = now;
    this.#stopListening = machine.onEvent((happened) => this.publish(happened));
  }

  /** Delivers what has happened. */
  publish(happened: MachineEvent | MonitorEvent): void {
    const message = { timestamp: this.timestamp(), ...eventMessage(happened) };
    for (const receive of [...this.#receivers]) receive(message);
  }

  /** Of what happens now. */
  timestamp(): EventMessage['timestamp'] {
    const microseconds = Math.floor(this.#now() * 1000);
    return { seconds: Math.floor(microseconds / 1e6), microseconds: microseconds % 1e6 };
  }

  /** Delivers every event from now on. Returns the function that ends it. */
  subscribe(receive: (message: EventMessage) => void): () => void {
    this.#receivers.add(receive);
    return () => this.#receivers.delete(receive);
  }

  /** Stops listening to the machine. */
  close(): void {
    this.#receivers.clear();
    this.#stopListening();
  }
}

/** Of what happened, the members that the schema of its event has. */
function eventMessage(happened: MachineEvent | MonitorEvent): Omit<EventMessage, 'timestamp'> {
  const members = dataMembers.get(happened.name) ?? [];
  if (members.length === 0) return { event: happened.name };
  const values: Readonly<Record<string, unknown>> = { ...happened };
  return {
    event: happened.name,
    data: Object.fromEntries(
      members.flatMap((member) => (values[member] === undefined ? [] : [[member, values[member]]])),
    ),
  };
}
