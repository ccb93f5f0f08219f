/** QMP sessions and human consoles on a fake machine. */
import { CommandError, type Context } from '../../../monitor/command.ts';
import { newDumpProgress } from '../../../monitor/dump/progress.ts';
import { EventFeed } from '../../../monitor/events.ts';
import { humanMonitor } from '../../../monitor/human/monitor.ts';
import { Jobs } from '../../../monitor/jobs.ts';
import { type QmpOptions, serveQmp } from '../../../monitor/qmp.ts';
import { createRegistry } from '../../../monitor/registry.ts';
import { fakeBackEnds } from '../../support/fakes/fake-back-ends.ts';
import { fakeHost } from '../../support/fakes/fake-host.ts';
import { FakeMachine } from '../../support/fakes/fake-machine.ts';
import type { FakeSnapshots } from '../../support/fakes/fake-snapshots.ts';
import { FakeStream } from '../../support/fakes/fake-stream.ts';

/** The time of every event: 12.000345 seconds. */
export const NOW = '"timestamp": {"seconds": 12, "microseconds": 345}';

export function daemon(machine = new FakeMachine(), snapshots?: FakeSnapshots) {
  const quits: string[] = [];
  const gdbDevices: string[] = [];
  const host = fakeHost();
  const events = new EventFeed(machine, () => 12_000.345_5);
  const context: Context = {
    machine,
    backEnds: fakeBackEnds,
    host,
    dump: newDumpProgress(),
    emit: (happened) => events.publish(happened),
    jobs: new Jobs((event) => events.publish(event)),
    snapshots,
    name: 'vivarium',
    registry: createRegistry(humanMonitor.commands),
    quit: () => quits.push('quit'),
    humanMonitorCommand: (line, vcpu) => humanMonitor.run(context, line, vcpu),
    gdbServer: async (device) => {
      if (device.startsWith('bad')) throw new CommandError(`Could not open gdbserver on device '${device}': no`);
      gdbDevices.push(device);
    },
  };
  /** A client that has just connected. */
  function connect(options?: QmpOptions): FakeStream {
    const stream = new FakeStream();
    serveQmp(stream, context, events, options);
    return stream;
  }
  /** A client that has negotiated. */
  async function client(options?: QmpOptions): Promise<FakeStream> {
    const stream = connect(options);
    await stream.ask('{"execute": "qmp_capabilities"}');
    return stream;
  }
  /** What a line prints when `human-monitor-command` runs it, with LF for CRLF. */
  const human = async (line: string, vcpu?: number): Promise<string> =>
    (await humanMonitor.run(context, line, vcpu)).replaceAll('\r\n', '\n');
  /** A console that has just been opened. */
  function console(): FakeStream {
    const stream = new FakeStream();
    humanMonitor.serve(stream, context);
    return stream;
  }
  return { machine, host, context, events, quits, gdbDevices, connect, client, human, console };
}

/** The messages of what a session sent. */
export const lines = (text: string): string[] => text.split('\r\n').slice(0, -1);

/** An error reply. */
export const failure = (desc: string, errorClass = 'GenericError', id = ''): string =>
  `{${id}"error": {"class": "${errorClass}", "desc": ${JSON.stringify(desc)}}}`;
