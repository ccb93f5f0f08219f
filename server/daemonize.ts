/**
 * `-daemonize`: a process cannot leave its terminal by itself here, so a second one does all the work, and this one tells
 * its caller how the start went.
 */
import { spawn } from 'node:child_process';
import type { Config } from './config/config.ts';

/**
 * Starts this script once more, as a daemon in a session of its own.
 * @returns the exit status for the caller: 0 once clients can connect, or that of a daemon that could not start
 */
export function daemonize({ chardevs }: Config, argv: readonly string[]): Promise<number> {
  // Sockets that the caller has opened for the daemon keep their numbers.
  const inherited = chardevs.flatMap(({ backend }) =>
    backend.type === 'socket' && 'fd' in backend.address ? [backend.address.fd] : [],
  );
  const stdio: ('ignore' | 'pipe' | 'ipc' | number)[] = ['ignore', 'ignore', 'pipe'];
  for (let fd = stdio.length; fd <= Math.max(...inherited, 0); fd++) stdio.push(inherited.includes(fd) ? fd : 'ignore');
  stdio.push('ipc');
  const child = spawn(process.execPath, [process.argv[1]!, ...argv], { detached: true, stdio });
  // Passed on rather than inherited: nobody who waits for the end of our output is to wait for the daemon's.
  child.stderr?.pipe(process.stderr);
  return new Promise((resolve) => {
    child.once('message', () => resolve(0));
    child.once('close', (status) => resolve(status ?? 1));
  });
}
