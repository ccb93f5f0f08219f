import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeMachine } from '../../../support/fakes/fake-machine.ts';
import type { FakeStream } from '../../../support/fakes/fake-stream.ts';
import { daemon } from '../session.ts';

const PROMPT = '(vivarium) ';

/** The keys that a terminal sends. */
const KEY = {
  up: '\x1b[A',
  down: '\x1b[B',
  right: '\x1b[C',
  left: '\x1b[D',
  home: '\x1b[1~',
  end: '\x1b[4~',
  delete: '\x1b[3~',
  ss3Home: '\x1bOH',
  ss3End: '\x1bOF',
  backspace: '\x7f',
};

/** Types keys and Enter. @returns the lines below the one that was typed, without the next prompt */
async function enter(console: FakeStream, keys: string): Promise<string[]> {
  const shown = await console.ask(`${keys}\r`);
  return shown.slice(0, -PROMPT.length).split('\r\n').slice(1, -1);
}

/** The line that `keys` edit, as the console has understood it. */
async function edited(console: FakeStream, keys: string): Promise<string> {
  await enter(console, keys);
  return /'(.*)'/.exec((await enter(console, 'info history')).at(-2)!)![1]!;
}

it('greets, and shows what is typed and what comes of it', async () => {
  const console = daemon().console();
  expect(console.sent).toBe(`Vivarium 0.1.0 monitor - type 'help' for more information\r\n${PROMPT}`);
  expect(await console.ask('info st')).toBe('info st');
  expect(await console.ask('atus\r')).toBe(`atus\r\nVM status: running\r\n${PROMPT}`);
  expect(await console.ask('\r')).toBe(`\r\n${PROMPT}`);
  expect(await console.ask('stop x\r')).toBe(
    `stop x\r\nstop|s: extraneous characters at the end of line\r\nTry "help stop" for more information\r\n${PROMPT}`,
  );
});

describe('several lines at once', () => {
  it.each(['\n', '\r', '\r\n'])('run one after the other, each at its prompt, if they end in %j', async (newline) => {
    const console = daemon().console();
    const lines = ['stop', 'info status', 'cont', '', 'info status', 'info na'];
    expect(await console.ask(lines.join(newline))).toBe(
      `stop\r\n${PROMPT}info status\r\nVM status: paused\r\n${PROMPT}cont\r\n${PROMPT}\r\n` +
        `${PROMPT}info status\r\nVM status: running\r\n${PROMPT}info na`,
    );
    expect(await console.ask(`me${newline}`)).toBe(`me\r\nvivarium\r\n${PROMPT}`);
  });

  it('may be cut anywhere', async () => {
    const console = daemon().console();
    const input = Buffer.from('stop\r\ninfo name\r\ninfo nämé\r\n');
    for (const byte of input) console.type(Uint8Array.of(byte));
    expect(await console.answer()).toBe(
      `stop\r\n${PROMPT}info name\r\nvivarium\r\n${PROMPT}info nämé\r\nunknown command: 'info nämé'\r\n${PROMPT}`,
    );
  });

  it('leave others their turn in between', async () => {
    const { console } = daemon();
    const [first, second] = [console(), console()];
    first.type('info name\r'.repeat(1000));
    await second.ask('info status\r');
    expect(second.sent).toContain('VM status: running');
    expect(first.sent.split('vivarium\r\n').length).toBeLessThan(500);
  });
});

