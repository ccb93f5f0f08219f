/** What the machine is made of. */
import { bool, int, oneOf, optional, str, struct } from '../build.ts';

export const NameInfo = struct('NameInfo', { name: optional(str('The value of `-name`; absent without one.')) });

export const SysEmuTarget = oneOf('SysEmuTarget', ['riscv64'], 'The guest architecture.');

export const TargetInfo = struct('TargetInfo', { arch: SysEmuTarget });

export const KvmInfo = struct('KvmInfo', {
  enabled: bool('True if KVM runs the guest.'),
  present: bool('True if KVM could.'),
});

const CpuInstanceProperties = struct('CpuInstanceProperties', { 'core-id': int('Number of the core, from 0.') });

export const CpuInfoFast = struct('CpuInfoFast', {
  'cpu-index': int('Index of the vCPU, which is its hart id.'),
  'qom-path': str('Path of the vCPU in the object tree.'),
  'thread-id': int('Host thread that runs the vCPU, 0 before it has started.'),
  props: CpuInstanceProperties,
  target: SysEmuTarget,
});
