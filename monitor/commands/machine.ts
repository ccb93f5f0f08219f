/** What the machine is. */
import { list } from '../../schema/build.ts';
import { CpuInfoFast, KvmInfo, NameInfo, TargetInfo } from '../../schema/types/machine.ts';
import { command } from '../command.ts';

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

export const machineCommands = [queryName, queryTarget, queryKvm, queryCpusFast];
