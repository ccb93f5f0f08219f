/** Stopping, running, stepping, and the end. */
import type { Pace } from '../../../core/machine/interface.ts';
import { type Handler, type Session, STEP_FLAGS } from '../session.ts';
import { invalid, parseNumber, parseProcess } from '../values.ts';

const stepPace = ({ stepFlags }: Session): Pace => (stepFlags & STEP_FLAGS.NOIRQ ? 'step' : 'step-or-interrupt');

/** Whatever stops the guest later is the reply. */
async function resume(session: Session, paceOf: (vcpu: number) => Pace): Promise<string | undefined> {
  const { machine } = session;
  if (machine.runState === 'shutdown') return session.haltReply();
  session.resumed = true;
  try {
    await machine.debug.resume(machine.vcpus.map(({ index }) => paceOf(index)));
  } catch {
    session.resumed = false;
    throw invalid();
  }
  return undefined;
}

/** Goes on at an address, where there is one. */
async function goTo({ machine, stepped }: Session, address: string | undefined): Promise<void> {
  if (address) await machine.debug.writeRegister(stepped, 'pc', parseNumber(address));
}

const run: Handler = async (session, address) => {
  await goTo(session, address);
  return resume(session, () => 'run');
};
/** One vCPU makes a step, the others run meanwhile. */
const step: Handler = async (session, address) => {
  await goTo(session, address);
  return resume(session, (vcpu) => (vcpu === session.stepped ? stepPace(session) : 'run'));
};
/** `SIGNAL[;ADDRESS]`: there is nothing that a signal could do to a machine. */
const withSignal =
  (handler: Handler): Handler =>
  (session, rest) => {
    const [signal = '', address = ''] = rest.split(';');
    parseNumber(signal);
    return handler(session, address);
  };

const kill: Handler = async ({ machine, context }) => {
  await machine.shutdown('host-ui');
  context.quit();
  return undefined;
};

export const runningCommands: Readonly<Record<string, Handler>> = {
  // A debugger that asks for the first time knows of no points.
  '?': async (session) => {
    await session.clearPoints();
    return session.haltReply();
  },

  c: run,
  s: step,
  C: withSignal(run),
  S: withSignal(step),

  vCont: (session, rest) => {
    if (rest === '?') return 'vCont;c;C;s;S';
    const actions = rest.split(';').slice(1);
    const parsed = actions.map((action) => {
      const [, kind, thread] = /^(c|C[\da-f]{2}|s|S[\da-f]{2})(?::(.*))?$/i.exec(action) ?? [];
      if (kind === undefined) throw invalid();
      const pace = kind[0]!.toLowerCase() === 'c' ? 'run' : stepPace(session);
      return { pace, thread: thread === undefined ? 'all' : session.thread(thread) };
    });
    if (parsed.length === 0) throw invalid();
    return resume(
      session,
      (vcpu) => parsed.find(({ thread }) => thread === vcpu || typeof thread === 'string')?.pace ?? 'stay',
    );
  },

  D: async (session, rest) => {
    if (rest !== '') parseProcess(rest.slice(1));
    await session.clearPoints();
    if (session.machine.runState !== 'shutdown') await session.machine.cont();
    return 'OK';
  },
  vAttach: (session, rest) => {
    parseProcess(rest.slice(1));
    return session.haltReply();
  },
  k: kill,
  vKill: async (session, rest) => {
    parseProcess(rest.slice(1));
    session.send('OK');
    return kill(session, '');
  },
  '!': () => 'OK',

  'qqemu.Supported': () => 'sstepbits;sstep;PhyMemMode',
  'qqemu.sstepbits': () =>
    Object.entries(STEP_FLAGS)
      .map(([name, bit]) => `${name}=${bit}`)
      .join(),
  'qqemu.sstep': ({ stepFlags }) => `0x${stepFlags.toString(16)}`,
  'Qqemu.sstep': (session, rest) => {
    const flags = parseNumber(rest.slice(1));
    if (flags > STEP_FLAGS.ENABLE + STEP_FLAGS.NOIRQ + STEP_FLAGS.NOTIMER) throw invalid();
    session.stepFlags = Number(flags);
    return 'OK';
  },

  // Nothing is recorded that could be run backwards.
  bc: () => {
    throw invalid();
  },
  bs: () => {
    throw invalid();
  },
};
