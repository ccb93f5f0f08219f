/** Counts instructions, exactly: those that fault are counted too, those behind them are not. */
import { int, optional, struct } from '../../../schema/build.ts';
import { plugin } from '../plugin.ts';
import { RANGE, rangeOf } from './range.ts';

export default plugin('icount', {
  doc: 'Counts the instructions, loads and stores that each vCPU executes.',
  options: struct('IcountOptions', { ...RANGE, vcpu: optional(int('Only this vCPU.')) }),
  counters: {
    instructions: 'Instructions begun.',
    loads: 'Accesses that loaded; an AMO loads and stores.',
    stores: 'Accesses that stored.',
  },
  filter: ({ vcpu, ...range }) => ({
    ...rangeOf(range),
    ...(vcpu === undefined ? {} : { vcpus: [Number(vcpu)] }),
  }),
  translate(block, probe) {
    const instructions = probe.named('instructions');
    const loads = probe.named('loads');
    const stores = probe.named('stores');
    for (const instruction of block.instructions) {
      probe.count(instruction, instructions);
      probe.countAccess(instruction, 'load', loads);
      probe.countAccess(instruction, 'store', stores);
    }
  },
  report: ({ perVcpu }) => perVcpu.map((counters, vcpu) => ({ vcpu, ...counters })),
});
