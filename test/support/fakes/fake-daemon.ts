/**
 * The daemon's program around a machine without a guest, for tests of processes: `node fake-daemon.ts OPTION...`.
 *
 * The machine looks at the first line that its serial port receives: `exit N` ends the guest with code N,
 * `throw` is a defect of the daemon, anything else is echoed.
 */
import { humanMonitor } from '../../../monitor/human/monitor.ts';
import { program } from '../../../server/program.ts';
import { FakeMachine } from './fake-machine.ts';

await program(process.argv.slice(2), {
  async createMachine({ smp, serial }) {
    const machine = new FakeMachine({ smp, runState: 'prelaunch' });
    serial.onData((bytes) => {
      const [word, code] = Buffer.from(bytes).toString().trim().split(' ');
      if (word === 'exit') {
        machine.runState = 'shutdown';
        machine.emit({ name: 'SHUTDOWN', guest: true, reason: 'guest-shutdown', exitCode: Number(code) });
      } else if (word === 'throw') {
        setImmediate(() => {
          throw new Error('a defect');
        });
      } else {
        serial.write(bytes);
      }
      return bytes.length;
    });
    return machine;
  },
  human: humanMonitor,
});
