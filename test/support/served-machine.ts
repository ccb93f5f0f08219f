/** A daemon in this process around a machine without a guest, for tests of clients: it speaks all that clients speak. */
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { onTestFinished } from 'vitest';
import { humanMonitor } from '../../monitor/human/monitor.ts';
import { Daemon } from '../../server/daemon.ts';
import { options, parseOptions } from '../../server/options.ts';
import { FakeMachine } from './fakes/fake-machine.ts';

export interface ServedMachine {
  readonly machine: FakeMachine;
  /** Ends the daemon, and with it every connection. */
  stop(): Promise<void>;
}

/** Where a daemon in `directory` speaks QMP and JSON-RPC. */
export const addressesIn = (directory: string) =>
  ({ QMP: `unix:${join(directory, 'qmp')}`, 'JSON-RPC': join(directory, 'url') }) as const;

/** Starts one, which ends when the test has finished. */
export async function serveMachine(directory: string): Promise<ServedMachine> {
  const addresses = addressesIn(directory);
  const qmp = ['-qmp', `${addresses.QMP},server=on,wait=off`];
  const jsonRpc = ['-jsonrpc', `tcp:127.0.0.1:0,url-file=${addresses['JSON-RPC']}`];
  const request = parseOptions(['-display', 'none', ...qmp, ...jsonRpc]);
  if ('print' in request) throw new Error('prints instead');
  const machine = new FakeMachine({ runState: 'prelaunch' });
  const daemon = new Daemon(request.config, {
    createMachine: async () => machine,
    human: humanMonitor,
    log: { info() {}, warn() {}, error() {}, line() {}, flush() {} },
    stdio: { input: new PassThrough(), output: new PassThrough() },
    report() {},
    focus: 0,
    options,
  });
  await daemon.start();
  const stop = async (): Promise<void> => {
    await daemon.shutdown('host-signal');
    await daemon.ended;
  };
  onTestFinished(stop);
  return { machine, stop };
}
