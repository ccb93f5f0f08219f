/** What the machine is. */
import { any, list, optional, str, struct } from '../../schema/build.ts';
import { CPU_MODEL, MACHINE_TYPE_DEFAULT, MACHINE_TYPES, RAM_ID, SMP_MAX } from '../../schema/config.ts';
import {
  CpuDefinitionInfo,
  CpuInfoFast,
  CurrentMachineParams,
  IOThreadInfo,
  KvmInfo,
  MachineInfo,
  Memdev,
  MemoryInfo,
  NameInfo,
  TargetInfo,
  UuidInfo,
} from '../../schema/types/machine.ts';
import { CommandError, command } from '../command.ts';

export const queryName = command('query-name', {
  doc: 'The name that the machine was given.',
  returns: NameInfo,
  example: { request: '{"execute": "query-name"}', reply: '{"return": {"name": "vivarium"}}' },
  run: ({ name }) => (name === undefined ? {} : { name }),
});

export const queryTarget = command('query-target', {
  doc: 'The guest architecture.',
  returns: TargetInfo,
  example: { request: '{"execute": "query-target"}', reply: '{"return": {"arch": "riscv64"}}' },
  run: () => ({ arch: 'riscv64' }) as const,
});

export const queryKvm = command('query-kvm', {
  doc: 'Whether KVM runs the guest. It never does: guest code is translated.',
  returns: KvmInfo,
  example: { request: '{"execute": "query-kvm"}', reply: '{"return": {"enabled": false, "present": false}}' },
  run: () => ({ enabled: false, present: false }),
});

export const queryCpusFast = command('query-cpus-fast', {
  doc: 'The vCPUs. Does not disturb the guest.',
  returns: list(CpuInfoFast),
  example: {
    request: '{"execute": "query-cpus-fast"}',
    reply:
      '{"return": [{"cpu-index": 0, "qom-path": "/machine/soc0/harts[0]", "thread-id": 4001, "props": {"core-id": 0}, "target": "riscv64"}, ...]}',
  },
  run: ({ machine }) =>
    machine.vcpus.map(({ index, threadId }) => ({
      'cpu-index': index,
      'qom-path': `/machine/soc0/harts[${index}]`,
      'thread-id': threadId,
      props: { 'core-id': index },
      target: 'riscv64' as const,
    })),
});

export const queryUuid = command('query-uuid', {
  doc: 'The UUID that the machine was given.',
  returns: UuidInfo,
  example: {
    request: '{"execute": "query-uuid"}',
    reply: '{"return": {"UUID": "00000000-0000-0000-0000-000000000000"}}',
  },
  run: ({ host }) => ({ UUID: host.uuid }),
});

export const queryMemorySizeSummary = command('query-memory-size-summary', {
  doc: 'How much RAM there is.',
  returns: MemoryInfo,
  example: { request: '{"execute": "query-memory-size-summary"}', reply: '{"return": {"base-memory": 65536}}' },
  run: ({ machine }) => ({ 'base-memory': machine.memory.ramBytes }),
});

const CPU_TYPE = `${CPU_MODEL}-riscv-cpu`;

export const queryMachines = command('query-machines', {
  doc: 'The machine types that there are.',
  returns: list(MachineInfo),
  example: {
    request: '{"execute": "query-machines"}',
    reply:
      '{"return": [{"name": "virt", "is-default": true, "cpu-max": 8, "hotpluggable-cpus": false, "numa-mem-supported": false, "deprecated": false, "default-cpu-type": "rv64-riscv-cpu", "default-ram-id": "riscv_virt_board.ram"}]}',
  },
  run: () =>
    Object.keys(MACHINE_TYPES).map((name) => ({
      name,
      ...(name === MACHINE_TYPE_DEFAULT ? { 'is-default': true } : {}),
      'cpu-max': SMP_MAX,
      'hotpluggable-cpus': false,
      'numa-mem-supported': false,
      deprecated: false,
      'default-cpu-type': CPU_TYPE,
      'default-ram-id': RAM_ID,
    })),
});

