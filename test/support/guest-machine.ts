/** A machine with a guest in it, for tests: what it prints and what happens to it are kept. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { BlockBackend, Machine, MachineEvent, VirtioDevice } from '../../core/machine/interface.ts';
import { createMachine } from '../../core/machine/machine.ts';
import { RAM_BYTES_MIN } from '../../schema/config.ts';
import { findPlugin } from '../../server/plugins.ts';

export type Shutdown = Extract<MachineEvent, { readonly name: 'SHUTDOWN' }>;

export interface GuestMachine {
  readonly machine: Machine;
  /** Everything that has happened to it. */
  readonly events: MachineEvent[];
  /** Lines of trace events. */
  readonly trace: string[];
  /** What plugins have written, by plugin and file: `lib0:name`. */
  readonly files: Map<string, string>;
  /** Complaints of the machine. */
  readonly reports: string[];
  /** What the guest has printed. */
  output(): string;
  /** Types text on the guest's console; waits until it has room for all of it. */
  type(text: string): Promise<void>;
  /** Resolves with the first event for which `test` holds, also if it has happened. */
  until(test: (event: MachineEvent) => boolean): Promise<MachineEvent>;
  /** Resolves when the guest has printed `text`, behind `from` other characters. */
  printed(text: string, from?: number): Promise<void>;
  /** Resolves when the machine has ended. */
  readonly ended: Promise<Shutdown>;
}

export interface GuestOptions {
  /** An ELF file's bytes, or its path below `test`. */
  readonly kernel: Uint8Array | string;
  readonly smp?: number;
  readonly noReboot?: boolean;
  /** 64 MiB by default. */
  readonly ramBytes?: number;
  readonly patienceMs?: number;
  /** See MachineConfig. */
  readonly virtio?: readonly (VirtioDevice | undefined)[];
  readonly flash?: readonly (BlockBackend | undefined)[];
}

/** What lies below `test`. */
export const testFile = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
export const kernelBytes = (path: string): Uint8Array => readFileSync(testFile(path));

/** A machine before its first instruction, which is shut down when the test that calls this has finished. */
export async function guestMachine(options: GuestOptions): Promise<GuestMachine> {
  const { kernel, smp = 1, noReboot = false, ramBytes = RAM_BYTES_MIN, patienceMs, virtio = [], flash = [] } = options;
  const events: MachineEvent[] = [];
  const trace: string[] = [];
  const reports: string[] = [];
  const files = new Map<string, string>();
  const waiting = new Set<() => void>();
  const changed = (): void => {
    for (const look of waiting) look();
  };
  const until = <T>(look: () => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      const again = (): void => {
        const found = look();
        if (found === undefined) return;
        waiting.delete(again);
        resolve(found);
      };
      waiting.add(again);
      again();
    });

  let output = '';
  let receive: (bytes: Uint8Array) => number = () => 0;
  const machine = await createMachine({
    machine: 'virt',
    smp,
    ramBytes,
    kernel:
      typeof kernel === 'string' ? { name: kernel, bytes: kernelBytes(kernel) } : { name: 'kernel', bytes: kernel },
    noReboot,
    ...(patienceMs === undefined ? {} : { patienceMs }),
    virtio,
    flash,
    paused: true,
    serial: {
      write(bytes) {
        output += Buffer.from(bytes).toString('latin1');
        changed();
        return true;
      },
      onDrain: () => {},
      onData: (callback) => {
        receive = callback;
      },
      resume: () => changed(),
    },
    findPlugin,
    trace: (line) => void trace.push(line),
    output: async (plugin, name, text) => {
      const key = `${plugin}:${name}`;
      files.set(key, (files.get(key) ?? '') + text);
    },
    report: (sentence) => void reports.push(sentence),
  });
  machine.onEvent((event) => {
    events.push(event);
    changed();
  });
  onTestFinished(() => machine.shutdown('host-signal'));

  const event = (test: (event: MachineEvent) => boolean): Promise<MachineEvent> => until(() => events.find(test));
  return {
    machine,
    events,
    trace,
    files,
    reports,
    output: () => output,
    async type(text) {
      let rest = Buffer.from(text, 'latin1');
      await until(() => {
        rest = rest.subarray(receive(rest));
        return rest.length === 0 || undefined;
      });
    },
    until: event,
    printed: (text, from = 0) => until(() => output.includes(text, from) || undefined).then(() => {}),
    ended: event(({ name }) => name === 'SHUTDOWN') as Promise<Shutdown>,
  };
}
