import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Client } from '../../../clients/client.ts';
import { parseArguments } from '../../../clients/ctl/arguments.ts';
import { attachConsole } from '../../../clients/ctl/console.ts';
import { helpText, options, parseOptions, UsageError } from '../../../clients/ctl/options.ts';
import { counterTable, redrawn } from '../../../clients/ctl/watch.ts';
import { addressesIn, serveMachine } from '../../support/served-machine.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('the command line', () => {
  it.each([
    ['query-status', { mode: 'command', address: 'vivarium.qmp', words: ['query-status'] }],
    ['-s unix:x instr-load path=a', { mode: 'command', address: 'unix:x', words: ['instr-load', 'path=a'] }],
    ['stop --socket x', { address: 'x', words: ['stop'] }],
    ['--hmp', { mode: 'hmp', words: [] }],
    ['--hmp info status', { mode: 'hmp', words: ['info', 'status'] }],
    ['--hmp -- x/4x -s', { mode: 'hmp', words: ['x/4x', '-s'] }],
    ['--watch', { mode: 'watch', rate: 2, count: Number.POSITIVE_INFINITY }],
    ['--watch lib0 --rate 60 --count 3', { mode: 'watch', words: ['lib0'], rate: 60, count: 3 }],
    ['--events', { mode: 'events' }],
    ['-h --events', { mode: 'help' }],
  ])('%s', (line, request) => {
    expect(parseOptions(line.split(' '), {})).toMatchObject(request);
  });

  it('takes the address from the environment, unless it has one itself', () => {
    expect(parseOptions(['stop'], { VIVARIUM_SOCKET: 'e' }).address).toBe('e');
    expect(parseOptions(['stop', '-s', 'o'], { VIVARIUM_SOCKET: 'e' }).address).toBe('o');
  });

  it.each([
    ['', 'expected a command'],
    ['--hmp --watch', '--hmp and --watch do not go together'],
    ['--watch --rate 0', "--rate expects a number from 1 to 60, not '0'"],
    ['--watch --rate 61', "--rate expects a number from 1 to 60, not '61'"],
    ['--watch --rate x', "--rate expects a number from 1 to 60, not 'x'"],
    ['--nosuch', "Unknown option '--nosuch'"],
    ['stop -s', "Option '-s, --socket <value>' argument missing"],
  ])('%s is refused', (line, message) => {
    const parse = () => parseOptions(line === '' ? [] : line.split(' '), {});
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(message);
  });

  it('has help on all of it', () => {
    for (const { name } of options) expect(helpText()).toContain(`--${name}`);
  });
});

describe('arguments', () => {
  it.each([
    [[], {}],
    [['id=lib0', 'enable=true', 'cpu-index=1'], { id: 'lib0', enable: true, 'cpu-index': 1 }],
    [['args=["a=1", "b"]'], { args: ['a=1', 'b'] }],
    [['n=18446744073709551615'], { n: 18446744073709551615n }],
    [['name="5"', 'line=info status', 'empty='], { name: '5', line: 'info status', empty: '' }],
    [['{"path": "x", "args": []}'], { path: 'x', args: [] }],
  ])('%j', (words, args) => {
    expect(parseArguments(words)).toEqual(args);
  });

  it.each([['x'], ['=x'], ['{'], ['a b=c']])('%j are refused', (...words) => {
    expect(() => parseArguments(words)).toThrow(UsageError);
  });
});

describe('the table of counters', () => {
  const counters = { lib0: { instructions: 1_022_440_118, loads: 5n }, other: { x: 18446744073709551615n }, mute: {} };

  it('shows totals first, and then how fast they rise', () => {
    const first = { counters, at: 1000 };
    expect(counterTable(first, undefined)).toBe(
      [
        'plugin  counter                            total  per second',
        'lib0    instructions               1,022,440,118',
        '        loads                                  5',
        'other   x             18,446,744,073,709,551,615',
        '',
      ].join('\n'),
    );
    const then = { counters: { lib0: { instructions: 1_022_940_118, loads: 5n }, later: { y: 1 } }, at: 1500 };
    expect(counterTable(then, first)).toBe(
      [
        'plugin  counter               total  per second',
        'lib0    instructions  1,022,940,118   1,000,000',
        '        loads                     5           0',
        'later   y                         1',
        '',
      ].join('\n'),
    );
  });

  it('says so where there is nothing to show', () => {
    expect(counterTable({ counters: {}, at: 0 }, undefined)).toBe('No plugin that counts is loaded.\n');
  });

  it('is drawn over what was there', () => {
    expect(redrawn('a\nb\n')).toBe('\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J');
  });
});

describe('the console', () => {
  async function attached() {
    const directory = temporaryDirectory();
    const { machine, stop } = await serveMachine(directory);
    const client = await Client.connect(addressesIn(directory).QMP);
    onTestFinished(() => client.close());
    const [input, output] = [new PassThrough(), new PassThrough()];
    const ended = attachConsole(client, { input, output }).finally(() => output.end());
    return { machine, stop, input, output: text(output), ended };
  }

  it('prints what lines print, and remembers the vCPU', async () => {
    const { input, output, ended } = await attached();
    input.end('info status\ncpu 1\nprint/d $a0\n\ncpu 9\nnosuch\nprint/d $a0');
    await ended;
    expect(await output).toBe(`VM status: running\n${0xa01}\ninvalid CPU index\nunknown command: 'nosuch'\n${0xa01}\n`);
  });

  it('ends with the daemon', async () => {
    const { stop, ended } = await attached();
    await stop();
    await ended;
  });
});
