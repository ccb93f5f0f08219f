/**
 * One debugger that speaks gdb's remote protocol, as QEMU's does: the machine is a process of which each vCPU is a thread.
 *
 * The guest stops when a debugger comes, and runs on when it detaches. One that is cut off leaves the guest as it is, but
 * no points in it. Packets are answered one after the other; what stops the guest is told as it happens.
 */
import type { MachineEvent } from '../../core/machine/interface.ts';
import type { Context } from '../command.ts';
import type { ByteStream } from '../stream.ts';
import { memoryCommands } from './commands/memory.ts';
import { queryCommands } from './commands/queries.ts';
import { registerCommands } from './commands/registers.ts';
import { runningCommands } from './commands/running.ts';
import { threadCommands } from './commands/threads.ts';
import { type Handler, Session } from './session.ts';
import { GdbError, invalid } from './values.ts';
import { framed, PacketReader } from './wire.ts';

const COMMANDS: ReadonlyMap<string, Handler> = new Map(
  [queryCommands, threadCommands, registerCommands, memoryCommands, runningCommands].flatMap(Object.entries),
);

/** Where debuggers look for a server if nothing is said: a character device as `-gdb` takes it. */
export const GDB_DEVICE = 'tcp::1234';

/** A packet's name is one character, or the word that it begins with. */
const nameOf = (data: string): string => /^(?:[qQv][a-zA-Z.]*|b[a-z]|.)/s.exec(data)?.[0] ?? '';

/** Serves one debugger until its stream closes. */
export function serveGdb(stream: ByteStream, context: Context): void {
  const { machine } = context;
  let closed = false;
  let last: Uint8Array | undefined;
  /** Settles when everything received so far has been dealt with. Never rejects. */
  let answered: Promise<unknown> = Promise.resolve();

  const session = new Session(context, (data) => {
    last = framed(data);
    stream.write(last);
  });
  const acknowledge = (sign: '+' | '-'): void => {
    if (session.acknowledges) stream.write(sign);
  };

  async function replyTo(data: string): Promise<string | undefined> {
    try {
      // Whoever has let the guest run: it stands while somebody looks at it.
      if (machine.runState === 'running') await machine.stop();
      const name = nameOf(data);
      const handler = COMMANDS.get(name);
      return handler ? await handler(session, data.slice(name.length)) : '';
    } catch (error) {
      return error instanceof GdbError ? error.message : invalid().message;
    }
  }
  /** Does something when everything before it has been done. A machine that cannot do it says so elsewhere. */
  function inTurn(job: () => Promise<void>): void {
    answered = answered.then(() => (closed ? undefined : job())).catch(() => {});
  }

  function happened(event: MachineEvent): void {
    if (!session.resumed || (event.name !== 'STOP' && event.name !== 'SHUTDOWN')) return;
    session.resumed = false;
    session.send(event.name === 'STOP' ? session.stopReply() : session.exitReply(event.exitCode));
  }

  const stopListening = machine.onEvent(happened);
  const reader = new PacketReader({
    packet: (data) => {
      acknowledge('+');
      inTurn(async () => {
        const reply = await replyTo(data);
        if (reply !== undefined) session.send(reply);
      });
    },
    corrupt: () => acknowledge('-'),
    overlong: () => {
      acknowledge('+');
      inTurn(async () => session.send(invalid().message));
    },
    refused: () => {
      if (last && session.acknowledges) stream.write(last);
    },
    interrupt: () => inTurn(() => machine.stop()),
  });
  stream.onData((bytes) => reader.feed(bytes));
  stream.onClose(() => {
    closed = true;
    stopListening();
    answered = answered.then(() => session.clearPoints()).catch(() => {});
  });
  inTurn(() => machine.stop());
}
