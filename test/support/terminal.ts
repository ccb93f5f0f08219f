/** A terminal under a test's control, by tmux. */
import { spawnSync } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { eventually } from './daemon.ts';
import { temporaryDirectory } from './temporary.ts';
import { requireTool } from './tools.ts';

/** For `describe.skipIf(!requireTerminal())`. */
export const requireTerminal = (): boolean => requireTool('tmux', 'tmux');

/**
 * A terminal of 100 columns and 40 lines with a shell that runs `command`, and then shows `status N` and the terminal's
 * modes, one a line. It is gone when the test has finished.
 */
export function terminal(command: string, cwd = temporaryDirectory()) {
  const server = `vivarium-test-${process.pid}`;
  const tmux = (...words: string[]): string =>
    spawnSync('tmux', ['-L', server, '-f', '/dev/null', ...words], { cwd, encoding: 'utf8' }).stdout;
  onTestFinished(() => void tmux('kill-server'));
  tmux(
    'new-session',
    '-d',
    '-x',
    '100',
    '-y',
    '40',
    `${command}; echo "status $?"; stty -a | tr ' ' '\\n' | grep echo; sleep 60`,
  );
  const screen = (): string => tmux('capture-pane', '-p', '-S', '-');
  return {
    type: (text: string) => void tmux('send-keys', '-l', text),
    press: (...keys: string[]) => void tmux('send-keys', ...keys),
    screen,
    shows: (text: string | RegExp) =>
      eventually(() => (typeof text === 'string' ? screen().includes(text) : text.test(screen()))),
  };
}
