/** Notes when each vCPU has its first event, by the host's monotonic clock. */
import { plugin } from 'vivarium/plugin';
import { nothing } from 'vivarium/schema';

/** Nanoseconds, as the host's other processes see them too; 0 before the first event. */
interface State {
  first: bigint;
}

export default plugin('first-event', {
  doc: 'Reports when each vCPU entered its first block since the load.',
  options: nothing,
  state: (): State => ({ first: 0n }),
  translate: (block, probe, state) =>
    probe.call(block, () => {
      if (state.first === 0n) state.first = process.hrtime.bigint();
    }),
  collect: ({ first }) => first,
  report: ({ parts }) => parts,
});