export const queryCurrentMachine = command('query-current-machine', {
  doc: 'What the machine that was made can do.',
  returns: CurrentMachineParams,
  example: {
    request: '{"execute": "query-current-machine"}',
    reply: '{"return": {"wakeup-suspend-support": false}}',
  },
  run: () => ({ 'wakeup-suspend-support': false }),
});

export const queryCpuDefinitions = command('query-cpu-definitions', {
  doc: 'The CPU models that there are.',
  returns: list(CpuDefinitionInfo),
  example: {
    request: '{"execute": "query-cpu-definitions"}',
    reply:
      '{"return": [{"name": "rv64", "typename": "rv64-riscv-cpu", "static": false, "unavailable-features": [], "deprecated": false}]}',
  },
  run: () => [{ name: CPU_MODEL, typename: CPU_TYPE, static: false, 'unavailable-features': [], deprecated: false }],
});

export const queryHotpluggableCpus = command('query-hotpluggable-cpus', {
  doc: 'The places for vCPUs to plug in. There are none: the error says so.',
  returns: list(any()),
  example: {
    request: '{"execute": "query-hotpluggable-cpus"}',
    reply: `{"error": {"class": "GenericError", "desc": "The feature 'query-hotpluggable-cpus' is not enabled"}}`,
  },
  run: () => {
    throw new CommandError("The feature 'query-hotpluggable-cpus' is not enabled");
  },
});

export const queryIothreads = command('query-iothreads', {
  doc: 'Threads that serve devices in place of the main one. There are none.',
  returns: list(IOThreadInfo),
  example: { request: '{"execute": "query-iothreads"}', reply: '{"return": []}' },
  run: () => [],
});

export const queryMemdev = command('query-memdev', {
  doc: 'What the memory of the machine is made of: its RAM, in one piece.',
  returns: list(Memdev),
  example: {
    request: '{"execute": "query-memdev"}',
    reply:
      '{"return": [{"id": "riscv_virt_board.ram", "size": 65536, "merge": false, "dump": true, "prealloc": false, "share": false}]}',
  },
  run: ({ machine }) => [
    { id: RAM_ID, size: machine.memory.ramBytes, merge: false, dump: true, prealloc: false, share: false },
  ],
});

export const queryMemoryDevices = command('query-memory-devices', {
  doc: 'Memory that was plugged in. There is none.',
  returns: list(any()),
  example: { request: '{"execute": "query-memory-devices"}', reply: '{"return": []}' },
  run: () => [],
});

export const injectNmi = command('inject-nmi', {
  doc: 'Interrupts the vCPUs in a way that they cannot mask. RISC-V harts of this kind have none: the error says so.',
  example: {
    request: '{"execute": "inject-nmi"}',
    reply: '{"error": {"class": "GenericError", "desc": "this feature or command is not currently supported"}}',
  },
  run: () => {
    throw new CommandError('this feature or command is not currently supported');
  },
});

export const screendump = command('screendump', {
  doc: 'Writes what the display shows to a file. There is no display: the error says so.',
  args: struct('ScreendumpArguments', {
    filename: str('The file.'),
    device: optional(str('The display device.')),
  }),
  example: {
    request: '{"execute": "screendump", "arguments": {"filename": "screen.ppm"}}',
    reply: '{"error": {"class": "GenericError", "desc": "There is no console to take a screendump from"}}',
  },
  run: (_context, { device }) => {
    if (device !== undefined) throw new CommandError(`Device '${device}' not found`, 'DeviceNotFound');
    throw new CommandError('There is no console to take a screendump from');
  },
});

export const machineCommands = [
  queryName,
  queryUuid,
  queryTarget,
  queryKvm,
  queryMachines,
  queryCurrentMachine,
  queryCpusFast,
  queryCpuDefinitions,
  queryHotpluggableCpus,
  queryIothreads,
  queryMemorySizeSummary,
  queryMemdev,
  queryMemoryDevices,
  injectNmi,
  screendump,
];
