/** `vivarium`: the program with the machine and the monitors of this tree. */
import { createMachine } from '../core/machine/machine.ts';
import { humanMonitor } from '../monitor/human/monitor.ts';
import { type ProgramOptions, program } from './program.ts';

/** Runs the daemon to its end, and the process with it. @param argv the words behind the program's name */
export const main = (argv: readonly string[], options?: ProgramOptions): Promise<never> =>
  program(argv, { createMachine, human: humanMonitor }, options);

if (import.meta.main) await main(process.argv.slice(2));
