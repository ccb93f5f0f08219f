import { describe, expect, it } from 'vitest';
import { type HumanCommand, human } from '../../../../monitor/command.ts';
import { parseLine } from '../../../../monitor/human/parse.ts';
import { newSession } from '../../../../monitor/human/run.ts';
import { daemon } from '../session.ts';

/** Parses with the commands of the daemon, and one that has every kind of argument that is not used elsewhere. */
function parse(line: string) {
  const { context } = daemon();
  const every: HumanCommand = human('every', {
    aliases: ['e'],
    params: '',
    doc: '',
    args: [
      { name: 'a', kind: 'flag' },
      { name: 'b', kind: 'flag' },
      { name: 'word', kind: 'word' },
      { name: 'number', kind: 'integer', optional: true },
      { name: 'rest', kind: 'rest', optional: true },
    ],
    run: () => undefined,
  });
  const registry = { ...context.registry, human: new Map([...context.registry.human, ['every', every]]) };
  const invocation = parseLine(newSession({ ...context, registry }), line);
  return invocation && { [invocation.command.name]: invocation.args };
}

describe('parseLine', () => {
  it.each(['', '   ', '\t\r\n'])('takes %j for nothing', (line) => {
    expect(parse(line)).toBeUndefined();
  });

  it.each([
    ['stop', { stop: {} }],
    ['  s  ', { stop: {} }],
    ['?', { help: {} }],
    ['? info  status ', { help: { cmd: 'info  status' } }],
    ['info', { info: {} }],
    [' info   status ', { 'info status': {} }],
    ['info status\n', { 'info status': {} }],
    ['info registers', { 'info registers': { a: false } }],
    ['info registers -a', { 'info registers': { a: true } }],
    ['info registers 1 + 1', { 'info registers': { a: false, vcpu: 2n } }],
    ['cpu 0xffffffff', { cpu: { index: 0xffff_ffffn } }],
    ['sum 0x1000 8', { sum: { addr: 0x1000n, size: 8n } }],
    ['x $sp', { x: { fmt: { count: 1, letter: 'x', size: 4 }, addr: 0x200n } }],
    ['x/4xw 0x1000', { x: { fmt: { count: 4, letter: 'x', size: 4 }, addr: 0x1000n } }],
    ['xp /8i -8', { xp: { fmt: { count: 8, letter: 'i', size: 4 }, addr: -8n } }],
    ['p/xdbg 1', { print: { fmt: { count: 1, letter: 'd', size: 8 }, expr: 1n } }],
    ['p/0 1', { print: { fmt: { count: 0, letter: 'x', size: 4 }, expr: 1n } }],
    ['trace-event exec* on', { 'trace-event': { name: 'exec*', enable: true } }],
    ['trace-event "exec_tb" off', { 'trace-event': { name: 'exec_tb', enable: false } }],
    ['instr-load p', { 'instr-load': { path: 'p', args: [] } }],
    ['instr-load "my plugin.ts" a=1 "b=2 3"', { 'instr-load': { path: 'my plugin.ts', args: ['a=1', 'b=2 3'] } }],
    [String.raw`instr-load "\"\\\n\r\'"`, { 'instr-load': { path: '"\\\n\r\'', args: [] } }],
    [String.raw`instr-load C:\new`, { 'instr-load': { path: String.raw`C:\new`, args: [] } }],
    ['every w', { every: { a: false, b: false, word: 'w' } }],
    ['e -b -a w 5 the "rest" ', { every: { a: true, b: true, word: 'w', number: 5n, rest: 'the "rest"' } }],
    ['e -ba', { every: { a: false, b: true, word: 'a' } }],
    ['e "-a"', { every: { a: false, b: false, word: '-a' } }],
  ])('reads %j', (line, invocation) => {
    expect(parse(line)).toEqual(invocation);
  });

  it.each([
    ['nosuch', 'nosuch'],
    ['  NOSUCH x', '  NOSUCH'],
    ['info nosuch', 'info nosuch'],
    ['info  nosuch x', 'info  nosuch'],
    ['"stop"', '"stop"'],
    ['# comment', '#'],
    ['/x', ''],
  ])('does not know %j', (line, name) => {
    expect(() => parse(line)).toThrow(new RegExp(`^unknown command: '${name}'$`));
  });

  it.each([
    ['stop x', 'stop', 'stop|s: extraneous characters at the end of line'],
    ['s x', 's', 'stop|s: extraneous characters at the end of line'],
    ['stop/x', 'stop', 'stop|s: extraneous characters at the end of line'],
    ['info status x', 'info status', 'status: extraneous characters at the end of line'],
    ['info cpus -a', 'info cpus', 'cpus: extraneous characters at the end of line'],
    ['info registers -a 0 1', 'info registers', 'registers: extraneous characters at the end of line'],
    ['info registers -x', 'info registers', 'registers: unsupported option -x'],
    ['info registers -1', 'info registers', 'registers: unsupported option -1'],
    ['info mtree -', 'info mtree', 'mtree: unsupported option -'],
    ['cpu', 'cpu', 'unexpected end of expression'],
    ['cpu x', 'cpu', "invalid char 'x' in expression"],
    ['cpu "1"', 'cpu', `invalid char '"' in expression`],
    ['cpu 1 2', 'cpu', 'cpu: extraneous characters at the end of line'],
    ['cpu 4294967296', 'cpu', "'cpu' has failed: integer is for 32-bit values"],
    ['cpu -1', 'cpu', "'cpu' has failed: integer is for 32-bit values"],
    ['p 1)', 'p', 'print|p: extraneous characters at the end of line'],
    ['p $nosuch', 'p', 'unknown register'],
    ['p/z 10', 'p', "invalid char in format: 'z'"],
    ['x/-1x 0', 'x', "invalid char in format: '-'"],
    ['x/4', 'x', 'unexpected end of expression'],
    ['trace-event', 'trace-event', 'trace-event: string expected'],
    ['trace-event x', 'trace-event', "Expected 'on' or 'off'"],
    ['trace-event x ON', 'trace-event', "Expected 'on' or 'off'"],
    ['trace-event x onx', 'trace-event', "Expected 'on' or 'off'"],
    ['instr-load', 'instr-load', 'instr-load: string expected'],
    ['instr-load "a', 'instr-load', 'unterminated string'],
    [String.raw`instr-load "a\"`, 'instr-load', 'unterminated string'],
    [String.raw`instr-load "a\z"`, 'instr-load', String.raw`unsupported escape code: '\z'`],
    ['instr-load "a\\', 'instr-load', String.raw`unsupported escape code: '\'`],
  ])('refuses %j, and says where there is help', (line, typed, message) => {
    expect(() => parse(line)).toThrow(`${message}\nTry "help ${typed}" for more information`);
  });
});
