/** How far a dump of the guest's memory has come, for those who ask while it is being written. */
import type { Infer } from '../../schema/build.ts';
import type { DumpQueryResult } from '../../schema/types/dump.ts';

export type DumpProgress = { -readonly [K in keyof Infer<typeof DumpQueryResult>]: Infer<typeof DumpQueryResult>[K] };

export const newDumpProgress = (): DumpProgress => ({ status: 'none', completed: 0, total: 0 });
