/** What `query-version` and the greeting say. */
import { type Infer, int, str, struct } from '../build.ts';

const VersionTriple = struct('VersionTriple', {
  major: int('Major version.'),
  minor: int('Minor version.'),
  micro: int('Micro version.'),
});

export const VersionInfo = struct('VersionInfo', {
  qemu: VersionTriple,
  package: str('Name and version of this program.'),
});
export type VersionInfo = Infer<typeof VersionInfo>;