describe('consoles', () => {
  it('have vCPUs, formats and histories of their own', async () => {
    const { console } = daemon();
    const [first, second] = [console(), console()];
    expect(await enter(first, 'cpu 1')).toEqual([]);
    expect(await enter(first, 'cpu 2')).toEqual(['invalid CPU index']);
    await enter(first, 'p/d 0');
    expect(await enter(first, 'print $a0')).toEqual([String(0xa01)]);
    expect(await enter(second, 'print $a0')).toEqual(['0xa00']);
    expect(await enter(first, 'info cpus')).toEqual(['  CPU #0: thread_id=4001', '* CPU #1: thread_id=4002']);
    expect(await enter(second, 'info cpus')).toEqual(['* CPU #0: thread_id=4001', '  CPU #1: thread_id=4002']);
    expect(await enter(second, 'info history')).toEqual(["0: 'print $a0'", "1: 'info cpus'", "2: 'info history'"]);
  });

  it('remember letter and size of the format, but for the size of instructions', async () => {
    const console = daemon().console();
    const shown = async (line: string) => (await enter(console, line))[0]!.replace(/^\w+: +/, '');
    expect(await shown('xp 0x80000000')).toBe('0x03020100');
    expect(await shown('xp/2b 0x80000000')).toBe('0x00 0x01');
    expect(await shown('xp/d 0x80000001')).toBe('1');
    expect(await shown('xp/ig 0x80000000')).toBe('0100              addi            s0,sp,128');
    expect(await shown('xp 0x80000000')).toBe('0100              addi            s0,sp,128');
    expect(await shown('p 5')).toBe('5');
    expect(await shown('xp/x 0x80000002')).toBe('0x02');
  });

  it('do not wait for each other', async () => {
    const { console, machine } = daemon();
    let finish = (): void => {};
    machine.stop = () => new Promise((resolve) => (finish = resolve));
    const [slow, quick] = [console(), console()];
    expect(await slow.ask('stop\rinfo name\r')).toBe('stop\r\n');
    expect(await enter(quick, 'info name')).toEqual(['vivarium']);
    finish();
    expect(await slow.answer()).toBe(`${PROMPT}info name\r\nvivarium\r\n${PROMPT}`);
  });

  it('that are gone run nothing more, and hurt nobody', async () => {
    const { console, machine } = daemon();
    const [gone, other] = [console(), console()];
    gone.type('stop\rsystem_reset\rinstr-unload \t');
    gone.close();
    let resets = 0;
    machine.onEvent(({ name }) => name === 'RESET' && resets++);
    expect(await enter(other, 'info name')).toEqual(['vivarium']);
    expect(resets).toBe(0);
    const lost = console();
    lost.type('instr-unload \t');
    await Promise.resolve();
    lost.close();
    expect(await enter(other, 'info name')).toEqual(['vivarium']);
  });

  it('say no more after quit', async () => {
    const { console, quits } = daemon();
    expect(await console().ask('quit\rinfo name\r')).toBe('quit\r\n');
    expect(quits).toEqual(['quit']);
  });
});

