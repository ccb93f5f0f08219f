/** A device on the workbench: bound to memory of its own, with every sentence that it reports. */
import { type Attached, attach, type Device } from '../../../core/devices/device.ts';
import type { Fields } from '../../../core/memory/struct.ts';

export interface Bench<F extends Fields, O extends object> extends Attached<F, O> {
  readonly reports: readonly string[];
  /** Reads a register of `bytes` bytes, 4 unless given, as a number. */
  get(offset: number, bytes?: number): number;
  /** Writes one. */
  set(offset: number, value: number, bytes?: number): void;
}

/** The device after reset. */
export function onBench<F extends Fields, P, O extends object>(device: Device<F, P, O>, pins: P): Bench<F, O> {
  const reports: string[] = [];
  const buffer = new SharedArrayBuffer(Math.max(device.state.size, 8));
  const attached = attach(device, buffer, 0, pins, (sentence) => reports.push(sentence));
  attached.reset();
  return {
    ...attached,
    reports,
    get: (offset, bytes = 4) => Number(attached.read(offset, bytes)),
    set: (offset, value, bytes = 4) => attached.write(offset, bytes, BigInt(value)),
  };
}
