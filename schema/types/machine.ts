/** What the machine is made of. */
import { bool, int, list, oneOf, optional, str, struct } from '../build.ts';

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

export const UuidInfo = struct('UuidInfo', { UUID: str('The value of `-uuid`; zeros without one.') });

export const MemoryInfo = struct('MemoryInfo', { 'base-memory': int('Bytes of RAM.') });

export const MachineInfo = struct('MachineInfo', {
  name: str('What to give to `-machine`.'),
  'is-default': optional(bool('True for the machine that is made where no option asks for one.')),
  'cpu-max': int('The most vCPUs that it can have.'),
  'hotpluggable-cpus': bool('True if vCPUs can be plugged in while it runs.'),
  'numa-mem-supported': bool('True if memory can be split into nodes.'),
  deprecated: bool('True if it is going to be removed.'),
  'default-cpu-type': str('The type of its vCPUs.'),
  'default-ram-id': str('The id of its RAM.'),
});

export const CpuDefinitionInfo = struct('CpuDefinitionInfo', {
  name: str('What to give to `-cpu`.'),
  typename: str('Its type in the object tree.'),
  static: bool('True if its features are the same on every machine and in every version.'),
  'unavailable-features': list(str(), 'Features that keep it from running here.'),
  deprecated: bool('True if it is going to be removed.'),
});

export const CurrentMachineParams = struct('CurrentMachineParams', {
  'wakeup-suspend-support': bool('True if the guest can be woken up from sleep.'),
});

/** Nothing is ever plugged into this board, so that these lists stay empty. */
export const IOThreadInfo = struct('IOThreadInfo', {
  id: str('Its id.'),
  'thread-id': int('Host thread that it is.'),
});

export const Memdev = struct('Memdev', {
  id: str('Its id.'),
  size: int('Bytes.'),
  merge: bool('True if equal pages may be kept once.'),
  dump: bool('True if it is part of core files of the emulator.'),
  prealloc: bool('True if it was filled in before the start.'),
  share: bool('True if other processes see it.'),
});

const CommandLineParameterType = oneOf(
  'CommandLineParameterType',
  ['string', 'boolean', 'number', 'size'],
  'How the value is written; `boolean` is `on` or `off`.',
);

const CommandLineParameterInfo = struct('CommandLineParameterInfo', {
  name: str('Name of the parameter.'),
  type: CommandLineParameterType,
});

export const CommandLineOptionInfo = struct('CommandLineOptionInfo', {
  option: str('The option, without its dash.'),
  parameters: list(CommandLineParameterInfo, 'What it takes by name.'),
});

/** Of a migration: there never is one. */
export const MigrationInfo = struct('MigrationInfo', {
  status: optional(str('How far it has come.')),
});

export const MigrationCapabilityStatus = struct('MigrationCapabilityStatus', {
  capability: str('Name of the capability.'),
  state: bool('True if it is on.'),
});
