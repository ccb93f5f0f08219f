/** The process around a fake machine: real options and devices, and files that are in memory. */
import { PassThrough } from 'node:stream';
import type { Host, Parts } from '../../../monitor/host.ts';
import { ChardevSet } from '../../../server/chardev/chardevs.ts';
import { hostOf } from '../../../server/host.ts';
import { options, parseOptions } from '../../../server/options.ts';

export interface FakeHost extends Host {
  /** What has been written, by path. */
  readonly files: Map<string, Buffer>;
}

export function fakeHost(...argv: string[]): FakeHost {
  const request = parseOptions(argv);
  if ('print' in request) throw new Error('these options make no machine');
  const files = new Map<string, Buffer>();
  const chardevs = new ChardevSet(new Map(), {
    stdio: { input: new PassThrough(), output: new PassThrough() },
    report() {},
    mux: { focus: 0, exit() {}, now: () => new Date(0) },
  });
  return Object.assign(hostOf(request.config, options, chardevs), {
    files,
    async writeFile(path: string, parts: Parts): Promise<void> {
      const bytes: Uint8Array[] = [];
      for await (const part of parts) bytes.push(part.slice());
      files.set(path, Buffer.concat(bytes));
    },
  });
}
