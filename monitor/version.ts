/**
 * The version that clients are told. `qemu` is the QEMU whose protocol this daemon speaks, because clients read it as
 * that: they switch features on and off by it, and libvirt refuses what is older than 4.2. `package` is our own.
 */
import type { VersionInfo } from '../schema/types/version.ts';

export const VERSION = '0.1.0';

export const versionInfo: VersionInfo = { qemu: { micro: 0, minor: 0, major: 10 }, package: `Vivarium ${VERSION}` };
