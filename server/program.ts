/** The program around the daemon: words in, an exit status out; signals, defects and the terminal in between. */
import type { Config } from './config/config.ts';
import { Daemon, type Environment } from './daemon.ts';
import { daemonize } from './daemonize.ts';
import { UsageError } from './errors.ts';
import { type Log, openLog } from './log.ts';
import { options as commandLineOptions, parseOptions } from './options.ts';

/** Each of these ends the machine, and then the daemon with status 0. A second one ends the daemon on the spot. */
const TERMINATING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

/** What the program is made of; tests put other parts in. */
export type Parts = Pick<Environment, 'createMachine' | 'human'>;

export interface ProgramOptions {
  /** Begin with the monitor, not the guest's console, where they share a terminal. */
  readonly monitorFirst?: boolean;
  /** Printed before anything else comes from the guest or a monitor. */
  readonly greeting?: string;
}

/**
 * Runs the daemon to its end, and the process with it.
 * @param argv the words behind the program's name
 */
export async function program(argv: readonly string[], parts: Parts, options: ProgramOptions = {}): Promise<never> {
  try {
    const request = parseOptions(argv);
    if ('print' in request) {
      const { print } = request;
      await new Promise<void>((resolve) => process.stdout.write(print, () => resolve()));
      return process.exit(0);
    }
    if (request.config.daemonize && process.send === undefined)
      return process.exit(await daemonize(request.config, argv));
    return process.exit(await run(request.config, parts, openLog(request.config.logFile), options));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    report(error.message);
    if (error.hint !== undefined) process.stderr.write(`${error.hint}\n`);
    return process.exit(1);
  }
}

const report = (line: string): void => void process.stderr.write(`vivarium: ${line}\n`);

async function run(
  config: Config,
  parts: Parts,
  log: Log,
  { monitorFirst = false, greeting = '' }: ProgramOptions,
): Promise<number> {
  const daemon = new Daemon(config, {
    ...parts,
    log,
    report,
    options: commandLineOptions,
    stdio: { input: process.stdin, output: process.stdout },
    focus: monitorFirst ? 1 : 0,
  });

  const fail = (error: unknown): never => {
    daemon.abandon();
    log.error({ err: error }, 'the daemon has failed');
    log.flush();
    return process.exit(1);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);

  let terminating = false;
  for (const signal of TERMINATING) {
    process.on(signal, () => {
      if (terminating) {
        daemon.abandon();
        process.exit(1);
      }
      terminating = true;
      log.info({}, `terminating on ${signal}`);
      daemon.shutdown('host-signal').catch(fail);
    });
  }

  process.stdout.write(greeting);
  await Promise.race([daemon.start(), daemon.ended]);
  if (process.connected) process.send?.('ready', () => process.disconnect?.());
  const status = await daemon.ended;
  log.flush();
  return status;
}
