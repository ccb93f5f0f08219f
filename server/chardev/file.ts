/** A file that takes output, such as a serial log. */
import { open } from 'node:fs/promises';
import { reasonOf, UsageError } from '../errors.ts';
import type { Backend } from './backend.ts';
import { StreamChannel } from './channel.ts';

/** @param append keeps what the file holds already */
export const fileBackend = (path: string, append: boolean): Backend => ({
  async open(deliver) {
    const file = await open(path, append ? 'a' : 'w').catch((error: unknown) => {
      throw new UsageError(`Could not open '${path}': ${reasonOf(error)}`);
    });
    deliver(new StreamChannel(undefined, file.createWriteStream()));
  },
  close() {},
});
