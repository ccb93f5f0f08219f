/** Writing the guest's memory to a file. */
import { int, list, oneOf, struct } from '../build.ts';

export const DumpGuestMemoryFormat = oneOf('DumpGuestMemoryFormat', ['elf'], 'A core file.');

export const DumpGuestMemoryCapability = struct('DumpGuestMemoryCapability', {
  formats: list(DumpGuestMemoryFormat, 'The formats that `dump-guest-memory` can write.'),
});

export const DumpStatus = oneOf(
  'DumpStatus',
  ['none', 'active', 'completed', 'failed'],
  '`none`: there has not been one. `active`: it is being written.',
);

export const DumpQueryResult = struct('DumpQueryResult', {
  status: DumpStatus,
  completed: int('Bytes of memory that have been written.'),
  total: int('Bytes of memory that are to be written.'),
});
