/** The wire of QMP: what is sent to QEMU and to us is answered with the same bytes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAIN } from '../../support/daemon.ts';
import { QmpClient } from '../../support/qmp-client.ts';
import { requireTool } from '../../support/tools.ts';
import { type Session, sessions } from './sessions.ts';

const QEMU = 'qemu-system-riscv64';
const MACHINE = ['-M', 'virt', '-smp', '2', '-m', '64M', '-bios', 'none', '-S', '-name', 'golden'];
const OPTIONS = [...MACHINE, '-display', 'none', '-nodefaults'];

/** Ends a session: its reply is the last one. */
const END = '\n{"execute": "query-name", "id": "END"}\n';

/** What we say on purpose in other words than QEMU 7.2, as a pattern of its words and ours. */
const DIFFERENCES: readonly (readonly [pattern: RegExp, ours: string])[] = [
  // Gone from QEMU 8 on; the order of members is QEMU's own.
  [/"status": ("\w+"), "singlestep": false, "running": (\w+)/, '"running": $2, "status": $1'],
  // Not JSON.
  [/"id": inf\b/, '"id": 1e+999'],
];

class Emulator {
  readonly #folder = mkdtempSync(join(tmpdir(), 'vivarium-'));
  readonly #path = join(this.#folder, 'qmp');
  readonly #child: ChildProcess;

  constructor(command: string, argv: readonly string[]) {
    const monitors = ['', '-pretty'].flatMap((form) => [`-qmp${form}`, `unix:${this.#path}${form},server=on,wait=off`]);
    this.#child = spawn(command, [...argv, ...OPTIONS, ...monitors], { stdio: 'ignore' });
  }

  /** Everything that comes back, up to the reply to END, a line each, without the greeting. */
  async replay({ before, input }: Session, form: '' | '-pretty' = ''): Promise<string[]> {
    const socket = connect({ path: this.#path + form });
    await once(socket, 'connect');
    let text = '';
    const answered = new Promise<void>((resolve) => {
      socket.setEncoding('latin1').on('data', (part: string) => {
        text += part;
        if (text.includes('"END"') && text.endsWith('\r\n')) resolve();
      });
    });
    socket.write(Buffer.from(before + input + END, 'latin1'));
    await answered;
    socket.destroy();
    await once(socket, 'close');
    return text
      .replaceAll(/"timestamp": \{[^}]*\}/g, '"timestamp": {}')
      .split('\r\n')
      .slice(1, -1);
  }

  /** Resolves when it takes clients. */
  async ready(): Promise<void> {
    const client = await QmpClient.open(this.#path);
    client.close();
    await client.closed;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const inOurWords = (line: string): string =>
  DIFFERENCES.reduce((text, [pattern, ours]) => text.replace(pattern, ours), line);

/** The first of what is said several times over, and the end. */
const firstAndEnd = (lines: readonly string[]): readonly string[] => [...lines.slice(0, 2), lines.at(-1)!];

const parsed = (line: string): unknown => JSON.parse(line);

describe.skipIf(!requireTool(QEMU, 'qemu-system-misc'))('a QMP session', () => {
  let qemu: Emulator;
  let ours: Emulator;

  beforeAll(async () => {
    qemu = new Emulator(QEMU, []);
    ours = new Emulator(process.execPath, [MAIN]);
    await Promise.all([qemu.ready(), ours.ready()]);
  });
  afterAll(() => {
    qemu.kill();
    ours.kill();
  });

  // One after the other: each finds the state that the one before has left.
  it.each(sessions)('$name', async (session) => {
    const [expected, replies] = await Promise.all([qemu.replay(session), ours.replay(session)]);
    const wanted = expected.map(inOurWords);
    if (session.repeats) expect(firstAndEnd(replies)).toEqual(firstAndEnd(wanted));
    else if (session.unordered) expect(replies.map(parsed)).toEqual(wanted.map(parsed));
    else expect(replies).toEqual(wanted);
  });

  it('is laid out in the same way where it is to be pretty', async () => {
    const input =
      '{"execute": "nosuch", "id": [1, {"a": {}, "b": []}, "\\u00e9"]}{"execute": "trace-event-get-state", "arguments": {"name": "nosuch*"}}';
    const session = { name: '', before: '{"execute": "qmp_capabilities"}', input };
    const [expected, replies] = await Promise.all([qemu.replay(session, '-pretty'), ours.replay(session, '-pretty')]);
    const withoutGreeting = (lines: readonly string[]): readonly string[] => lines.slice(lines.indexOf('}'));
    expect(withoutGreeting(replies)).toEqual(withoutGreeting(expected));
  });
});