describe('the line editor', () => {
  it.each([
    ['xbc', `${KEY.home}${KEY.delete}a`, 'abc'],
    ['bc', '\x01a', 'abc'],
    ['bc', `${KEY.ss3Home}a${KEY.ss3End}d`, 'abcd'],
    ['ab', `\x01\x05c`, 'abc'],
    ['ab', `${KEY.home}${KEY.end}c`, 'abc'],
    ['ac', `${KEY.left}b`, 'abc'],
    ['ac', `${KEY.left}${KEY.left}${KEY.right}b`, 'abc'],
    ['abcx', `${KEY.left}\x04`, 'abc'],
    ['abcx', KEY.backspace, 'abc'],
    ['abcx', '\x08', 'abc'],
    ['abc xyz', `\x17`, 'abc'],
    ['xabc', `\x01\x04`, 'abc'],
    ['ab', '\x03\x1ac', 'abc'],
    ['ab', '\x0cc', 'abc'],
    ['ä😀x', `${KEY.backspace}${KEY.backspace}b`, 'äb'],
  ])('makes of %j and %j the line %j', async (line, keys, result) => {
    const console = daemon().console();
    await console.ask(line);
    expect((await edited(console, keys)).trimEnd()).toBe(result);
  });

  it('draws the screen anew on Ctrl-L', async () => {
    const console = daemon().console();
    await console.ask('info');
    expect(await console.ask('\x0c')).toBe(`\x1b[1;1H\x1b[0J\x1b[1G\x1b[0J${PROMPT}info\x1b[${PROMPT.length + 5}G`);
  });

  it('keeps the last 64 different lines', async () => {
    const console = daemon().console();
    for (let n = 0; n < 70; n++) await console.ask(`p ${n}\r`);
    await console.ask('p 69\rp 30\r');
    const history = await enter(console, 'info history');
    expect(history).toHaveLength(64);
    expect(history.slice(0, 2)).toEqual(["0: 'p 7'", "1: 'p 8'"]);
    expect(history.slice(-3)).toEqual(["61: 'p 69'", "62: 'p 30'", "63: 'info history'"]);
    expect(await enter(console, `${KEY.up}${KEY.up}${KEY.up}${KEY.down}`)).toEqual(['0x1e']);
  });

  it('stays on Ctrl-D, Ctrl-C and Ctrl-Z', async () => {
    const console = daemon().console();
    expect(await console.ask('\x04\x03\x1a\x04')).toBe('');
    expect(await enter(console, 'info name')).toEqual(['vivarium']);
    expect(console.closed).toBe(false);
  });

  it('takes so much and no more', async () => {
    const console = daemon().console();
    await console.ask('p 1');
    await console.ask(` ${' '.repeat(100_000)}`);
    await console.ask(`2${KEY.backspace}3`);
    expect((await edited(console, '')).length).toBe(4095);
  });

  it('leaves it to the terminal to wrap long lines', async () => {
    const line = `p 1${' + 1'.repeat(100)}`;
    expect(await daemon().console().ask(`${line}\r`)).toBe(`${line}\r\n0x65\r\n${PROMPT}`);
  });

  it('withstands bytes of any kind', async () => {
    const console = daemon().console();
    await console.ask(Uint8Array.from({ length: 256 }, (_, byte) => byte));
    await console.ask(Uint8Array.from({ length: 4096 }, (_, n) => (n * 2654435761) >>> 24));
    await console.ask('\r');
    expect(await enter(console, 'info name')).toEqual(['vivarium']);
  });
});

describe('TAB', () => {
  it('completes as far as there is one way, and then shows the ways', async () => {
    const console = daemon().console();
    expect(await console.ask('inf\t')).toBe('info ');
    expect(await console.ask('trace-events e\t')).toBe('trace-events exec_tb');
    expect(await console.ask('\t')).toBe(
      `\r\nexec_tb       exec_tb_exit\r\n\r\n\x1b[1G\x1b[0J${PROMPT}info trace-events exec_tb\x1b[37G`,
    );
    expect(await enter(console, '_\t')).toEqual(['exec_tb_exit : state 0']);
  });

  it('shows many in columns', async () => {
    const shown = await daemon().console().ask('p $a\t\t');
    expect(shown).toContain('\r\n$a0  $a1  $a2  $a3  $a4  $a5  $a6  $a7\r\n');
  });

  it('lets what is typed behind it wait until it is done', async () => {
    const { console, machine } = daemon();
    await machine.instrumentation.load('insn', { id: 'mine' });
    expect(await console().ask('instr-unload m\t\rinfo instr\r')).toBe(
      `instr-unload mine \r\n${PROMPT}info instr\r\nNo plugins are loaded.\r\n${PROMPT}`,
    );
  });

  it('offers nothing where the machine does not answer', async () => {
    const { console, machine } = daemon();
    machine.instrumentation.query = () => Promise.reject(new Error('a vCPU is gone'));
    expect(await console().ask('instr-unload \tx\r')).toBe(`instr-unload x\r\nError: Unknown library ID\r\n${PROMPT}`);
  });
});

describe('on a dumb terminal of the host', () => {
  beforeEach(() => void vi.stubEnv('TERM', 'dumb'));
  afterEach(() => void vi.unstubAllEnvs());

  it('is the same', async () => {
    const console = daemon(new FakeMachine()).console();
    expect(await console.ask('info na\t')).toBe('info name ');
    expect(await enter(console, `x${KEY.backspace}`)).toEqual(['vivarium']);
  });
});
