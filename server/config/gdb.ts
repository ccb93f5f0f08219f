/** `-gdb`, and what `gdbserver` of the human monitor takes. */
import { type ChardevSpec, parseDevice } from '../chardev/spec.ts';
import { UsageError } from '../errors.ts';

export interface GdbSpec {
  /** Id of its character device. */
  readonly chardev: string;
  /** The device is there for debuggers alone. */
  readonly own: boolean;
  /** The option that asked for it, for messages. */
  readonly option: string;
}

/**
 * Where debuggers are to be served.
 * @param device `tcp:[HOST]:PORT`, on which it is listened; another device in one word; `chardev:ID`; `none`
 * @param option for messages
 * @returns a device of its own, the id of one that `-chardev` makes, or undefined for nowhere
 * @throws UsageError
 */
export function parseGdb(device: string, option: string): ChardevSpec | string | undefined {
  if (device === 'none') return undefined;
  const id = /^chardev:(.*)$/s.exec(device)?.[1];
  if (id !== undefined) return id;
  const text = device.startsWith('tcp:') ? `${device},server=on,wait=off` : device;
  const { chardev, monitor } = parseDevice(text, 'gdb', option);
  if (monitor) throw new UsageError("'mon:' is for -serial: a debugger shares its device with nobody");
  return chardev;
}
