/** Threads: the vCPUs. */
import type { Handler } from '../session.ts';
import { invalid } from '../values.ts';

export const threadCommands: Readonly<Record<string, Handler>> = {
  H: (session, rest) => {
    const chosen = session.thread(rest.slice(1));
    const vcpu = chosen === 'any' ? 0 : chosen;
    if (!'gc'.includes(rest[0] ?? ' ')) throw invalid();
    if (vcpu === 'all') return 'OK';
    if (rest[0] === 'g') session.vcpu = vcpu;
    else session.stepped = vcpu;
    return 'OK';
  },
  T: (session, rest) => {
    if (session.thread(rest) === 'all') throw invalid();
    return 'OK';
  },
  qC: (session) => `QC${session.showThread(session.vcpu)}`,
  qfThreadInfo: (session) => `m${session.machine.vcpus.map(({ index }) => session.showThread(index)).join()}`,
  qsThreadInfo: () => 'l',
  qThreadExtraInfo: (session, rest) => {
    const vcpu = session.thread(rest.slice(1));
    if (typeof vcpu === 'string') throw invalid();
    const { halted } = session.machine.vcpus[vcpu]!;
    return Buffer.from(`CPU#${vcpu} [${halted ? 'halted ' : 'running'}]`).toString('hex');
  },
};
