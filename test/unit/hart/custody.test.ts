import { describe, expect, it } from 'vitest';
import { Custody, PluginWatch } from '../../../core/hart/custody.ts';
import { PENDING_MAX } from '../../../core/hart/outbox.ts';
import { VcpuState } from '../../../core/hart/state.ts';
import { layoutOf } from '../../../core/memory/layout.ts';

/** Both sides of vCPU 1, on this thread. */
function custody() {
  const layout = layoutOf(2, 65536);
  const buffer = new SharedArrayBuffer(layout.vcpus[1]!.state + VcpuState.size);
  const watch = () => new PluginWatch(buffer, layout, 1);
  return { watch, main: new Custody(buffer, layout, 1), state: VcpuState.view(buffer, layout.vcpus[1]!.state) };
}

describe('custody', () => {
  it('counts looks that find the same call', () => {
    const { watch, main } = custody();
    const vcpu = watch();
    const look = () => main.look();
    expect([look(), look()]).toEqual([0, 0]);
    vcpu.enter(7);
    expect([look(), look(), look(), main.running]).toEqual([0, 1, 2, 7]);
    vcpu.leave();
    expect([look(), main.running]).toEqual([0, 0]);
    vcpu.enter(7);
    look();
    vcpu.leave();
    vcpu.enter(7);
    expect([look(), look()]).toEqual([0, 1]);
  });

  it('does not count while the plugin waits for main', () => {
    const { watch, main, state } = custody();
    watch().enter(1);
    state.textPending = PENDING_MAX + 1;
    expect([main.look(), main.look(), main.look()]).toEqual([0, 0, 0]);
    state.textPending = PENDING_MAX;
    expect(main.look()).toBe(1);
  });

  it('condemns once, and looks after the next thread as after the first', async () => {
    const { watch, main, state } = custody();
    watch().enter(3);
    main.look();
    expect(await main.condemn()).toBe(true);
    expect(state.condemned).toBe(1);
    expect([main.look(), main.look()]).toEqual([0, 0]);
    watch().enter(3);
    expect([state.condemned, main.look(), main.look()]).toEqual([0, 0, 1]);
  });

  it('takes it back where the plugin has come back meanwhile', async () => {
    const { watch, main, state } = custody();
    const vcpu = watch();
    vcpu.enter(3);
    main.look();
    vcpu.leave();
    expect(await main.condemn()).toBe(false);
    vcpu.enter(3);
    main.look();
    vcpu.leave();
    vcpu.enter(4);
    expect(await main.condemn()).toBe(false);
    expect(state.condemned).toBe(0);
    vcpu.leave();
  });
});
